// SPDX-License-Identifier: Apache-2.0
#include <array>
#include <cstdint>
#include <cstdlib>
#include <string_view>

#include "core/bus/protocol.hpp"

// Any octets as a request, as the reply to each operation and as a watermark: an error with a
// sentence, or a message that encodes to octets which decode to the same.
namespace {

using namespace sense::bus;

constexpr std::array<Operation, 10> operations = {
    Operation::publish,    Operation::fetch,  Operation::head, Operation::get,
    Operation::put,        Operation::remove, Operation::list, Operation::ping,
    Operation::parameters, Operation::proofs};

void require(bool condition) {
  if (!condition) std::abort();
}

void check_request(std::string_view octets) {
  const auto request = decode_request(octets);
  if (!request) return require(!request.error().message.empty());
  require(request->id == request_id(octets));
  const auto encoded = encode(*request);
  const auto again = decode_request(encoded);
  require(again.has_value() && encode(*again) == encoded);
}

void check_reply(std::string_view octets, Operation operation) {
  const auto reply = decode_reply(octets, operation);
  if (!reply) return require(!reply.error().message.empty());
  const auto encoded = encode(*reply, operation);
  const auto again = decode_reply(encoded, operation);
  require(again.has_value() && encode(*again, operation) == encoded);
}

void check_watermark(std::string_view octets) {
  const auto watermark = decode_watermark(octets);
  if (!watermark) return require(!watermark.error().message.empty());
  require(watermark->previous <= watermark->head);
  const auto encoded = encode(*watermark);
  const auto again = decode_watermark(encoded);
  require(again.has_value() && encode(*again) == encoded);
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  const std::string_view octets(reinterpret_cast<const char*>(data), size);
  check_request(octets);
  for (const auto operation : operations) check_reply(octets, operation);
  check_watermark(octets);
  return 0;
}
