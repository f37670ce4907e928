// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <memory>
#include <string>
#include <string_view>

#include "core/http/message.hpp"
#include "core/registry/subscriptions.hpp"
#include "gateways/api/gateway.hpp"

namespace sense::http {

// A request of one who has a link of a mail. A value of one call.
struct LinkRequest {
  std::shared_ptr<Subscriptions> all;
  ServedClient client;  // for the records; the token is the permission
  std::string id;       // of the subscription
  std::string query;
  Request http;
};

// What the links in mails lead to: pages with a button, and what the button does. A GET changes
// nothing and looks nothing up, since mail scanners follow links. A wrong token and a subscription
// that is not there are answered alike, counted, and told to the audit trail; of such requests
// there are at most under_way_max at once. Reactor thread only; held by a shared_ptr, without which
// requests in progress get no response. The context must outlive it.
class MailLinks : public std::enable_shared_from_this<MailLinks> {
 public:
  static constexpr std::size_t under_way_max = 32;

  explicit MailLinks(GatewayContext& context)
      : context_(context),
        refused_(context.counters["http.links.refused"]),
        no_room_(context.counters["http.links.no-room"]) {}

  void confirm_page(const LinkRequest& request, const Respond& respond);
  void unsubscribe_page(const LinkRequest& request, const Respond& respond);
  // By the form of the page, or JSON: then the answer is JSON, too. The second also as RFC 8058 has
  // it.
  void confirm(const LinkRequest& request, const Respond& respond);
  void unsubscribe(const LinkRequest& request, const Respond& respond);

 private:
  struct Words;
  static const Words confirming;
  static const Words leaving;

  void carry_out(const Words& words, const LinkRequest& request, const Respond& respond);

  GatewayContext& context_;
  Counters::Counter& refused_;
  Counters::Counter& no_room_;
  std::size_t under_way_ = 0;
};

// Whether a request is one of MailLinks, by its method and the path of its target.
[[nodiscard]] bool is_mail_link(std::string_view method, std::string_view target);

}  // namespace sense::http
