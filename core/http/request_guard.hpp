// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <boost/asio/ip/tcp.hpp>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "core/base/error.hpp"
#include "core/http/message.hpp"
#include "core/http/others.hpp"

namespace sense::http {

// "127.0.0.1:8080" or "[::1]:8080". Fails with a sentence that begins with the key `listen`.
[[nodiscard]] Result<boost::asio::ip::tcp::endpoint> parse_listen(const std::string& text);

// "192.0.2.7:80", "[2001:db8::1]:80".
[[nodiscard]] std::string text_of(const boost::asio::ip::tcp::endpoint& endpoint);
// The address as the kernel connected it: ::ffff:a.b.c.d is a.b.c.d.
[[nodiscard]] boost::asio::ip::address as_connected(const boost::asio::ip::address& from);
// Whether only this machine can have this address.
[[nodiscard]] bool is_this_machine(const boost::asio::ip::address& from);

// The target of a request (RFC 9112 section 3.2).
struct RequestTarget {
  std::string_view authority;  // host and port of an absolute form; otherwise empty
  std::string path;            // with its query, starts with a slash; "*" of OPTIONS
};
// Takes the origin form, the absolute form with http or https, and "*" of OPTIONS; nothing when it
// is another. The authority is part of `target`.
[[nodiscard]] std::optional<RequestTarget> parse_target(std::string_view method,
                                                        std::string_view target);

// The response to a request whose framing is not taken, or nothing. `coding`: the value of
// Transfer-Encoding.
[[nodiscard]] std::optional<Response> framing_refusal(std::string_view coding, bool http_1_0);

// Decides by a request's sender and headers whether it is looked at, against web pages that use a
// browser on this machine (DNS rebinding, cross-origin requests). A value; any thread.
class RequestGuard {
 public:
  // `hosts` without ports, IPv6 addresses in brackets.
  RequestGuard(std::vector<std::string> hosts, Others others);

  // Whether requests from this address are served only with a permission of their own.
  [[nodiscard]] bool is_closed_to(const boost::asio::ip::address& from) const;

  struct Head {
    boost::asio::ip::address from;
    std::vector<std::string_view> hosts;     // the values of the Host headers
    std::optional<std::string_view> origin;  // of Origin
    // The request carries its own permission, so it may come from any address.
    bool permitted = false;
    bool proved = false;         // it has a token or a certificate
    bool host_optional = false;  // it needs no Host header; one that is there is checked
  };
  // The response to a request that is rejected, or nothing.
  [[nodiscard]] std::optional<Response> refusal(const Head& head) const;

 private:
  [[nodiscard]] bool is_ours(std::string_view authority) const;

  std::vector<std::string> hosts_;
  Others others_;
};

}  // namespace sense::http
