// SPDX-License-Identifier: Apache-2.0
#include "core/subscription/dead_letter_request.hpp"

#include <numeric>

#include "core/base/hash.hpp"
#include "core/base/json.hpp"
#include "core/base/text.hpp"
#include "core/subscription/management_event.hpp"
#include "core/subscription/subscription.hpp"

namespace sense {

namespace {

constexpr std::string_view redrive = "dead-letters-redrive";
constexpr std::string_view purge = "dead-letters-purge";
constexpr std::string_view redriven = "dead-letters-redriven";
constexpr std::string_view purged = "dead-letters-purged";
constexpr std::string_view progress = "dead-letters-progress";

tl::unexpected<Error> wrong_request(const std::string& why) {
  return fail(Code::badparam, "dead letters: " + why);
}

Status read_member(const std::string& name, JsonView value, DeadLetterSelection& selection) {
  const auto text = value.text();
  if (const auto number = value.natural(); name == "id" && number && *number <= INT64_MAX) {
    selection.id = static_cast<std::int64_t>(*number);
  } else if (name == "subscription" && text) {
    selection.subscription = *text;
  } else if (name == "since" && text) {
    const auto time = parse_rfc3339(*text);
    if (!time) return tl::unexpected(time.error());
    selection.since = *time;
  } else if (const auto all = value.boolean(); name == "all" && all) {
    selection.all = *all;
  } else {
    return wrong_request("the selection has a member '" + printable(name.substr(0, 64)) +
                         "' that is not known, or is of another type; known are id (a number), "
                         "subscription, since (RFC 3339) and all (true)");
  }
  return {};
}

Result<DeadLetterSelection> selection_of(JsonView json) {
  if (!json.is_object()) return wrong_request("the selection is not a JSON object");
  DeadLetterSelection selection;
  Status status;
  json.each_member([&](const std::string& name, JsonView value) {
    status = read_member(name, value, selection);
    return status.has_value();
  });
  if (!status) return tl::unexpected(status.error());
  if (status = validate(selection); !status) return tl::unexpected(status.error());
  return selection;
}

std::string_view name_of(const DeadLetterOutcome& outcome) {
  if (!outcome.finished) return progress;
  return outcome.asked.action == DeadLetterAction::redrive ? redriven : purged;
}

std::uint64_t number_in(JsonView json, std::string_view name) {
  return json.find(name).natural().value_or(0);
}

std::string text_in(JsonView json, std::string_view name) {
  return json.find(name).text().value_or("");
}

}  // namespace

std::string_view to_text(DeadLetterRefusal refusal) {
  switch (refusal) {
    case DeadLetterRefusal::expired: return "expired";
    case DeadLetterRefusal::subscription_gone: return "subscription-gone";
    case DeadLetterRefusal::not_for_owner: return "not-for-owner";
    case DeadLetterRefusal::event_lost: return "event-lost";
    case DeadLetterRefusal::no_room: return "no-room";
  }
  return "no-room";
}

Status validate(const DeadLetterSelection& selection) {
  const bool some = !selection.subscription.empty() || selection.since;
  if (selection.id < 0) return wrong_request("an id is a positive number");
  if (int{selection.id != 0} + int{selection.all} + int{some} > 1)
    return wrong_request("id and all exclude other members");
  if (selection.id == 0 && !selection.all && !some)
    return wrong_request("nothing is selected: name an id, a subscription, a time, or all");
  return {};
}

std::uint64_t DeadLetterOutcome::refused_in_all() const {
  return std::accumulate(refused.begin(), refused.end(), std::uint64_t{0});
}

bool is_about_dead_letters(const QName& type) {
  if (type.ns() != management_namespace) return false;
  const auto local = type.local();
  return local == redrive || local == purge || local == redriven || local == purged ||
         local == progress;
}

std::optional<DeadLetterAction> requested_action(const QName& type) {
  if (type.ns() != management_namespace) return std::nullopt;
  if (type.local() == redrive) return DeadLetterAction::redrive;
  if (type.local() == purge) return DeadLetterAction::purge;
  return std::nullopt;
}

std::string to_json(const DeadLetterSelection& selection) {
  JsonObject json;
  if (selection.id != 0) json.put("id", selection.id);
  if (!selection.subscription.empty()) json.put("subscription", selection.subscription);
  if (selection.since) json.put("since", to_rfc3339(*selection.since));
  if (selection.all) json.put("all", true);
  return json.take();
}

Result<DeadLetterSelection> dead_letter_selection_from_json(std::string_view text) {
  if (text.size() > dead_letter_request_length_max)
    return wrong_request("the selection is longer than 4096 octets");
  const auto json = JsonDocument::parse(text);
  return selection_of(json ? json->root() : JsonView());
}

Event dead_letter_request_event(const std::string& gateway, const DeadLetterRequest& request,
                                WallTime now) {
  return management_event(request.action == DeadLetterAction::redrive ? redrive : purge,
                          "dead-letters", gateway, to_json(request.selection), now);
}

Result<DeadLetterRequest> dead_letter_request(const Event& event) {
  const auto action = requested_action(event.type);
  if (!action) return wrong_request("this event is no request");
  auto selection = dead_letter_selection_from_json(event.data);
  if (!selection) return tl::unexpected(selection.error());
  return DeadLetterRequest{*action, std::move(*selection)};
}

Event dead_letter_outcome_event(const DeadLetterOutcome& outcome, WallTime now) {
  JsonObject refused;
  for (std::size_t i = 0; i < dead_letter_refusals; ++i)
    if (outcome.refused[i] != 0)
      refused.put(to_text(static_cast<DeadLetterRefusal>(i)), outcome.refused[i]);
  const auto* done = outcome.asked.action == DeadLetterAction::redrive ? "redriven" : "purged";
  JsonObject data;
  data.put("gateway", outcome.gateway).put("request", outcome.request).put("by", outcome.by);
  data.put_raw("selection", to_json(outcome.asked.selection)).put(done, outcome.done);
  data.put_raw("refused", refused.take());
  if (!outcome.error.empty()) data.put("error", outcome.error);
  auto event = management_event(name_of(outcome), "gateway/" + outcome.gateway, outcome.gateway,
                                data.take(), now);
  // Not by the sequence alone, which restarts with a replaced journal.
  if (outcome.finished)
    event.id = "dead-letters-" + std::to_string(outcome.request) + "-" +
               std::to_string(stable_hash(outcome.correlation));
  event.correlationid = outcome.correlation;
  return event;
}

Result<DeadLetterOutcome> dead_letter_outcome(const Event& event) {
  if (!is_about_dead_letters(event.type) || requested_action(event.type))
    return wrong_request("this event is no outcome");
  const auto document = JsonDocument::parse(event.data);
  const auto json = document ? document->root() : JsonView();
  if (!json.is_object()) return wrong_request("the outcome cannot be read");
  DeadLetterOutcome outcome;
  outcome.finished = event.type.local() != progress;
  outcome.gateway = text_in(json, "gateway");
  outcome.request = number_in(json, "request");
  outcome.correlation = event.correlationid;
  outcome.by = text_in(json, "by");
  outcome.error = text_in(json, "error");
  const bool purging = json.find("purged").exists();
  outcome.asked.action = purging ? DeadLetterAction::purge : DeadLetterAction::redrive;
  outcome.done = number_in(json, purging ? "purged" : "redriven");
  const auto selection = json.find("selection");
  if (selection.exists())
    if (auto read = selection_of(selection)) outcome.asked.selection = std::move(*read);
  const auto refused = json.find("refused");
  if (!refused.exists()) return outcome;
  for (std::size_t i = 0; i < dead_letter_refusals; ++i)
    outcome.refused[i] = number_in(refused, to_text(static_cast<DeadLetterRefusal>(i)));
  return outcome;
}

}  // namespace sense
