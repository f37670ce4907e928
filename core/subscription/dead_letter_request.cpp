// SPDX-License-Identifier: Apache-2.0
#include "core/subscription/dead_letter_request.hpp"

#include <nlohmann/json.hpp>
#include <numeric>

#include "core/base/hash.hpp"
#include "core/base/json.hpp"
#include "core/base/text.hpp"
#include "core/subscription/management_event.hpp"
#include "core/subscription/subscription.hpp"

namespace sense {

namespace {

using OrderedJson = nlohmann::ordered_json;

constexpr std::string_view redrive = "dead-letters-redrive";
constexpr std::string_view purge = "dead-letters-purge";
constexpr std::string_view redriven = "dead-letters-redriven";
constexpr std::string_view purged = "dead-letters-purged";
constexpr std::string_view progress = "dead-letters-progress";

tl::unexpected<Error> wrong_request(const std::string& why) {
  return fail(Code::badparam, "dead letters: " + why);
}

OrderedJson json_of(const DeadLetterSelection& selection) {
  OrderedJson json = OrderedJson::object();
  if (selection.id != 0) json["id"] = selection.id;
  if (!selection.subscription.empty()) json["subscription"] = selection.subscription;
  if (selection.since) json["since"] = to_rfc3339(*selection.since);
  if (selection.all) json["all"] = true;
  return json;
}

Status read_member(const std::string& name, const OrderedJson& value,
                   DeadLetterSelection& selection) {
  if (name == "id" && value.is_number_unsigned() && value.get<std::uint64_t>() <= INT64_MAX) {
    selection.id = value.get<std::int64_t>();
  } else if (name == "subscription" && value.is_string()) {
    selection.subscription = value.get<std::string>();
  } else if (name == "since" && value.is_string()) {
    const auto time = parse_rfc3339(value.get_ref<const std::string&>());
    if (!time) return tl::unexpected(time.error());
    selection.since = *time;
  } else if (name == "all" && value.is_boolean()) {
    selection.all = value.get<bool>();
  } else {
    return wrong_request("the selection has a member '" + printable(name.substr(0, 64)) +
                         "' that is not known, or is of another type; known are id (a number), "
                         "subscription, since (RFC 3339) and all (true)");
  }
  return {};
}

Result<DeadLetterSelection> selection_of(const OrderedJson& json) {
  if (!json.is_object()) return wrong_request("the selection is not a JSON object");
  DeadLetterSelection selection;
  for (const auto& [name, value] : json.items())
    if (auto status = read_member(name, value, selection); !status)
      return tl::unexpected(status.error());
  if (auto status = validate(selection); !status) return tl::unexpected(status.error());
  return selection;
}

std::string_view name_of(const DeadLetterOutcome& outcome) {
  if (!outcome.finished) return progress;
  return outcome.asked.action == DeadLetterAction::redrive ? redriven : purged;
}

std::uint64_t number_in(const OrderedJson& json, std::string_view name) {
  const auto found = json.find(name);
  return found != json.end() && found->is_number_unsigned() ? found->get<std::uint64_t>() : 0;
}

std::string text_in(const OrderedJson& json, std::string_view name) {
  const auto found = json.find(name);
  return found != json.end() && found->is_string() ? found->get<std::string>() : std::string();
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
    return wrong_request("an id, and all, each stand alone");
  if (selection.id == 0 && !selection.all && !some)
    return wrong_request("nothing is selected: say an id, a subscription, a time, or all");
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

std::string to_json(const DeadLetterSelection& selection) { return json_text(json_of(selection)); }

Result<DeadLetterSelection> dead_letter_selection_from_json(std::string_view text) {
  if (text.size() > dead_letter_request_length_max)
    return wrong_request("the selection is longer than 4096 octets");
  const auto json = OrderedJson::parse(text, nullptr, /*allow_exceptions=*/false);
  return selection_of(json);
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
  OrderedJson refused = OrderedJson::object();
  for (std::size_t i = 0; i < dead_letter_refusals; ++i)
    if (outcome.refused[i] != 0)
      refused[std::string(to_text(static_cast<DeadLetterRefusal>(i)))] = outcome.refused[i];
  const auto* done = outcome.asked.action == DeadLetterAction::redrive ? "redriven" : "purged";
  OrderedJson data = {{"gateway", outcome.gateway}, {"request", outcome.request},
                      {"by", outcome.by},           {"selection", json_of(outcome.asked.selection)},
                      {done, outcome.done},         {"refused", refused}};
  if (!outcome.error.empty()) data["error"] = outcome.error;
  auto event = management_event(name_of(outcome), "gateway/" + outcome.gateway, outcome.gateway,
                                json_text(data), now);
  // Not by the sequence alone: that of a journal that was replaced begins anew.
  if (outcome.finished)
    event.id = "dead-letters-" + std::to_string(outcome.request) + "-" +
               std::to_string(stable_hash(outcome.correlation));
  event.correlationid = outcome.correlation;
  return event;
}

Result<DeadLetterOutcome> dead_letter_outcome(const Event& event) {
  if (!is_about_dead_letters(event.type) || requested_action(event.type))
    return wrong_request("this event is no answer");
  const auto json = OrderedJson::parse(event.data, nullptr, /*allow_exceptions=*/false);
  if (!json.is_object()) return wrong_request("the answer cannot be read");
  DeadLetterOutcome outcome;
  outcome.finished = event.type.local() != progress;
  outcome.gateway = text_in(json, "gateway");
  outcome.request = number_in(json, "request");
  outcome.correlation = event.correlationid;
  outcome.by = text_in(json, "by");
  outcome.error = text_in(json, "error");
  const bool purging = json.contains("purged");
  outcome.asked.action = purging ? DeadLetterAction::purge : DeadLetterAction::redrive;
  outcome.done = number_in(json, purging ? "purged" : "redriven");
  const auto selection = json.find("selection");
  if (selection != json.end())
    if (auto read = selection_of(*selection)) outcome.asked.selection = std::move(*read);
  const auto refused = json.find("refused");
  if (refused == json.end()) return outcome;
  for (std::size_t i = 0; i < dead_letter_refusals; ++i)
    outcome.refused[i] = number_in(*refused, to_text(static_cast<DeadLetterRefusal>(i)));
  return outcome;
}

}  // namespace sense
