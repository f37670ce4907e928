// SPDX-License-Identifier: Apache-2.0
#include "broker/security/permission.hpp"

#include "core/base/text.hpp"
#include "core/event/codec.hpp"
#include "core/subscription/dead_letter_request.hpp"
#include "core/subscription/subscription.hpp"

namespace sense {

namespace {

constexpr std::string_view subscription_kind = "subscription";

tl::unexpected<Error> no_right(const std::string& what, const char* right) {
  return fail(Code::noaccess, what + ": the broker's access file grants this principal no '" +
                                  right + "' right to it");
}

bool owns(std::string_view principal, std::string_view value) {
  return !principal.empty() && owner_from_json(value) == principal;
}

// Only the gateway verifies a callback, and only subscriptions of the configuration file may be
// without a lease.
Status check_consent(const Subscription& wanted, const RegistryEntry* current,
                     const std::string& what) {
  const auto before = current == nullptr ? Result<Subscription>(Subscription{})
                                         : subscription_from_json(current->value);
  if (!before) return tl::unexpected(before.error());
  const bool agreed = current != nullptr && before->state != SubscriptionState::pending &&
                      before->callback == wanted.callback;
  if (wanted.state != SubscriptionState::pending && !agreed)
    return no_right(what + " would be served before its callback has agreed", "manage");
  if (!wanted.challenge_hash.empty() && wanted.challenge_hash != before->challenge_hash)
    return no_right(what + " would have a challenge that was not sent", "manage");
  if (!wanted.expires) return no_right(what + " would have no lease", "manage");
  if (wanted.via == "config")
    return no_right(what + " would be one of the configuration file", "manage");
  return {};
}

}  // namespace

Status check_publish(const Rights& rights, std::string_view octets) {
  if (rights.may_publish_all()) return {};
  const auto event = decode_event(octets);
  if (!event) return tl::unexpected(event.error());
  if (rights.may_publish(event->type, event->source, event->audience)) return {};
  const std::string what =
      "event of type " + printable(event->type.clark()) + " from " + printable(event->source);
  if (rights.may_publish(event->type, event->source, {}))
    return no_right(what + " to its audience", "route");
  return no_right(what, "publish");
}

Status check_change(const Rights& rights, std::string_view principal, const bus::Request& request,
                    const RegistryEntry* current) {
  if (rights.may_manage()) return {};
  const auto what =
      printable(request.kind.substr(0, 64)) + " " + printable(request.key.substr(0, 256));
  if (request.kind != subscription_kind) return no_right(what, "manage");
  if (current != nullptr && !owns(principal, current->value))
    return no_right(what + " belongs to another principal", "manage");
  if (request.operation == bus::Operation::remove) return {};
  const auto wanted = subscription_from_json(request.value);
  if (!wanted) return tl::unexpected(wanted.error());
  if (wanted->owner != principal)
    return no_right(what + " would belong to " + printable(wanted->owner.substr(0, 256)), "manage");
  if (!rights.may_hold(*wanted))
    return no_right(what + " asks for more types or sources", "subscribe");
  return check_consent(*wanted, current, what);
}

bool may_test(const Rights& rights, std::string_view principal, const RegistryEntry& subscription) {
  return rights.may_manage() || owns(principal, subscription.value);
}

Status check_dead_letters(const Rights& rights, const Event& event) {
  if (!rights.may_manage())
    return no_right("event of type " + printable(event.type.clark()), "manage");
  if (!requested_action(event.type)) return {};
  const auto request = dead_letter_request(event);
  if (!request) return tl::unexpected(request.error());
  return {};
}

bool may_see(const Rights& rights, std::string_view principal, const RegistryEntry& entry) {
  return rights.may_list() || (entry.kind == subscription_kind && owns(principal, entry.value));
}

Result<Listed> check_list(const Rights& rights, std::string_view kind) {
  if (rights.may_list()) return Listed::all;
  if (kind == subscription_kind) return Listed::own;
  return no_right("LIST of kind " + printable(kind.substr(0, 64)), "list");
}

}  // namespace sense
