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

// Requests about a gateway's dead letters, and their outcomes: events of type
// {urn:sense:management}dead-letters-… (docs/management-events.md). A request's subject is the
// gateway's name and its data the selection; an outcome refers to the request by its sequence. The
// broker accepts these events from principals with the right to manage only. Pure functions except
// for fresh ids; any thread.
namespace sense {

// What becomes of the selected dead letters.
enum class DeadLetterAction : std::uint8_t {
  redrive,  // deliver again
  purge,    // delete
};

// Selects dead letters of one gateway: by `id`, or `all`, or by one or both of the others.
struct DeadLetterSelection {
  std::int64_t id = 0;              // 0: not given
  std::string subscription{};       // its id
  std::optional<WallTime> since{};  // became dead letters then or later
  bool all = false;

  friend bool operator==(const DeadLetterSelection&, const DeadLetterSelection&) = default;
};
// Fails with badparam when it selects nothing, or combines exclusive members.
[[nodiscard]] Status validate(const DeadLetterSelection& selection);

// What a principal with the right to manage asks a gateway for.
struct DeadLetterRequest {
  DeadLetterAction action = DeadLetterAction::redrive;
  DeadLetterSelection selection;

  friend bool operator==(const DeadLetterRequest&, const DeadLetterRequest&) = default;
};
// The greatest length of a request's data.
inline constexpr std::size_t dead_letter_request_length_max = 4096;

// Why a dead letter is not redriven.
enum class DeadLetterRefusal : std::uint8_t {
  expired,            // its event has
  subscription_gone,  // it has ended, or is not served by this gateway any more
  not_for_owner,      // the event's audience excludes the subscription's present owner
  event_lost,         // missing or damaged in the store
  no_room,            // too many deliveries of the subscription wait, without progress
};
inline constexpr std::size_t dead_letter_refusals = 5;
// "expired", "subscription-gone" …
[[nodiscard]] std::string_view to_text(DeadLetterRefusal refusal);

// The outcome of a request, or its progress.
struct DeadLetterOutcome {
  std::string gateway;
  std::uint64_t request = 0;  // its sequence
  std::string correlation;    // its id
  DeadLetterRequest asked;
  std::string by;          // the requesting principal
  std::uint64_t done = 0;  // redriven or purged
  std::array<std::uint64_t, dead_letter_refusals> refused{};
  std::string error;  // why it was refused or not completed
  bool finished = true;

  [[nodiscard]] std::uint64_t refused_in_all() const;
};

// Whether a type is one of these events, and the action, if it is a request.
[[nodiscard]] bool is_about_dead_letters(const QName& type);
[[nodiscard]] std::optional<DeadLetterAction> requested_action(const QName& type);

// REQUIRES: the selection is valid.
[[nodiscard]] Event dead_letter_request_event(const std::string& gateway,
                                              const DeadLetterRequest& request, WallTime now);
// Strict, since an unknown member might narrow the selection. Fails with badparam.
[[nodiscard]] Result<DeadLetterRequest> dead_letter_request(const Event& event);

// The id of a finished outcome depends on the request only, so that it is stored once.
[[nodiscard]] Event dead_letter_outcome_event(const DeadLetterOutcome& outcome, WallTime now);
[[nodiscard]] Result<DeadLetterOutcome> dead_letter_outcome(const Event& event);

// A selection in JSON, for events and for stores.
[[nodiscard]] std::string to_json(const DeadLetterSelection& selection);
[[nodiscard]] Result<DeadLetterSelection> dead_letter_selection_from_json(std::string_view text);

}  // namespace sense
