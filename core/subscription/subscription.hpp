// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <map>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "core/base/clock.hpp"
#include "core/base/error.hpp"
#include "core/event/event.hpp"
#include "core/event/pattern.hpp"
#include "core/subscription/delivery_options.hpp"
#include "core/subscription/subscription_filter.hpp"
#include "core/subscription/webhook_secrets.hpp"
#include "core/subscription/websub.hpp"

namespace sense {

// pending (callback unverified) -> active <-> paused (by its owner) / suspended (callback failing)
// -> ended. An ended subscription is not in the registry; its last event contains the reason.
enum class SubscriptionState { pending, active, paused, suspended, ended };

[[nodiscard]] std::string_view to_text(SubscriptionState state);

// One subscription, as in the registry and in every interface. A value.
struct Subscription {
  static constexpr std::size_t patterns_max = 256;  // of types and of sources, each
  static constexpr std::size_t labels_max = 32;

  std::string id;              // "s-" and 26 characters of base 32: 130 unguessable bits
  std::uint64_t revision = 0;  // sequence of the event that announced its last change
  std::uint64_t since = 0;     // only events after this sequence are delivered; set at activation
  std::string owner;           // principal
  std::string via;             // created through: "sense", "http", "cli", "config"
  WallTime created;
  WallTime updated;
  std::vector<TypePattern> types;      // none: all types
  std::vector<SourcePattern> sources;  // none: all sources
  SubscriptionFilter filter;           // members filter and filters; none: all events
  std::string callback;                // URI; its scheme determines the gateway
  std::optional<WallTime> expires;     // absent only for subscriptions from the configuration
  Duration period{0};                  // granted lease; 0 when expires is absent
  SubscriptionState state = SubscriptionState::pending;
  // Of management events only those about the owner's subscriptions: set by the broker, where the
  // owner has no right to list. Always false when the types do not name their namespace.
  bool own_only = false;
  std::string reason;              // why suspended or ended
  std::string challenge_hash;      // sha256_hex of the token that verifies a pending callback
  Sparse<WebhookSecrets> secrets;  // of an HTTP callback; of a mailbox for leave_token()
  Sparse<WebSub> websub;           // of a subscription by WebSub
  std::string edition;             // wanted payload form; "": any
  std::string language;            // wanted language, a basic range of RFC 4647; "": any
  DeliveryOptions delivery;
  // Names of 1 to 64 octets, values of at most 256.
  std::map<std::string, std::string, std::less<>> labels;

  friend bool operator==(const Subscription&, const Subscription&) = default;
};

// Subscriptions are shared, not copied; a change makes a new one.
using SubscriptionRef = std::shared_ptr<const Subscription>;

// Whether the subscription selects the event and it is for its owner: types, sources, since,
// audience and except (`owner_names`; empty: the owner's name alone), edition and language (an
// event without one has any), filter, whose expression must not fail, and filters. Events of the
// service itself (namespace management_namespace) match only a type pattern that names this
// namespace; test events: test_event.hpp.
[[nodiscard]] bool matches(const Subscription& subscription, const Event& event,
                           std::span<const std::string> owner_names = {});
// Likewise, while the filter takes no more than `steps`, which it spends.
[[nodiscard]] bool matches(const Subscription& subscription, const Event& event, FilterSteps& steps,
                           std::span<const std::string> owner_names = {});

// Why a subscription is suspended whose filter takes more steps than its owner may use. While it
// is, no event is matched to it.
inline constexpr std::string_view filter_too_dear = "the filter takes too many steps";
[[nodiscard]] bool suspended_for_filter(const Subscription& subscription);

// Whether its owner comes and asks for the events (callback "pull:"), so that none is sent.
[[nodiscard]] inline bool is_pulled(const Subscription& subscription) {
  return subscription.callback == "pull:";
}

// Whether it was made by WebSub.
[[nodiscard]] inline bool is_websub(const Subscription& subscription) {
  return !subscription.websub->topic.empty();
}
// Whether it was, and its callback is to be asked about a change.
[[nodiscard]] inline bool has_intent(const Subscription& subscription) {
  return subscription.websub->intent.kind != WebSub::Intent::Kind::none;
}

// Whether its types name the management events.
[[nodiscard]] bool names_management(const Subscription& subscription);

inline constexpr std::string_view management_namespace = "urn:sense:management";
// Events between gateways of one kind; delivered to no subscription.
inline constexpr std::string_view gateway_namespace = "urn:sense:gateway";
// The broker's audit trail, for auditors on the bus; likewise.
inline constexpr std::string_view audit_namespace = "urn:sense:audit";

// JSON, the form in the registry, in the management events and in the HTTP interface. Members are
// those of docs/subscriptions.md. `to_json` leaves challenge_hash and secrets out unless `secrets`.
[[nodiscard]] std::string to_json(const Subscription& subscription, bool secrets);
// Strict about types and limits, at most 1 MiB (else datatoobig) and 16 levels; unknown members are
// refused by name. The error's field is the outermost member that is wrong.
[[nodiscard]] Result<Subscription> subscription_from_json(std::string_view json);
// A subscription as its owner asks for it: only the members callback, types, sources, filter,
// filters, period, edition, language, delivery, labels and secret; period is 0 when it is absent.
// As strict.
[[nodiscard]] Result<Subscription> requested_subscription_from_json(std::string_view json);
// The data of the event that announces a change: the subscription without secrets, its callback
// redacted (redacted_callback.hpp), the principal, and the reason.
[[nodiscard]] std::string change_to_json(const Subscription& subscription, std::string_view by,
                                         std::string_view reason);
// The same for gateways, with the whole subscription: JSON as to_json returns it.
// change_from_json: absent when the text is not such data, or redacted.
[[nodiscard]] std::string whole_change_to_json(std::string_view subscription, std::string_view by,
                                               std::string_view reason);
// What such data says. A value.
struct AnnouncedChange {
  Result<Subscription> subscription;  // fails as subscription_from_json does
  std::string reason;
};
[[nodiscard]] std::optional<AnnouncedChange> change_from_json(std::string_view json);
// The part of a subscription that the registry needs without parsing all of it.
struct SubscriptionHead {
  std::string owner;                // empty: none
  std::optional<WallTime> expires;  // absent: never
};
// Parses these members only, for a million entries at a start. Detects fewer errors than
// subscription_from_json, and describes them in less detail.
[[nodiscard]] Result<SubscriptionHead> peek_subscription(std::string_view json);
// The owner of a subscription, also of one written by a newer version. Empty when it names none.
[[nodiscard]] std::string owner_from_json(std::string_view text);

// Checks limits and syntax that do not depend on the serving gateway: pattern counts, callback URI,
// labels, delivery bounds. The id may be absent, for it is made when the subscription is created.
// The error names the member, in its sentence and as its field.
[[nodiscard]] Status validate(const Subscription& subscription);

}  // namespace sense
