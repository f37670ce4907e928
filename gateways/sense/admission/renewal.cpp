// SPDX-License-Identifier: Apache-2.0
#include "gateways/sense/admission/renewal.hpp"

#include "gateways/sense/model/actions.hpp"

namespace sense::datagram {

namespace {

bool is_on_host_of(std::string_view uri, const Endpoint& address) {
  const auto endpoint = endpoint_of(uri);
  return endpoint && same_host(*endpoint, address);
}

bool owns(const Subscription& subscription, const ProvedSender& sender) {
  const auto key = key_of_owner(subscription.owner);
  return key.empty() ? is_on_host_of(subscription.owner, sender.address) : key == sender.key;
}

bool leaves_from(const Subscription& subscription, std::string_view listener) {
  const auto label = subscription.labels.find(listener_label);
  return label != subscription.labels.end() && label->second == listener;
}

Subscriptions::Move move_to(const Subscription& subscription, const ProvedSender& sender) {
  Subscriptions::Move move;
  move.from = subscription.callback;
  move.callback = callback_of(sender.address);
  const bool keyed = !key_of_owner(subscription.owner).empty();
  // registered_itself() holds for what follows its client, as for a new registration.
  move.owner = keyed ? subscription.owner : move.callback;
  if (keyed) move.labels.emplace(registered_from_label, move.callback);
  if (!sender.listener.empty()) move.labels.emplace(listener_label, sender.listener);
  return move;
}

}  // namespace

bool may_change(const Subscription& subscription, const ProvedSender& sender) {
  const bool keyed = !key_of_owner(subscription.owner).empty();
  return owns(subscription, sender) ||
         (!keyed && is_on_host_of(subscription.callback, sender.address));
}

Result<std::optional<Subscriptions::Move>> move_of_renewal(
    const Subscription& subscription, const ProvedSender& sender,
    std::optional<std::string_view> deliver_to) {
  if (!may_change(subscription, sender))
    return fail(Code::notfound, "there is no such subscription of yours");
  const bool owner = owns(subscription, sender);
  const bool itself = registered_itself(subscription);
  const auto served = endpoint_of(subscription.callback);
  if (!deliver_to && owner && !itself) return std::nullopt;
  const auto wanted = deliver_to ? endpoint_of(*deliver_to) : Result<Endpoint>(sender.address);
  if (!wanted) return tl::unexpected(wanted.error());
  const bool same = served && *wanted == *served;
  if (same && (!itself || *served != sender.address || sender.listener.empty() ||
               leaves_from(subscription, sender.listener)))
    return std::nullopt;
  if (!owner || *wanted != sender.address)
    return fail(Code::notfound, "a renewal cannot take it there; register anew");
  if (auto status = check_zone(sender.address); !status) return tl::unexpected(status.error());
  return move_to(subscription, sender);
}

Status check_zone(const Endpoint& endpoint) {
  if (endpoint.zone() == 0) return {};
  return fail(Code::addrnotavail, "link-local addresses cannot be served; use a routable one");
}

}  // namespace sense::datagram
