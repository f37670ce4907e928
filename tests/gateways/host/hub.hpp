// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <algorithm>
#include <functional>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "broker/registry/leaders.hpp"
#include "broker/registry/management_event.hpp"
#include "core/bus/bus.hpp"
#include "core/subscription/subscription.hpp"
#include "tests/gateways/make.hpp"

// A broker in memory and in virtual time, for gateways that share it.
namespace sense::testing {

// The broker: a registry in which one gateway may lead, and a journal.
struct Hub {
  VirtualClock clock;
  Leaders leaders;
  std::map<std::pair<std::string, std::string>, RegistryEntry> entries;
  std::vector<EventRef> journal;
  std::multimap<MonoTime, std::function<void()>> timers;
  ProofTable proofs;
  std::uint64_t sequence = 0;
  std::function<void(const Event&)> on_append;  // called for each event
  std::vector<std::function<void()>> reading;   // called once, at the next event

  void later(Duration pause, std::function<void()> task) {
    timers.emplace(clock.now().mono + pause, std::move(task));
  }
  std::uint64_t append(Event event) {
    event.sequence = ++sequence;
    journal.push_back(std::make_shared<const Event>(std::move(event)));
    if (on_append) on_append(*journal.back());
    for (const auto& wake : std::exchange(reading, {})) wake();
    return sequence;
  }
  // Runs the next timer that is due until then; false: there is none.
  bool step(MonoTime end) {
    const auto next = timers.begin();
    if (next == timers.end() || next->first > end) return false;
    clock.advance(std::max(Duration{0}, next->first - clock.now().mono));
    const auto task = std::move(next->second);
    timers.erase(next);
    task();
    return true;
  }
  void advance(Duration by) {
    const auto end = clock.now().mono + by;
    while (step(end)) {
    }
    clock.advance(end - clock.now().mono);
  }

  // The event by which the broker announces the entry.
  [[nodiscard]] Event change_of(const RegistryEntry& entry, const std::string& reason = {}) const {
    const auto now = clock.now().wall;
    auto change =
        entry.kind == "subscription"
            ? whole_subscription_event(entry.key, with_revision(entry), "tester", reason, now)
            : entry_event(entry, "changed", "tester", {}, now);
    change.principal = "broker";
    return change;
  }
  // As the broker's registry does it. Fails with badcontext when it has changed meanwhile.
  Result<std::uint64_t> put_subscription(RegistryEntry entry) {
    const auto held = entries.find({entry.kind, entry.key});
    const auto revision = held == entries.end() ? 0 : held->second.revision;
    if (revision != entry.revision) return fail(Code::badcontext, "has changed meanwhile");
    auto wanted = *subscription_from_json(entry.value);
    entry.revision = wanted.revision = sequence + 1;
    const bool was_active = revision != 0 && subscription_from_json(held->second.value)->state !=
                                                 SubscriptionState::pending;
    if (!was_active && wanted.state == SubscriptionState::active) wanted.since = entry.revision;
    entry.value = to_json(wanted, true);
    entries[{entry.kind, entry.key}] = entry;
    return append(change_of(entry));
  }
  Result<std::uint64_t> end_subscription(const std::string& id, const std::string& reason) {
    const auto held = entries.find({"subscription", id});
    if (held == entries.end()) return fail(Code::notfound, "is not there");
    auto ended = *subscription_from_json(held->second.value);
    ended.state = SubscriptionState::ended;
    ended.reason = reason;
    entries.erase(held);
    return append(change_of({"subscription", id, sequence + 1, to_json(ended, true)}, reason));
  }

 private:
  static std::string with_revision(const RegistryEntry& entry) {
    auto subscription = *subscription_from_json(entry.value);
    subscription.revision = entry.revision;
    return to_json(subscription, true);
  }
};

// One gateway's connection. While it is `away`, requests are answered later.
class HubBus final : public Bus {
 public:
  explicit HubBus(Hub& hub) : hub_(hub) {}

  bool away = false;
  std::optional<Error> refusal;            // to publish
  std::function<bool(const Event&)> lose;  // lost on the way to this gateway
  std::vector<Event> published;
  std::uint64_t trimmed = 0;  // events up to this one have left the journal
  std::function<void(const std::string& kind)> on_list;  // a page was read, and is on its way

