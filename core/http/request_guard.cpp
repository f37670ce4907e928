// SPDX-License-Identifier: Apache-2.0
#include "core/http/request_guard.hpp"

#include <algorithm>

#include "core/base/text.hpp"
#include "core/http/problem.hpp"

namespace sense::http {

namespace {

// The host of "host:port", "[v6]:port" or either without a port.
std::string_view host_of(std::string_view authority) {
  if (authority.starts_with('[')) {
    const auto close = authority.find(']');
    return close == std::string_view::npos ? authority : authority.substr(0, close + 1);
  }
  return authority.substr(0, authority.find(':'));
}

Response forbid(unsigned status, const std::string& why) {
  return problem(status, Error{Code::noaccess, why});
}

Response unproved() {
  auto response = forbid(401,
                         "from another machine a request needs the token or the certificate of a "
                         "principal; to serve others, set allow-anonymous: true in this gateway's "
                         "configuration");
  response.headers.emplace_back("WWW-Authenticate", R"(Bearer realm="sense")");
  return response;
}

}  // namespace

std::string text_of(const boost::asio::ip::tcp::endpoint& endpoint) {
  const auto host = endpoint.address().to_string();
  return (endpoint.address().is_v6() ? "[" + host + "]" : host) + ":" +
         std::to_string(endpoint.port());
}

boost::asio::ip::address as_connected(const boost::asio::ip::address& from) {
  if (!from.is_v6() || !from.to_v6().is_v4_mapped()) return from;
  return boost::asio::ip::make_address_v4(boost::asio::ip::v4_mapped, from.to_v6());
}

bool is_this_machine(const boost::asio::ip::address& from) {
  return as_connected(from).is_loopback();
}

Result<boost::asio::ip::tcp::endpoint> parse_listen(const std::string& text) {
  const auto refuse_text = [&] {
    return fail(Code::badparam, "listen: '" + printable(text.substr(0, 100)) +
                                    "' is not an IP address and a port such as 127.0.0.1:8080 or "
                                    "[::1]:8080");
  };
  const auto colon = text.rfind(':');
  if (colon == std::string::npos) return refuse_text();
  auto host = text.substr(0, colon);
  const bool bracketed = host.starts_with('[') && host.ends_with(']');
  if (bracketed) host = host.substr(1, host.size() - 2);
  boost::system::error_code wrong_address;
  const auto address = boost::asio::ip::make_address(host, wrong_address);
  const auto port = parse_integer<std::uint16_t>(std::string_view(text).substr(colon + 1));
  if (wrong_address || address.is_v6() != bracketed || !port) return refuse_text();
  return boost::asio::ip::tcp::endpoint(address, *port);
}

RequestGuard::RequestGuard(std::vector<std::string> hosts, Others others)
    : hosts_(std::move(hosts)), others_(others) {
  for (auto& host : hosts_) host = lower(host);
}

bool RequestGuard::is_ours(std::string_view authority) const {
  return std::find(hosts_.begin(), hosts_.end(), lower(host_of(authority))) != hosts_.end();
}

std::optional<RequestTarget> parse_target(std::string_view method, std::string_view target) {
  if (target.starts_with('/')) return RequestTarget{{}, std::string(target)};
  if (target == "*" && method == "OPTIONS") return RequestTarget{{}, "*"};
  const auto scheme_end = target.find("://");
  if (scheme_end == std::string_view::npos) return std::nullopt;
  const auto scheme = lower(target.substr(0, scheme_end));
  if (scheme != "http" && scheme != "https") return std::nullopt;
  const auto rest = target.substr(scheme_end + 3);
  const auto authority = rest.substr(0, rest.find_first_of("/?#"));
  if (authority.empty()) return std::nullopt;
  const auto path = rest.substr(authority.size());
  if (path.empty() && method == "OPTIONS") return RequestTarget{authority, "*"};
  return RequestTarget{authority, (path.starts_with('/') ? "" : "/") + std::string(path)};
}

// RFC 9112 section 6.1. Octets in another transfer coding would be taken for the body itself, or
// for the next request.
std::optional<Response> framing_refusal(std::string_view coding, bool http_1_0) {
  const auto framing = lower(trim(coding));
  if (framing.empty()) return std::nullopt;
  if (http_1_0) return problem(Error{Code::protoerror, "HTTP/1.0 has no Transfer-Encoding"});
  if (framing == "chunked") return std::nullopt;
  return problem(501, Error{Code::notyetimplemented, "Transfer-Encoding '" +
                                                         printable(framing.substr(0, 100)) +
                                                         "' is not taken; only chunked is"});
}

bool RequestGuard::is_closed_to(const boost::asio::ip::address& from) const {
  return others_ == Others::none && !is_this_machine(from);
}

std::optional<Response> RequestGuard::refusal(const Head& head) const {
  if (!head.permitted && is_closed_to(head.from))
    return forbid(
        403,
        "without TLS only requests from this machine are served; to serve other machines, "
        "set tls-certificate and tls-key in this gateway's configuration");
  if (!head.permitted && !head.proved && others_ == Others::proved && !is_this_machine(head.from))
    return unproved();
  if (head.hosts.size() > 1 || (head.hosts.empty() && !head.host_optional))
    return problem(400, Error{Code::protoerror, "a request has exactly one Host header"});
  if (!head.hosts.empty() && !is_ours(trim(head.hosts.front())))
    return forbid(421, "Host '" + printable(head.hosts.front().substr(0, 100)) +
                           "' is not a name of this service; to allow it, add it to hosts in this "
                           "gateway's configuration");
  if (!head.origin) return std::nullopt;
  const auto scheme_end = head.origin->find("://");
  if (scheme_end != std::string_view::npos && is_ours(head.origin->substr(scheme_end + 3)))
    return std::nullopt;
  return forbid(403, "a web page of another origin ('" + printable(head.origin->substr(0, 100)) +
                         "') may not use this service");
}

}  // namespace sense::http
