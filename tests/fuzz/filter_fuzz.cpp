// SPDX-License-Identifier: Apache-2.0
#include <cstdint>
#include <cstdlib>
#include <string_view>

#include "core/base/text.hpp"
#include "core/filter/filter.hpp"

// Any octets as an expression: a fault with a column, or a filter that gives the same for the same
// event, whatever is in it.
namespace {

void require(bool condition) {
  if (!condition) std::abort();
}

sense::Event event_with(std::string subject) {
  sense::Event event;
  event.id = "1";
  event.type = *sense::QName::parse("{urn:example:printer}jam");
  event.source = "//hq.example/printer/4";
  event.subject = std::move(subject);
  event.severity = 3;
  event.time = sense::wall_time_max;
  event.audience = {"a,b", "c"};
  event.extensions = {{"minimal", std::int32_t{-2147483647 - 1}},
                      {"number", std::int32_t{7}},
                      {"flag", true},
                      {"octets", sense::Bytes{0, 1, 255}},
                      {"word", std::string("Größe 100 %")}};
  return event;
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  // No text of an event that was taken in looks like the second; a filter is to survive it.
  static const sense::Event events[] = {event_with(std::string(2048, 'a')),
                                        event_with("\xff\xc3\xe2\x82" + std::string(1, '\0'))};
  const std::string_view text(reinterpret_cast<const char*>(data), size);
  const auto filter = sense::Filter::compile(text);
  if (!filter) {
    const auto& fault = filter.error();
    require(fault.kind == sense::FilterError::parse);
    require(fault.column >= 1 && fault.column <= text.size() + 1);
    require(!fault.message.empty() && sense::printable(fault.message) == fault.message);
    return 0;
  }
  require(filter->text() == text && sense::valid_text(text));
  if (filter->defect()) require(filter->defect()->column <= text.size());
  for (const auto& event : events) {
    const auto result = filter->evaluate(event);
    require(result.error.has_value() == (result.column != 0));
    require(result.error != sense::FilterError::parse);
    const bool passes = !result.error && result.value == sense::FilterValue(true);
    require(filter->matches(event) == passes);
    const auto again = sense::Filter::compile(filter->text())->evaluate(event);
    require(again.value == result.value && again.error == result.error);
  }
  return 0;
}
