// SPDX-License-Identifier: Apache-2.0
#include "tests/simulation/attempt_checks.hpp"

namespace sense::simulation {

using namespace std::chrono_literals;

namespace {

constexpr Duration fast_latency_max = 5s;
constexpr Duration knows_within = 10s;

std::string name_of(const Delivery& delivery) {
  const auto window =
      delivery.window == 0 ? std::string() : " window " + std::to_string(delivery.window);
  return delivery.subscription->id + window + " number " + std::to_string(delivery.number) +
         " attempt " + std::to_string(delivery.attempt);
}

bool names(const std::vector<std::string>& principals, const std::string& principal) {
  return std::find(principals.begin(), principals.end(), principal) != principals.end();
}

std::map<std::uint64_t, std::uint64_t> contents_of(const Delivery& delivery) {
  if (delivery.kind == Delivery::Kind::event) return {{delivery.number, delivery.event->sequence}};
  std::map<std::uint64_t, std::uint64_t> contents;
  for (const auto& content : delivery.contents) contents[content.number] = content.event->sequence;
  return contents;
}

// When its first event came, which may have expired since: the earliest that may have been it.
WallTime opened_at_least(const Ledger& ledger, std::uint64_t window) {
  std::uint64_t behind = 0;
  if (const auto before = ledger.windows.find(window - 1); before != ledger.windows.end())
    for (const auto& [number, sequence] : before->second.contents)
      behind = std::max(behind, sequence);
  auto earliest = WallTime::max();
  for (const auto& owed : ledger.owed) {
    const auto known = ledger.window_of.find(owed.event->sequence);
    const bool elsewhere = known != ledger.window_of.end() && known->second != window;
    const bool late = owed.event->sequence > behind || owed.not_before != WallTime{};
    if (late && !elsewhere) earliest = std::min(earliest, owed.appended);
  }
  return earliest;
}

}  // namespace

void AttemptChecks::attempt(Ledger& ledger, const Delivery& delivery) {
  admission(ledger, delivery);
  pace(ledger, delivery);
  if (delivery.window != 0)
    window(ledger, delivery);
  else if (delivery.kind == Delivery::Kind::event)
    event(ledger, delivery);
  if (delivery.kind == Delivery::Kind::gap) gap(ledger, delivery);
}

bool AttemptChecks::must_know(MonoTime appended) const {
  return context_.now().mono - std::max(appended, context_.serves_since) > knows_within;
}

void AttemptChecks::admission(const Ledger& ledger, const Delivery& delivery) {
  const auto& subscription = *delivery.subscription;
  const bool ended = delivery.kind == Delivery::Kind::ended;
  const bool knows = must_know(ledger.changed);
  if (ledger.end_sequence != 0 && knows && !ended)
    context_.broken(name_of(delivery) + ": attempted after the end");
  if (ended && ledger.end_sequence == 0) context_.broken(name_of(delivery) + ": ended too early");
  const bool paused = subscription.state == SubscriptionState::paused ||
                      (knows && ledger.subscription->state == SubscriptionState::paused);
  if (!ended && paused) context_.broken(name_of(delivery) + ": attempted though paused");
  if (subscription.state == SubscriptionState::pending)
    context_.broken(name_of(delivery) + ": an unverified callback was called");
  if (ledger.gone_heard) context_.broken(name_of(delivery) + ": attempted though gone");
  if (!ended &&
      ledger.under_way.size() > subscription.delivery.window.value_or(context_.defaults.window))
    context_.broken(name_of(delivery) + ": more attempts in flight than the window");
  if (delivery.kind != Delivery::Kind::digest && (!delivery.event || delivery.event->id.empty()))
    context_.broken(name_of(delivery) + ": has no event");
}

void AttemptChecks::event(Ledger& ledger, const Delivery& delivery) {
  const auto* owed = ledger.find(delivery.event->sequence);
  if (delivery.number == 0 || owed == nullptr)
    return context_.broken(name_of(delivery) + ": an event that is not owed");
  if (owed->event->id != delivery.event->id)
    context_.broken(name_of(delivery) + ": is " + delivery.event->id + " and should be " +
                    owed->event->id);
  // The journal alone says which number an event has.
  if (!ledger.renumbered &&
      (delivery.number > ledger.owed.size() ||
       ledger.owed[delivery.number - 1].event->sequence != delivery.event->sequence))
    context_.broken(name_of(delivery) + ": not the number of event " + delivery.event->id);
  due(ledger, delivery, *owed);
  if (delivery.subscription->delivery.ordered()) order(ledger, delivery);
  meaning(ledger, delivery, delivery.number, delivery.event->sequence);
  const auto acknowledged = ledger.acknowledged.find(delivery.number);
  if (acknowledged != ledger.acknowledged.end() && !context_.is_forgotten(acknowledged->second))
    context_.broken(name_of(delivery) + ": repeated though its delivery was not forgotten");
  const auto given_up = ledger.given_up.find(delivery.number);
  if (!ledger.renumbered && given_up != ledger.given_up.end() &&
      !context_.is_forgotten(given_up->second))
    context_.broken(name_of(delivery) + ": attempted though a gap has named it");
  count(ledger, delivery);
  latency(ledger, delivery, *owed);
}

// The same number means the same event for ever, and an event has one number.
void AttemptChecks::meaning(Ledger& ledger, const Delivery& delivery, std::uint64_t number,
                            std::uint64_t sequence) {
  const auto meant = ledger.meant.try_emplace(number, sequence).first->second;
  if (meant != sequence)
    context_.broken(name_of(delivery) + ": number " + std::to_string(number) + " was event " +
                    std::to_string(meant) + " before, and is " + std::to_string(sequence));
  const auto before = ledger.number_of.try_emplace(sequence, number).first->second;
  if (before != number && !ledger.renumbered)
    context_.broken(name_of(delivery) + ": the event had number " + std::to_string(before));
}

void AttemptChecks::count(const Ledger& ledger, const Delivery& delivery) {
  const auto before = ledger.attempts.find(delivery.number);
  if (before != ledger.attempts.end() && before->second + 1 != delivery.attempt)
    context_.broken(name_of(delivery) + ": the attempt before was " +
                    std::to_string(before->second));
  const auto& sparse = *delivery.subscription->delivery.sparse;
  const auto most = delivery.subscription->delivery.retry_count.value_or(
      static_cast<std::uint32_t>(context_.defaults.pauses.size() + 1));
  const bool counted =
      !sparse.retry_span && sparse.suspend_after.value_or(context_.defaults.suspend_after) == 0;
  if (counted && delivery.attempt > most + context_.life)
    context_.broken(name_of(delivery) + ": too many attempts");
}

// A callback that works, and asks for nothing special, waits for no other.
void AttemptChecks::latency(const Ledger& ledger, const Delivery& delivery,
                            const Ledger::Owed& owed) {
  const auto& options = *delivery.subscription->delivery.sparse;
  if (options != SparseOptions{} || owed.event->notbefore || ledger.renumbered) return;
  const Duration since_append = context_.now().wall - owed.appended;
  const Duration since_start = context_.now().mono - context_.serves_since - knows_within;
  if (ledger.endpoint.behaviour() == Behaviour::fast && !context_.traffic_over &&
      std::min(since_append, since_start) > fast_latency_max)
    context_.broken(name_of(delivery) + ": a callback that works was made to wait");
}

void AttemptChecks::due(const Ledger& ledger, const Delivery& delivery, const Ledger::Owed& owed) {
  const auto now = context_.now().wall;
  const auto& event = *owed.event;
  const auto name = name_of(delivery) + " event " + event.id;
  if (owed.expires && *owed.expires <= now) context_.broken(name + ": delivered though expired");
  if (now < owed.not_before) context_.broken(name + ": delivered too early");
  const auto& owner = ledger.subscription->owner;
  if (names(event.except, owner) || (!event.audience.empty() && !names(event.audience, owner)))
    context_.broken(name + ": delivered to one who was left out");
}

// Of one source in the order of the journal: the first time, and again after each crash. What was
// given up before a crash that forgot it may be attempted in the life after it.
void AttemptChecks::order(Ledger& ledger, const Delivery& delivery) {
  if (ledger.renumbered) return;
  auto& reached = ledger.reached[delivery.event->source];
  auto& reached_now = ledger.reached_now[delivery.event->source];
  const bool first_time =
      !ledger.meant.contains(delivery.number) && !ledger.given_up.contains(delivery.number);
  if (delivery.number < reached_now || (first_time && delivery.number < reached))
    context_.broken(name_of(delivery) + ": was overtaken by number " + std::to_string(reached));
  reached = std::max(reached, delivery.number);
  reached_now = delivery.number;
}

void AttemptChecks::pace(Ledger& ledger, const Delivery& delivery) {
  const auto now = context_.now().mono;
  const bool ended = delivery.kind == Delivery::Kind::ended;
  const auto& sparse = *delivery.subscription->delivery.sparse;
  // The end notice is not subject to the rate.
  if (sparse.rate && ledger.last_attempt && !ended &&
      now - *ledger.last_attempt < Duration{std::chrono::seconds{1}} / *sparse.rate)
    context_.broken(name_of(delivery) + ": faster than its rate");
  ledger.last_attempt = now;
  if (!ledger.next_probe || ended) return;
  if (now < *ledger.next_probe) context_.broken(name_of(delivery) + ": attempted though suspended");
  if (ledger.under_way.size() > 1) context_.broken(name_of(delivery) + ": more than one probe");
  ledger.next_probe = now + context_.defaults.probe_first;
}

// The same number means the same event for ever, a window has the same events in each repeat (but
// for those that have expired meanwhile), and no event is in two windows.
void AttemptChecks::window(Ledger& ledger, const Delivery& delivery) {
  const auto name = name_of(delivery);
  const auto contents = contents_of(delivery);
  if (contents.empty()) context_.broken(name + ": a window with nothing in it");
  const auto acknowledged = ledger.windows_acknowledged.find(delivery.window);
  if (acknowledged != ledger.windows_acknowledged.end() &&
      !context_.is_forgotten(acknowledged->second))
    context_.broken(name + ": repeated though its delivery was not forgotten");
  const auto [place, fresh] = ledger.windows.try_emplace(delivery.window);
  if (fresh) ++context_.totals.digests;
  for (const auto& [number, sequence] : contents) {
    const auto* owed = ledger.find(sequence);
    if (owed == nullptr) return context_.broken(name + ": an event that is not owed");
    due(ledger, delivery, *owed);
    if (fresh) place->second.contents.emplace(number, sequence);
    const auto before = place->second.contents.find(number);
    if (before == place->second.contents.end() || before->second != sequence)
      context_.broken(name + ": has changed since its first attempt");
    if (ledger.window_of.try_emplace(sequence, delivery.window).first->second != delivery.window &&
        !ledger.renumbered)
      context_.broken(name + ": an event that was in another window already");
    meaning(ledger, delivery, number, sequence);
  }
  std::set<std::string> sources;
  for (const auto& [number, sequence] : contents)
    if (!sources.insert(ledger.find(sequence)->event->source).second &&
        delivery.subscription->delivery.only_latest())
      context_.broken(name + ": more than the latest of a source");
  window_time(ledger, delivery);
  place->second.last_attempt = context_.now().mono;
}

void AttemptChecks::window_time(const Ledger& ledger, const Delivery& delivery) {
  const auto now = context_.now();
  const auto& sparse = *delivery.subscription->delivery.sparse;
  const auto& window = ledger.windows.at(delivery.window);
  if (sparse.digest && sparse.digest->interval && !sparse.digest->count && !ledger.renumbered &&
      now.wall < opened_at_least(ledger, delivery.window) + *sparse.digest->interval)
    context_.broken(name_of(delivery) + ": before its interval was over");
  if (sparse.digest && window.contents.size() > sparse.digest->count.value_or(Digest::count_max))
    context_.broken(name_of(delivery) + ": more than its count");
  if (!sparse.min_interval) return;
  for (const auto& [id, other] : ledger.windows)
    if (id != delivery.window && now.mono - other.last_attempt < *sparse.min_interval)
      context_.broken(name_of(delivery) + ": within the interval of window " + std::to_string(id));
}

void AttemptChecks::gap(const Ledger& ledger, const Delivery& delivery) {
  for (auto number = delivery.number; number <= delivery.number_last; ++number) {
    const auto acknowledged = ledger.acknowledged.find(number);
    if (acknowledged != ledger.acknowledged.end() && !context_.is_forgotten(acknowledged->second))
      context_.broken(name_of(delivery) + ": a gap of what was delivered");
    if (ledger.collects() || ledger.renumbered) continue;  // the journal does not say the number
    if (number == 0 || number > ledger.owed.size())
      return context_.broken(name_of(delivery) + ": a gap of what is not owed");
    const auto& expires = ledger.owed[number - 1].expires;
    if (delivery.reason == "expired" && (!expires || *expires > context_.now().wall))
      context_.broken(name_of(delivery) + ": a gap that says expired");
  }
}

void AttemptChecks::dead_letter(const Ledger& ledger, const Engine::DeadLetter& dead_letter) {
  const auto name = dead_letter.subscription + " number " + std::to_string(dead_letter.number);
  if (ledger.drops()) return context_.broken(name + ": a dead letter that was to be dropped");
  if (dead_letter.number == 0 || ledger.find(dead_letter.sequence) == nullptr)
    return context_.broken(name + ": a dead letter of what is not owed");
  if (!ledger.collects() && !ledger.renumbered &&
      (dead_letter.number > ledger.owed.size() ||
       ledger.owed[dead_letter.number - 1].event->sequence != dead_letter.sequence))
    return context_.broken(name + ": a dead letter with another event");
  const auto fewest = ledger.subscription->delivery.retry_count.value_or(
      static_cast<std::uint32_t>(context_.defaults.pauses.size() + 1));
  const bool by_span = ledger.subscription->delivery.sparse->retry_span.has_value();
  if (dead_letter.reason == "undeliverable" && dead_letter.attempts < fewest && !by_span)
    context_.broken(name + ": given up after " + std::to_string(dead_letter.attempts) +
                    " attempts");
}

}  // namespace sense::simulation
