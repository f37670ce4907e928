// SPDX-License-Identifier: Apache-2.0
#include "broker/external/external_topic.hpp"

#include <array>

#include "core/base/text.hpp"
#include "core/event/msgpack_reader.hpp"
#include "core/event/msgpack_writer.hpp"

namespace sense {

namespace {

constexpr std::string_view source = "//external";
constexpr std::string_view several_frames = "application/vnd.msgpack";
constexpr std::size_t frames_max = 64;
constexpr std::string_view digits = "0123456789ABCDEF";
constexpr std::size_t escape_length = 7;

bool letter(char c) { return is_alpha(c) || c == '_'; }
bool digit(char c) { return is_digit(c) || c == '-' || c == '.'; }

std::optional<unsigned> nibble(char c) {
  const auto at = digits.find(c);
  if (at == std::string_view::npos) return std::nullopt;
  return static_cast<unsigned>(at);
}

// The octet that is escaped at the start of `text`; absent: no escape.
std::optional<char> escaped(std::string_view text) {
  if (text.size() < escape_length || !text.starts_with("_x00") || text[6] != '_')
    return std::nullopt;
  const auto high = nibble(text[4]);
  const auto low = nibble(text[5]);
  if (!high || !low) return std::nullopt;
  return static_cast<char>(*high << 4U | *low);
}

}  // namespace

std::optional<std::string> local_name_of(std::string_view topic) {
  if (topic.empty() || topic.size() > QName::local_length_max) return std::nullopt;
  std::string name;
  for (std::size_t i = 0; i < topic.size(); ++i) {
    const char c = topic[i];
    // An underscore that would read as the start of an escape is escaped itself.
    const bool ambiguous = c == '_' && topic.substr(i + 1).starts_with('x');
    if ((letter(c) && !ambiguous) || (digit(c) && i > 0)) {
      name += c;
      continue;
    }
    const auto octet = static_cast<unsigned char>(c);
    name += "_x00";
    name += digits[octet >> 4U];
    name += digits[octet & 0x0fU];
    name += '_';
  }
  if (name.size() > QName::local_length_max) return std::nullopt;
  return name;
}

std::string external_topic_of(std::string_view local_name) {
  std::string topic;
  while (!local_name.empty()) {
    const auto octet = escaped(local_name);
    topic += octet.value_or(local_name.front());
    local_name.remove_prefix(octet ? escape_length : 1);
  }
  return topic;
}

std::optional<Event> event_of_message(std::string_view ns, std::string_view topic,
                                      std::span<const std::string_view> frames) {
  const auto name = local_name_of(topic);
  if (!name || frames.size() > frames_max) return std::nullopt;
  std::size_t octets = 0;
  for (const auto frame : frames) octets += frame.size() + 5;
  if (octets > Event::data_length_max) return std::nullopt;
  auto type = QName::make(ns, *name);
  if (!type) return std::nullopt;
  Event event;
  event.type = std::move(*type);
  event.source = source;
  if (frames.size() == 1) {
    event.data = frames.front();
    return event;
  }
  MsgpackSink sink{event.data};
  MsgpackPacker packer(sink);
  packer.pack_array(static_cast<std::uint32_t>(frames.size()));
  for (const auto frame : frames) pack_binary(packer, frame);
  event.datacontenttype = several_frames;
  return event;
}

std::vector<std::string_view> frames_of_event(const Event& event) {
  const std::vector<std::string_view> whole = {event.data};
  if (event.datacontenttype != several_frames) return whole;
  MsgpackReader reader(event.data);
  const auto array = reader.next();
  if (array.kind != MsgpackReader::Kind::array || array.number > frames_max) return whole;
  std::vector<std::string_view> frames;
  for (std::uint64_t i = 0; i < array.number; ++i) {
    const auto item = reader.next();
    if (item.kind != MsgpackReader::Kind::binary) return whole;
    frames.push_back(item.octets);
  }
  return reader.at_end() ? frames : whole;
}

}  // namespace sense
