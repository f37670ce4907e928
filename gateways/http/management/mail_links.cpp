// SPDX-License-Identifier: Apache-2.0
#include "gateways/http/management/mail_links.hpp"

#include <utility>

#include "gateways/http/management/link_page.hpp"
#include "gateways/http/management/request_body.hpp"
#include "gateways/http/management/subscription_routes.hpp"

namespace sense::http {

// What one of the two operations says and does.
struct MailLinks::Words {
  LinkPage page;
  bool one_click;  // RFC 8058
  void (Subscriptions::*carry_out)(std::string id, std::string token,
                                   Subscriptions::Answer<SubscriptionRef> done);
};

constexpr MailLinks::Words MailLinks::confirming = {
    {"confirm", "Confirm the subscription", "Events of this subscription will be sent to you.",
     "Confirm", "The subscription is confirmed."},
    false,
    &Subscriptions::confirm};

constexpr MailLinks::Words MailLinks::leaving = {
    {"unsubscribe", "End the subscription", "No more events of this subscription will be sent.",
     "End it", "The subscription has ended."},
    true,
    &Subscriptions::leave};

void MailLinks::confirm_page(const LinkRequest& request, const Respond& respond) {
  respond(asking_page(confirming.page, request.id, request.query));
}

void MailLinks::unsubscribe_page(const LinkRequest& request, const Respond& respond) {
  respond(asking_page(leaving.page, request.id, request.query));
}

void MailLinks::confirm(const LinkRequest& request, const Respond& respond) {
  carry_out(confirming, request, respond);
}

void MailLinks::unsubscribe(const LinkRequest& request, const Respond& respond) {
  carry_out(leaving, request, respond);
}

void MailLinks::carry_out(const Words& words, const LinkRequest& request, const Respond& respond) {
  const bool by_page = is_posted_form(request.http);
  const auto answer = [respond, by_page, &words](const Result<SubscriptionRef>& result) {
    if (!by_page) return respond_with(respond)(result);
    respond(result ? done_page(words.page) : failed_page(words.page, result.error()));
  };
  auto token = by_page ? posted_token(request.http, request.query, words.one_click)
                       : token_request(request.http.body);
  if (!token) return answer(tl::unexpected(token.error()));
  if (under_way_ == under_way_max) {
    ++no_room_;
    return answer(fail(Code::nomoreroom, "too many links are opened at once; try again later"));
  }
  ++under_way_;
  ((*request.all).*words.carry_out)(
      request.id, std::move(*token),
      [self = weak_from_this(), client = request.client, &words,
       answer](const Result<SubscriptionRef>& result) {
        const auto alive = self.lock();
        if (!alive) return;
        --alive->under_way_;
        const auto code = result ? Code::noerror : result.error().code;
        if (code != Code::noaccess && code != Code::notfound) return answer(result);
        ++alive->refused_;
        alive->context_.clients.refused(
            client, "POST /v1/subscriptions/ID/" + std::string(words.page.name), result.error());
        answer(tl::unexpected(no_link()));
      });
}

bool is_mail_link(std::string_view method, std::string_view target) {
  if (method != "GET" && method != "HEAD" && method != "POST") return false;
  constexpr std::string_view begin = "/v1/subscriptions/";
  const auto path = target.substr(0, target.find('?'));
  if (!path.starts_with(begin)) return false;
  const auto rest = path.substr(begin.size());
  const auto slash = rest.find('/');
  if (slash == 0 || slash == std::string_view::npos) return false;
  const auto what = rest.substr(slash + 1);
  return what == "confirm" || what == "unsubscribe";
}

}  // namespace sense::http
