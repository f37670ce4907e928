// SPDX-License-Identifier: Apache-2.0
#include <algorithm>
#include <array>
#include <cstddef>
#include <cstdint>
#include <cstdlib>
#include <cstring>
#include <memory>

#include "gateways/sense/client/sense_client.h"

namespace {

void send(void*, const void* octets, std::size_t size) {
  if (size > 1200 || std::memcmp(octets, "SENSE/1 ", 8) != 0) std::abort();
}

// Reads every text of a notice, so that a sanitizer sees one that is not there.
int tell(void* context, sense_kind, const sense_notice* notice) {
  auto& sum = *static_cast<unsigned*>(context);
  for (const auto& text :
       {notice->reason, notice->data, notice->properties, sense_client_property(notice, "Source")})
    for (std::size_t i = 0; i < text.size; ++i) sum += static_cast<unsigned char>(text.at[i]);
  return static_cast<int>(sum % 4);
}

}  // namespace

// The client library in C: datagrams, each behind two octets that say how long it is and behind one
// that says how much time passes, are given to a client that is registered and has asked something.
extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  std::array<char, 1200> out;
  unsigned sum = 0;
  sense_client_options options{};
  options.prefix = "r";
  options.registration = "Period: 600\n";
  options.ack_delay = size % 2 == 0 ? 0 : 50;
  options.out = out.data();
  options.out_size = out.size();
  options.context = &sum;
  options.send = send;
  options.tell = tell;
  sense_client client;
  std::uint32_t now = 0xffff'0000U;
  if (sense_client_init(&client, &options, now) == 0) std::abort();
  (void)sense_client_tick(&client, ++now);
  const char registered[] = "SENSE/1 REPLY r1 0 NOERROR\nSubscription: s-1\nPeriod: 600\n\n";
  sense_client_receive(&client, registered, sizeof(registered) - 1, now);
  (void)sense_client_ask(&client, "PUBLISH", "Type: {a}b\nSource: //x\n", {nullptr, 0}, now);
  while (size >= 3) {
    const auto length = std::min<std::size_t>(data[0] * 256U + data[1], size - 3);
    now += data[2] * 500U;
    // Of its own memory, so that a sanitizer sees a read beyond it.
    const auto datagram = std::make_unique<char[]>(length);
    std::memcpy(datagram.get(), data + 3, length);
    sense_client_receive(&client, datagram.get(), length, now);
    (void)sense_client_tick(&client, now);
    data += 3 + length;
    size -= 3 + length;
  }
  if (sense_client_tick(&client, now + 700'000U) == 0)
    (void)sense_client_tick(&client, now + 700'001U);
  return 0;
}
