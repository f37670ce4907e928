// SPDX-License-Identifier: Apache-2.0
#include "core/event/attributes.hpp"

#include <algorithm>
#include <array>

#include "core/base/encoding.hpp"
#include "core/base/text.hpp"

namespace sense {

namespace {

constexpr Attribute text(std::string_view name, std::string Event::*field, bool stamped = false) {
  return {name, Attribute::Kind::text, stamped, field};
}

constexpr Attribute time(std::string_view name, std::optional<PreciseTime> Event::*field,
                         bool stamped = false) {
  return {name, Attribute::Kind::time, stamped, nullptr, field};
}

constexpr Attribute list(std::string_view name, std::vector<std::string> Event::*field) {
  return {name, Attribute::Kind::list, false, nullptr, nullptr, field};
}

constexpr std::array attribute_table = {
    Attribute{"specversion", Attribute::Kind::version},
    text("id", &Event::id),
    Attribute{"type", Attribute::Kind::type},
    text("source", &Event::source),
    text("subject", &Event::subject),
    time("time", &Event::time),
    text("datacontenttype", &Event::datacontenttype),
    text("dataschema", &Event::dataschema),
    Attribute{"severity", Attribute::Kind::severity},
    text("language", &Event::language),
    text("edition", &Event::edition),
    time("notbefore", &Event::notbefore),
    time("expirytime", &Event::expirytime),
    text("correlationid", &Event::correlationid),
    text("replyto", &Event::replyto),
    text("traceparent", &Event::traceparent),
    list("audience", &Event::audience),
    list("except", &Event::except),
    Attribute{"sequence", Attribute::Kind::sequence, true},
    time("observedtime", &Event::observedtime, true),
    text("principal", &Event::principal, true),
    text("via", &Event::via, true),
};

std::string joined(const std::vector<std::string>& entries) {
  std::string text;
  for (const auto& entry : entries) {
    if (&entry != &entries.front()) text += ',';
    text += percent_encode(entry, is_plain_in_list);
  }
  return text;
}

}  // namespace

std::span<const Attribute> attributes() { return attribute_table; }

const Attribute* find_attribute(std::string_view name) {
  const auto* const found =
      std::find_if(attribute_table.begin(), attribute_table.end(),
                   [&](const Attribute& attribute) { return attribute.name == name; });
  return found == attribute_table.end() ? nullptr : found;
}

bool has_attribute(const Event& event, const Attribute& attribute) {
  switch (attribute.kind) {
    case Attribute::Kind::version:
    case Attribute::Kind::type: return true;
    case Attribute::Kind::text: return !(event.*attribute.text).empty();
    case Attribute::Kind::time: return (event.*attribute.time).has_value();
    case Attribute::Kind::list: return !(event.*attribute.list).empty();
    case Attribute::Kind::severity: return event.severity.has_value();
    case Attribute::Kind::sequence: return event.sequence != 0;
  }
  return false;
}

std::string text_of(const Event& event, const Attribute& attribute) {
  switch (attribute.kind) {
    case Attribute::Kind::version: return "1.0";
    case Attribute::Kind::type: return std::string(event.type.display());
    case Attribute::Kind::text: return event.*attribute.text;
    case Attribute::Kind::time: {
      const auto& time = event.*attribute.time;
      return time ? to_rfc3339(*time) : std::string();
    }
    case Attribute::Kind::list: return joined(event.*attribute.list);
    case Attribute::Kind::severity:
      return event.severity ? std::to_string(*event.severity) : std::string();
    case Attribute::Kind::sequence:
      return event.sequence ? std::to_string(event.sequence) : std::string();
  }
  return {};
}

std::string text_of(const Value& value) {
  struct Visitor {
    std::string operator()(bool flag) const { return flag ? "true" : "false"; }
    std::string operator()(std::int32_t number) const { return std::to_string(number); }
    std::string operator()(const std::string& text) const { return text; }
    std::string operator()(const Bytes& bytes) const {
      return to_base64({reinterpret_cast<const char*>(bytes.data()), bytes.size()});
    }
    std::string operator()(PreciseTime time) const { return to_rfc3339(time); }
  };
  return std::visit(Visitor{}, value);
}

}  // namespace sense
