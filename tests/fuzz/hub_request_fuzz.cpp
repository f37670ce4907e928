// SPDX-License-Identifier: Apache-2.0
#include <cstdint>
#include <cstdlib>
#include <string_view>

#include "core/base/text.hpp"
#include "core/http/form.hpp"
#include "core/subscription/websub.hpp"
#include "gateways/http/websub/hub_request.hpp"
#include "gateways/http/websub/topic.hpp"

// Any octets as the form of a WebSub subscriber, its topic, and the header that is made of that.
namespace {

void require(bool condition) {
  if (!condition) std::abort();
}

void require_harmless(const sense::Error& error) {
  require(sense::printable(error.message) == error.message);
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  using namespace sense;
  const std::string_view body(reinterpret_cast<const char*>(data), size);
  const auto form = http::parse_form(body);
  require(!form || form->size() <= http::form_fields_max);
  const auto request = http::parse_hub_request(body);
  if (!request) {
    require_harmless(request.error());
    return 0;
  }
  require(form.has_value() && request->period > Duration{0});
  require(request->period <= http::HubRequest::period_max);
  require(request->secret.size() <= WebSub::secret_octets_max);
  const auto topic = http::parse_topic(request->topic, "e.example");
  if (!topic) {
    require_harmless(topic.error());
    return 0;
  }
  const auto links = http::topic_links(request->topic);
  require(printable(links) == links);
  return 0;
}
