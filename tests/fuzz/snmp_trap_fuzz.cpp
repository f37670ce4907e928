// SPDX-License-Identifier: Apache-2.0
#include <cstddef>
#include <cstdint>
#include <cstdlib>

#include "adapters/snmp/trap_event.hpp"

// Any octets as a datagram of SNMP: what is read stays within its limits, becomes an event or is
// refused, and the response to an inform is as long as the inform and is no notification.
extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  using namespace sense::snmp;
  constexpr std::size_t varbinds_max = 8;
  const Octets octets(data, size);
  const auto trap = parse_trap(octets, varbinds_max);
  if (!trap) return 0;
  if (trap->varbinds.size() > varbinds_max || trap->trap_oid.empty()) std::abort();
  if (trap->varbinds.size() < varbinds_max && trap->varbinds_left_out != 0) std::abort();
  (void)trap_event(*trap, {"192.0.2.7", 162}, {"urn:sense:snmp", "//"}, sense::WallTime{});
  if (!trap->inform) return 0;
  const auto response = response_to(octets);
  if (response.size() != size) std::abort();
  const Octets again(reinterpret_cast<const unsigned char*>(response.data()), response.size());
  if (const auto read = parse_trap(again, varbinds_max);
      read || read.error().code != sense::Code::notfound)
    std::abort();
  return 0;
}
