#include "gateways/sense/address.hpp"

#include "core/base/text.hpp"
#include "core/base/uri.hpp"
#include "core/sense/message.hpp"
#include "gateways/sense/keys.hpp"

namespace sense::datagram {

namespace {
constexpr std::uint16_t unprivileged_port_min = 1024;
}

Result<Endpoint> endpoint_of(std::string_view callback) {
  const bool whole = callback.find("://") != std::string_view::npos;
  const auto uri = parse_uri(whole ? std::string(callback) : "sense://" + std::string(callback));
  if (!uri) return tl::unexpected(uri.error());
  boost::system::error_code problem;
  auto address = boost::asio::ip::make_address(uri->host, problem);
  const bool plain = (uri->path.empty() || uri->path == "/") && uri->query.empty();
  if (problem || uri->scheme != "sense" || !plain || uri->host.find('%') != std::string::npos)
    return fail(Code::badparam,
                "'" + printable(callback.substr(0, 200)) +
                    "' is not of the form sense://ADDRESS:PORT with a numeric address");
  if (address.is_v6() && address.to_v6().is_v4_mapped())
    address = boost::asio::ip::make_address_v4(boost::asio::ip::v4_mapped, address.to_v6());
  return Endpoint(address, uri->port.value_or(default_port));
}

std::string callback_of(const Endpoint& endpoint) {
  const auto address = endpoint.address().to_string();
  const bool bracketed = endpoint.address().is_v6();
  return "sense://" + (bracketed ? "[" + address + "]" : address) + ":" +
         std::to_string(endpoint.port());
}

Status may_be_target(const Endpoint& endpoint, const EgressPolicy& policy) {
  const auto& address = endpoint.address();
  // The broadcast addresses of our own networks need no list here: without SO_BROADCAST, which is
  // never set, the kernel refuses to send to them.
  if (address.is_multicast() || address.is_unspecified() ||
      (address.is_v4() && address.to_v4().to_uint() >= 0xf0000000U))
    return fail(Code::addrnotavail, address.to_string() +
                                        " is a multicast, broadcast or reserved address; events go "
                                        "to single hosts");
  if (endpoint.port() < unprivileged_port_min)
    return fail(Code::addrnotavail, "port " + std::to_string(endpoint.port()) +
                                        " is below 1024; choose one from 1024 to 65535");
  return policy.check(address);
}

bool asked_for_itself(const Subscription& subscription) {
  if (subscription.via != front_door) return false;
  const auto asked = subscription.labels.find(asked_from_label);
  const bool with_key = !key_of_owner(subscription.owner).empty();
  return with_key ? asked != subscription.labels.end() && asked->second == subscription.callback
                  : subscription.owner == subscription.callback;
}

}  // namespace sense::datagram
