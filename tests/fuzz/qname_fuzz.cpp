// SPDX-License-Identifier: Apache-2.0
#include <cstdint>
#include <cstdlib>
#include <string_view>

#include "core/base/text.hpp"
#include "core/event/pattern.hpp"
#include "core/event/qname.hpp"

// Any octets as a type, a type pattern and a source pattern.
namespace {

void require(bool condition) {
  if (!condition) std::abort();
}

void check_name(std::string_view text) {
  const auto name = sense::QName::parse(text);
  if (!name) return;
  require(sense::valid_utf8(name->clark()));
  require(!name->local().empty() && name->clark().find(' ') == std::string::npos);
  require(sense::QName::from_clark(name->clark()) == *name);
  require(sense::QName::parse(name->display()) == *name);
  const auto exact = sense::TypePattern::parse(name->display());
  // A text such as {urn:p}* is a type, too, and as a pattern something else.
  require(!exact || exact->kind() != sense::TypePattern::Kind::exact || exact->matches(*name));
}

void check_patterns(std::string_view text) {
  if (const auto pattern = sense::TypePattern::parse(text)) {
    require(sense::TypePattern::parse(pattern->text()) == *pattern);
    const auto prefix = pattern->topic_prefix();
    require(!prefix.empty() && prefix.front() == '{');
  }
  const auto pattern = sense::SourcePattern::parse(text);
  if (!pattern) return;
  require(sense::SourcePattern::parse(pattern->text()) == *pattern);
  if (text.find('*') == std::string_view::npos) {
    require(pattern->matches(text));
    require(!pattern->matches(std::string(text) + "x"));
  }
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  const std::string_view text(reinterpret_cast<const char*>(data), size);
  check_name(text);
  check_patterns(text);
  return 0;
}
