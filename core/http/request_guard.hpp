// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <boost/asio/ip/tcp.hpp>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "core/base/error.hpp"
#include "core/http/message.hpp"

namespace sense::http {

// "127.0.0.1:8080" or "[::1]:8080". Fails with a sentence that begins with the key `listen`.
[[nodiscard]] Result<boost::asio::ip::tcp::endpoint> parse_listen(const std::string& text);

// Decides by a request's sender and headers whether it is looked at. A value.
class RequestGuard {
 public:
  // `hosts` without ports, IPv6 addresses in brackets.
  RequestGuard(std::vector<std::string> hosts, bool allow_anonymous);

  // The response to a request that is rejected, or nothing. `hosts_given` are the values of its
  // Host headers, `origin` is its Origin or null. `permitted`: the request carries its own
  // permission, so it may come from any address.
  [[nodiscard]] std::optional<Response> refusal(const boost::asio::ip::address& from,
                                                const std::vector<std::string_view>& hosts_given,
                                                const std::string_view* origin,
                                                bool permitted = false) const;

 private:
  [[nodiscard]] bool is_ours(std::string_view authority) const;

  std::vector<std::string> hosts_;
  bool allow_anonymous_;
};

}  // namespace sense::http
