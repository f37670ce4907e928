// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <array>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

#include "core/base/clock.hpp"
#include "core/base/error.hpp"
#include "core/event/event.hpp"

// What is asked of a gateway's dead letters, and what became of it: events of type
// {urn:sense:management}dead-letters-… (docs/management-events.md). A request's subject is the
// gateway's name and its data the selection; the answer names the request by its sequence. The
// broker takes all of them from who may manage, and from nobody else. Pure functions but for fresh
// ids; any thread.
namespace sense {

enum class DeadLetterAction : std::uint8_t {
  redrive,  // deliver them after all
  purge,    // throw them away
};

// Which dead letters of one gateway. Either `id`, or `all`, or one or both of the others.
struct DeadLetterSelection {
  std::int64_t id = 0;              // this one; 0: it is not said
  std::string subscription{};       // of this subscription
  std::optional<WallTime> since{};  // that died then or later
  bool all = false;

  friend bool operator==(const DeadLetterSelection&, const DeadLetterSelection&) = default;
};
// Fails with badparam when it selects nothing, or says two things at once.
[[nodiscard]] Status validate(const DeadLetterSelection& selection);

struct DeadLetterRequest {
  DeadLetterAction action = DeadLetterAction::redrive;
  DeadLetterSelection selection;

  friend bool operator==(const DeadLetterRequest&, const DeadLetterRequest&) = default;
};
// Data of a request that is longer than this is none.
inline constexpr std::size_t dead_letter_request_length_max = 4096;

// Why a dead letter stays one.
enum class DeadLetterRefusal : std::uint8_t {
  expired,            // its event
  subscription_gone,  // it has ended, or is not served by this gateway any more
  not_for_owner,      // the event's audience leaves out who owns the subscription now
  event_lost,         // the store has it no more, or damaged
  no_room,            // too many deliveries wait for the subscription, and none gets through
};
inline constexpr std::size_t dead_letter_refusals = 5;
// "expired", "subscription-gone" …
[[nodiscard]] std::string_view to_text(DeadLetterRefusal refusal);

// What became of a request, or how far it is.
struct DeadLetterOutcome {
  std::string gateway;
  std::uint64_t request = 0;  // its sequence
  std::string correlation;    // its id
  DeadLetterRequest asked;
  std::string by;          // who asked
  std::uint64_t done = 0;  // redriven or purged
  std::array<std::uint64_t, dead_letter_refusals> refused{};
  std::string error;  // why it was not acted on, or not to its end
  bool finished = true;

  [[nodiscard]] std::uint64_t refused_in_all() const;
};

// Whether a type belongs here, and which request it is, if it is one.
[[nodiscard]] bool is_about_dead_letters(const QName& type);
[[nodiscard]] std::optional<DeadLetterAction> requested_action(const QName& type);

// REQUIRES: the selection is valid.
[[nodiscard]] Event dead_letter_request_event(const std::string& gateway,
                                              const DeadLetterRequest& request, WallTime now);
// Strict: a member that is not known might have narrowed the selection. Fails with badparam.
[[nodiscard]] Result<DeadLetterRequest> dead_letter_request(const Event& event);

// The last answer to a request has the same id whenever it is made, so that it is stored once.
[[nodiscard]] Event dead_letter_outcome_event(const DeadLetterOutcome& outcome, WallTime now);
[[nodiscard]] Result<DeadLetterOutcome> dead_letter_outcome(const Event& event);

// The selection as JSON, and back; for events and for stores.
[[nodiscard]] std::string to_json(const DeadLetterSelection& selection);
[[nodiscard]] Result<DeadLetterSelection> dead_letter_selection_from_json(std::string_view text);

}  // namespace sense
