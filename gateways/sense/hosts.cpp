#include "gateways/sense/hosts.hpp"

#include <algorithm>

namespace sense::datagram {

bool is_this_machine(const Endpoint& endpoint) { return endpoint.address().is_loopback(); }

std::string host_of(const Endpoint& endpoint) {
  constexpr std::size_t v6_octets = 8;
  const auto& address = endpoint.address();
  std::string text;
  const auto append = [&](const auto& bytes, std::size_t octets) {
    std::for_each_n(bytes.begin(), octets,
                    [&](unsigned char octet) { text += static_cast<char>(octet); });
  };
  if (address.is_v4()) {
    const auto bytes = address.to_v4().to_bytes();
    append(bytes, bytes.size());
  } else {
    const auto bytes = address.to_v6().to_bytes();
    append(bytes, is_this_machine(endpoint) ? bytes.size() : v6_octets);
  }
  if (is_this_machine(endpoint)) text += ":" + std::to_string(endpoint.port());
  return text;
}

}  // namespace sense::datagram