  void registry_get(std::string kind, std::string key, Answer<RegistryEntry> done,
                    const ServedClient&) override {
    ask([=, this] {
      const auto found = hub_.entries.find({kind, key});
      if (found == hub_.entries.end()) return done(fail(Code::notfound, "is not there"));
      done(found->second);
    });
  }
  void registry_put(RegistryEntry entry, std::string, Answer<std::uint64_t> done,
                    const ServedClient&) override {
    ask([=, this]() mutable {
      const auto found = hub_.entries.find({entry.kind, entry.key});
      const auto* current = found == hub_.entries.end() ? nullptr : &found->second;
      if (entry.kind == leader_kind) {
        if (auto status = hub_.leaders.check(entry, current, hub_.clock.now()); !status)
          return done(tl::unexpected(status.error()));
        hub_.leaders.hold(entry, hub_.clock.now());
      }
      if (current != nullptr && current->value == entry.value) return done(current->revision);
      if (entry.kind == "subscription") return done(hub_.put_subscription(std::move(entry)));
      entry.revision = hub_.sequence + 1;
      (void)hub_.append(hub_.change_of(entry));
      hub_.entries[{entry.kind, entry.key}] = entry;
      done(entry.revision);
    });
  }
  void registry_remove(std::string kind, std::string key, std::uint64_t, std::string reason,
                       Answer<std::uint64_t> done, const ServedClient&) override {
    ask([=, this] {
      if (kind == leader_kind) hub_.leaders.release(key);
      if (kind == "subscription") return done(hub_.end_subscription(key, reason));
      done(hub_.sequence);
    });
  }
  void registry_list(std::string kind, std::string after, std::uint32_t, Answer<RegistryPage> done,
                     const ServedClient&) override {
    ask([=, this] {
      RegistryPage page;
      page.sequence = hub_.sequence;
      for (const auto& [place, entry] : hub_.entries)
        if (place.first == kind && place.second > after) page.entries.push_back(entry);
      if (on_list) on_list(kind);
      done(std::move(page));
    });
  }
  void publish_for(const ServedClient&, const Event& event, Done done) override {
    publish(event, std::move(done));
  }
  void publish(const Event& event, Done done) override {
    ask([=, this] {
      if (refusal) return done(tl::unexpected(*refusal));
      published.push_back(event);
      done(Receipt{hub_.append(event), false});
    });
  }
  void follow(std::uint64_t position, std::vector<std::string> topics,
              std::function<void(Batch)> handler) override {
    position_ = position;
    topics_ = std::move(topics);
    handler_ = std::move(handler);
    resume();
  }
  void resume() override {
    hub_.later(std::chrono::milliseconds{1}, [this, alive = std::weak_ptr(alive_)] {
      if (alive.expired()) return;
      if (away) return resume();
      if (position_ == hub_.sequence)
        return hub_.reading.push_back([this, alive] {
          if (!alive.expired()) resume();
        });
      Batch batch;
      if (position_ < trimmed) {
        batch.lost_from = position_ + 1;
        batch.position = batch.lost_to = position_ = trimmed;
        return handler_(std::move(batch));
      }
      batch.position = hub_.sequence;
      for (; position_ < hub_.sequence; ++position_) {
        const auto& event = hub_.journal[position_];
        if (wants(*event) && !(lose && lose(*event))) batch.events.push_back(event);
      }
      handler_(std::move(batch));
    });
  }
  void fetch(std::uint64_t, std::vector<std::string>, std::size_t, Answer<FetchReply>,
             const ServedClient&) override {}
  void parameters(Answer<std::map<std::string, std::string>>) override {}
  void proofs(std::string, Answer<ProofTable> done) override {
    ask([=, this] { done(hub_.proofs); });
  }
  void report(const ClientRefusal&, std::function<void(Status)> done) override {
    ask([=] { done({}); });
  }
  [[nodiscard]] bool connected() const override { return !away; }
  void close() override {}

  [[nodiscard]] std::weak_ptr<int> alive() const { return alive_; }

 private:
  [[nodiscard]] bool wants(const Event& event) const {
    const auto topic = topic_of(event);
    return std::any_of(topics_.begin(), topics_.end(),
                       [&](const auto& prefix) { return topic.starts_with(prefix); });
  }
  void ask(std::function<void()> answer) {
    hub_.later(std::chrono::milliseconds{1}, [this, answer, alive = std::weak_ptr(alive_)] {
      if (alive.expired()) return;
      if (away) return ask(answer);
      answer();
    });
  }
  Hub& hub_;
  std::shared_ptr<int> alive_ = std::make_shared<int>(0);
  std::uint64_t position_ = 0;
  std::vector<std::string> topics_;
  std::function<void(Batch)> handler_;
};

}  // namespace sense::testing
