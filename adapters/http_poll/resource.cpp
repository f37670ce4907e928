// SPDX-License-Identifier: Apache-2.0
#include "adapters/http_poll/resource.hpp"

#include <array>
#include <utility>

#include "core/base/encoding.hpp"
#include "core/base/random.hpp"
#include "core/base/text.hpp"
#include "core/base/uri.hpp"
#include "core/event/event.hpp"

namespace sense::http_poll {

namespace {

tl::unexpected<Error> wrong_entry(const std::string& why) {
  return fail(Code::badparam,
              why +
                  "; an entry is: URL interval=TIME type=NAME source=URI subject=TEXT "
                  "pointer=/A/B headers=FILE token=FILE");
}

Status read_url(std::string_view text, Resource& resource) {
  auto uri = parse_uri(text);
  if (!uri) return wrong_entry(uri.error().message);
  if ((uri->scheme != "http" && uri->scheme != "https") || uri->host.empty())
    return wrong_entry("'" + printable(text.substr(0, 200)) +
                       "' is not http://host or https://host");
  if (!uri->port) uri->port = uri->scheme == "https" ? 443 : 80;
  resource.url = text;
  resource.server = uri->scheme + "://" + uri->authority();
  return {};
}

Status read_pointer(std::string_view text, Resource& resource) {
  const auto plain = text.starts_with('#') ? percent_decode(text.substr(1)) : std::string(text);
  if (!plain || !valid_pointer(*plain))
    return wrong_entry("'" + printable(text.substr(0, 200)) + "' is no JSON pointer, such as /a/0");
  resource.pointer = *plain;
  return {};
}

Status read_type(std::string_view text, Resource& resource) {
  auto type = QName::parse(text);
  if (!type) return wrong_entry(type.error().message);
  resource.type = std::move(*type);
  return {};
}

Status read_interval(std::string_view text, Resource& resource) {
  const auto interval = parse_duration(text);
  if (!interval) return wrong_entry(interval.error().message);
  resource.interval = *interval;
  return {};
}

template <std::string Resource::*member>
Status read_text(std::string_view text, Resource& resource) {
  resource.*member = text;
  return {};
}

struct Word {
  std::string_view name;
  Status (*read)(std::string_view text, Resource& resource);
};
constexpr std::array<Word, 7> words = {{{"interval", read_interval},
                                        {"type", read_type},
                                        {"source", read_text<&Resource::source>},
                                        {"subject", read_text<&Resource::subject>},
                                        {"pointer", read_pointer},
                                        {"headers", read_text<&Resource::headers_file>},
                                        {"token", read_text<&Resource::token_file>}}};

// `seen`: a bit for each of the words.
Status read_word(std::string_view given, Resource& resource, unsigned& seen) {
  const auto equals = given.find('=');
  for (std::size_t i = 0; i < words.size(); ++i) {
    if (given.substr(0, equals) != words[i].name) continue;
    if (equals + 1 >= given.size() || equals == std::string_view::npos) break;
    if ((std::exchange(seen, seen | 1U << i) & 1U << i) != 0)
      return wrong_entry("'" + std::string(words[i].name) + "' is there twice");
    return words[i].read(given.substr(equals + 1), resource);
  }
  return wrong_entry("'" + printable(given.substr(0, 200)) + "' is not known");
}

Status check_event(const Resource& resource) {
  if (!valid_source(resource.source))
    return wrong_entry("'" + printable(resource.source.substr(0, 200)) +
                       "' cannot be the source of an event: at most 1,024 octets of a URI");
  if (resource.subject.size() > Event::text_length_max || !valid_text(resource.subject))
    return wrong_entry("the subject is longer than 2,048 octets, or no UTF-8");
  return {};
}

}  // namespace

bool valid_pointer(std::string_view text) {
  if (!text.empty() && text.front() != '/') return false;
  for (auto at = text.find('~'); at != std::string_view::npos; at = text.find('~', at + 1))
    if (text.substr(at + 1, 1) != "0" && text.substr(at + 1, 1) != "1") return false;
  return valid_text(text);
}

std::string Resource::key() const { return sha256_hex(url + '\n' + pointer); }

Result<Resource> parse_resource(std::string_view entry, const ResourceDefaults& defaults) {
  if (entry.size() > Resource::entry_length_max)
    return wrong_entry("an entry is longer than 8,192 octets");
  Resource resource;
  resource.interval = defaults.interval;
  resource.type = defaults.type;
  unsigned seen = 0;
  for (const auto word : split(entry, ' ')) {
    if (word.empty()) continue;
    const auto good =
        resource.url.empty() ? read_url(word, resource) : read_word(word, resource, seen);
    if (!good) return tl::unexpected(good.error());
  }
  if (resource.url.empty()) return wrong_entry("it is empty");
  if (resource.source.empty()) resource.source = resource.url;
  if (auto good = check_event(resource); !good) return tl::unexpected(good.error());
  return resource;
}

}  // namespace sense::http_poll
