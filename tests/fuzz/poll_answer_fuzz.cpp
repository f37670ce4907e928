// SPDX-License-Identifier: Apache-2.0
#include "adapters/http_poll/answer.hpp"
#include "core/base/json.hpp"
#include "core/base/text.hpp"
#include "tests/fuzz/fields.hpp"

// Any octets as the answer of a polled server: lines `status: 200`, `pointer: /a` and headers, an
// empty line, the content. An answer is an error and changes nothing, or it is understood: its
// event is valid, the same answer is then no other event, and what is sent back is as it came.
namespace {

using namespace sense;
using http_poll::Finding;
using sense::fuzz::require;

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  auto fields = fuzz::fields_of(data, size);
  http_poll::Resource resource;
  resource.url = resource.source = "http://h/";
  resource.type = *QName::parse("{urn:x}y");
  if (const auto pointer = fields.value("pointer"); http_poll::valid_pointer(pointer))
    resource.pointer = pointer;
  TransferReply reply;
  reply.status = parse_integer<unsigned>(fields.value("status"), 0, 999).value_or(200);
  reply.body_ended = fields.value("cut").empty();
  reply.headers = std::move(fields.lines);
  reply.body = std::move(fields.rest);
  const http_poll::ContentLimits limits{200, 100};
  const WallTime now{std::chrono::seconds{1'700'000'000}};

  const Result<TransferReply> answer = reply;
  const auto finding = http_poll::judge(resource, {}, answer, limits, now);
  if (finding.wanted) require(finding.wanted->count() >= 0);
  if (finding.kind == Finding::Kind::failed) {
    require(!finding.why.empty());
    return 0;
  }
  require(finding.kind == Finding::Kind::changed && reply.status == 200);
  const auto event = http_poll::event_of(resource, finding.known, finding.content);
  require(event.has_value() && event->data.size() <= limits.data_max);
  if (!resource.pointer.empty() && !finding.content.reference) require(valid_json(event->data));
  for (const auto& [name, value] : http_poll::request_headers(finding.known))
    for (const char c : value) require(!is_control(c));
  auto known = finding.known;
  known.acknowledged = true;
  const auto again = http_poll::judge(resource, known, answer, limits, now);
  require(again.kind == Finding::Kind::unchanged && again.known == known);
  return 0;
}
