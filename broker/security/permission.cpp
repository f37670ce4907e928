// SPDX-License-Identifier: Apache-2.0
#include "broker/security/permission.hpp"

#include "core/base/text.hpp"
#include "core/event/codec.hpp"
#include "core/subscription/dead_letter_request.hpp"
#include "core/subscription/management_event.hpp"
#include "core/subscription/subscription.hpp"
#include "core/subscription/test_event.hpp"

namespace sense {

namespace {

constexpr std::string_view subscription_kind = "subscription";
constexpr std::string_view dead_letters_prefix = "{urn:sense:management}dead-letters-";
constexpr std::string_view shared_key_owner = "key:";  // of SENSE/1, before the principal's name
constexpr auto not_seen =
    "no such entry, or the broker's access file grants this principal no 'list' right to it";

// The local name of a type in a namespace of SENSE; absent: it is in another.
std::optional<std::string_view> local_in(std::string_view ns, std::string_view type) {
  if (!type.starts_with('{') || !type.substr(1).starts_with(ns)) return std::nullopt;
  type.remove_prefix(1 + ns.size());
  if (!type.starts_with('}')) return std::nullopt;
  return type.substr(1);
}

// Types that only the broker publishes, because gateways act on them, and those about dead letters.
bool reserved(std::string_view type) {
  const auto local = local_in(management_namespace, type);
  if (!local) return false;
  for (const auto* prefix : {"subscription-", "journal-", "leader-", "dead-letters-",
                             "gateway-changed", "gateway-removed"})
    if (local->starts_with(prefix)) return true;
  return *local == "overload";
}

tl::unexpected<Error> no_right(const std::string& what, const char* right) {
  return fail(Code::noaccess, what + ": the broker's access file grants this principal no '" +
                                  right + "' right to it");
}

// Whether what that owner has is the requester's. Who has proved nothing may own by an address,
// where the gateway that speaks for it vouches for that: it has proved to be there.
bool is_owner(const Requester& requester, std::string_view owner) {
  if (requester.principal.empty()) return false;
  if (owner == requester.principal) return true;
  if (!requester.vouched) return false;
  if (requester.principal == principal_anonymous) return !valid_principal(owner);
  return owner == std::string(shared_key_owner) + std::string(requester.principal);
}

bool owns(const Requester& requester, std::string_view value) {
  return is_owner(requester, owner_from_json(value));
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

// Null: the access file does not name the owner.
const Principal* named_owner(const AccessList& access, std::string_view owner) {
  if (owner.starts_with(shared_key_owner)) owner.remove_prefix(shared_key_owner.size());
  const bool by_connection = owner == principal_local || owner == principal_plaintext;
  return by_connection ? access.find(owner) : access.named(owner);
}

// Of one who manages: what the subscription gets is what its owner may have.
Status check_named_owner(const Requester& requester, const bus::Request& request,
                         const FindEntry& find) {
  if (requester.access == nullptr || request.operation != bus::Operation::put ||
      request.kind != subscription_kind)
    return {};
  const auto wanted = subscription_from_json(request.value);
  if (!wanted) return {};  // the registry refuses it
  const auto* owner = named_owner(*requester.access, wanted->owner);
  if (owner == nullptr || owner->rights->may_hold(*wanted)) return {};
  const auto current = find(request.kind, request.key);
  const auto before =
      current ? subscription_from_json(current->value) : tl::unexpected(current.error());
  if (before && before->owner == wanted->owner && before->types == wanted->types &&
      before->sources == wanted->sources)
    return {};
  return fail(Code::noaccess,
              "subscription " + printable(request.key.substr(0, 256)) +
                  " would select more than its owner may read: the broker's access file grants " +
                  owner->name + " no 'subscribe' right to it");
}

// Events between gateways contain events of all types.
Status check_between_gateways(const Rights& rights) {
  if (rights.may_manage()) return {};
  return fail(Code::noaccess, "events of namespace " + std::string(gateway_namespace) +
                                  " are published by gateways: the broker's access file grants "
                                  "this principal no 'manage' right");
}

// They redeliver or purge dead letters of other owners, or report on that.
Status check_dead_letters(const Rights& rights, const Event& event, const FindEntry& find) {
  if (!is_about_dead_letters(event.type))
    return fail(Code::noaccess, "there are no events of type " + event.type.clark());
  if (!rights.may_manage())
    return no_right("event of type " + printable(event.type.clark()), "manage");
  if (!requested_action(event.type)) return {};
  if (const auto request = dead_letter_request(event); !request)
    return tl::unexpected(request.error());
  if (find("gateway", event.subject)) return {};
  return fail(Code::notfound, "no gateway has announced itself by the name of " +
                                  printable(event.subject.substr(0, 256)) +
                                  ": the request's subject is the gateway's name as the "
                                  "configuration has it");
}

Status check_test(const Requester& requester, const Event& event, const FindEntry& find) {
  const auto entry = find(subscription_kind, event.subject);
  if (entry && (requester.rights.may_manage() || owns(requester, entry->value))) return {};
  return fail(
      Code::noaccess,
      "a test event needs a subscription of the publishing principal: its id is the subject");
}

Status check_reserved(const Requester& requester, std::string_view type, std::string_view octets,
                      const FindEntry& find) {
  const bool dead_letters = type.starts_with(dead_letters_prefix);
  if ((type != test_type && !dead_letters) || !requester.answered)
    return fail(Code::noaccess,
                "events of type " + std::string(type) + " are published by the broker only");
  const auto event = decode_event(octets);
  if (!event) return tl::unexpected(event.error());
  return dead_letters ? check_dead_letters(requester.rights, *event, find)
                      : check_test(requester, *event, find);
}

}  // namespace

bool lists_for(const Requester& requester, std::string_view owner) {
  const auto* named = requester.access ? named_owner(*requester.access, owner) : nullptr;
  return named != nullptr ? named->rights->may_list() : requester.rights.may_list();
}

Status check_publish(const Requester& requester, std::string_view type, std::string_view octets,
                     const FindEntry& find) {
  const auto& rights = requester.rights;
  if (!is_reserved(type) && rights.may_publish_all()) return {};
  if (type == whole_change_type || local_in(audit_namespace, type))
    return fail(Code::noaccess,
                "events of type " + std::string(type) + " are published by the broker only");
  if (local_in(gateway_namespace, type)) return check_between_gateways(rights);
  if (reserved(type)) return check_reserved(requester, type, octets, find);
  // Decoded only here, where the rights depend on its attributes.
  const auto event = decode_event(octets);
  if (!event) return tl::unexpected(event.error());
  if (rights.may_publish(event->type, event->source, event->audience)) return {};
  const std::string what =
      "event of type " + printable(event->type.clark()) + " from " + printable(event->source);
  if (rights.may_publish(event->type, event->source, {}))
    return no_right(what + " to its audience", "route");
  return no_right(what, "publish");
}

Status check_change(const Requester& requester, const bus::Request& request,
                    const FindEntry& find) {
  if (requester.rights.may_manage()) return check_named_owner(requester, request, find);
  const auto what =
      printable(request.kind.substr(0, 64)) + " " + printable(request.key.substr(0, 256));
  if (request.kind != subscription_kind) return no_right(what, "manage");
  const auto current = find(request.kind, request.key);
  if (current && !owns(requester, current->value))
    return no_right(what + " belongs to another principal", "manage");
  if (request.operation == bus::Operation::remove) return {};
  const auto wanted = subscription_from_json(request.value);
  if (!wanted) return tl::unexpected(wanted.error());
  if (!is_owner(requester, wanted->owner))
    return no_right(what + " would belong to " + printable(wanted->owner.substr(0, 256)), "manage");
  if (!requester.rights.may_hold(*wanted))
    return no_right(what + " asks for more types or sources", "subscribe");
  if (requester.vouched) return {};
  return check_consent(*wanted, current ? &*current : nullptr, what);
}

Result<RegistryEntry> visible_entry(const Requester& requester, std::string_view kind,
                                    std::string_view key, const FindEntry& find) {
  auto entry = find(kind, key);
  const bool own = entry && kind == subscription_kind && owns(requester, entry->value);
  if (!own && !requester.rights.may_list()) return fail(Code::notfound, not_seen);
  if (!entry) return entry;
  return shown_entry(requester, *std::move(entry));
}

RegistryEntry shown_entry(const Requester& requester, RegistryEntry entry) {
  if (requester.rights.may_manage() || requester.vouched || entry.kind != subscription_kind)
    return entry;
  entry.value = without_webhook_secrets(std::move(entry.value));
  return entry;
}

Result<Listed> check_list(const Requester& requester, std::string_view kind) {
  if (requester.rights.may_list()) return Listed::all;
  if (kind == "source" || kind == "type") return Listed::readable;
  if (kind == subscription_kind && requester.principal == principal_anonymous)
    return fail(
        Code::noaccess,
        "a client that has proved nothing has no list of subscriptions: ask for each by its "
        "id, or on the server by `sense subscriptions list`");
  if (kind == subscription_kind) return Listed::own;
  return no_right("LIST of kind " + printable(kind.substr(0, 64)), "list");
}

}  // namespace sense
