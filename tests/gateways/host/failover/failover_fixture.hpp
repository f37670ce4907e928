// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <unistd.h>

#include <filesystem>
#include <map>
#include <optional>

#include "broker/registry/leaders.hpp"
#include "broker/registry/management_event.hpp"
#include "gateways/host/failover/failover.hpp"
#include "gateways/host/store/checkpoint_writer.hpp"
#include "tests/gateways/engine_fixture.hpp"

// Several gateways of one kind with a broker in memory and virtual time; their stores are real.
namespace sense::testing {

// The broker: a registry in which one gateway may lead, and a journal.
struct Hub {
  VirtualClock clock;
  Leaders leaders;
  std::map<std::pair<std::string, std::string>, RegistryEntry> entries;
  std::vector<EventRef> journal;
  std::multimap<MonoTime, std::function<void()>> timers;
  std::uint64_t sequence = 0;

  void later(Duration pause, std::function<void()> task) {
    timers.emplace(clock.now().mono + pause, std::move(task));
  }
  void advance(Duration by) {
    const auto end = clock.now().mono + by;
    while (!timers.empty() && timers.begin()->first <= end) {
      const auto next = timers.begin();
      clock.advance(std::max(Duration{0}, next->first - clock.now().mono));
      const auto task = std::move(next->second);
      timers.erase(next);
      task();
    }
    clock.advance(end - clock.now().mono);
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

  void registry_get(std::string kind, std::string key, Answer<RegistryEntry> done) override {
    ask([=, this] {
      const auto found = hub_.entries.find({kind, key});
      if (found == hub_.entries.end()) return done(fail(Code::notfound, "is not there"));
      done(found->second);
    });
  }
  void registry_put(RegistryEntry entry, std::string, Answer<std::uint64_t> done) override {
    ask([=, this]() mutable {
      const auto found = hub_.entries.find({entry.kind, entry.key});
      const auto* current = found == hub_.entries.end() ? nullptr : &found->second;
      if (entry.kind == leader_kind) {
        if (auto status = hub_.leaders.check(entry, current, hub_.clock.now()); !status)
          return done(tl::unexpected(status.error()));
        hub_.leaders.hold(entry, hub_.clock.now());
      }
      if (current != nullptr && current->value == entry.value) return done(current->revision);
      auto change = entry_event(entry, "changed", "tester", {}, hub_.clock.now().wall);
      change.principal = "broker";
      entry.revision = append(std::move(change));
      hub_.entries[{entry.kind, entry.key}] = entry;
      done(entry.revision);
    });
  }
  void registry_remove(std::string, std::string key, std::uint64_t, std::string,
                       Answer<std::uint64_t> done) override {
    ask([=, this] {
      hub_.leaders.release(key);
      done(hub_.sequence);
    });
  }
  void registry_list(std::string kind, std::string, std::uint32_t,
                     Answer<RegistryPage> done) override {
    ask([=, this] {
      RegistryPage page;
      page.sequence = hub_.sequence;
      for (const auto& [place, entry] : hub_.entries)
        if (place.first == kind) page.entries.push_back(entry);
      done(std::move(page));
    });
  }
  void publish(const Event& event, Done done) override {
    ask([=, this] {
      if (refusal) return done(tl::unexpected(*refusal));
      published.push_back(event);
      done(Receipt{append(event), false});
    });
  }
  void follow(std::uint64_t position, std::vector<std::string>,
              std::function<void(Batch)> handler) override {
    position_ = position;
    handler_ = std::move(handler);
    resume();
  }
  void resume() override {
    hub_.later(std::chrono::milliseconds{1}, [this, alive = std::weak_ptr(alive_)] {
      if (alive.expired()) return;
      if (away || position_ == hub_.sequence) return resume();
      Batch batch;
      batch.position = hub_.sequence;
      for (const auto& event : hub_.journal)
        if (event->sequence > position_ && !(lose && lose(*event))) batch.events.push_back(event);
      position_ = hub_.sequence;
      handler_(std::move(batch));
    });
  }
  void fetch(std::uint64_t, std::vector<std::string>, std::size_t, Answer<FetchReply>) override {}
  void parameters(Answer<std::map<std::string, std::string>>) override {}
  [[nodiscard]] bool connected() const override { return !away; }
  void close() override {}

  [[nodiscard]] std::weak_ptr<int> alive() const { return alive_; }

 private:
  void ask(std::function<void()> answer) {
    hub_.later(std::chrono::milliseconds{1}, [this, answer, alive = std::weak_ptr(alive_)] {
      if (alive.expired()) return;
      if (away) return ask(answer);
      answer();
    });
  }
  std::uint64_t append(Event event) {
    event.sequence = ++hub_.sequence;
    hub_.journal.push_back(std::make_shared<const Event>(std::move(event)));
    return hub_.sequence;
  }

  Hub& hub_;
  std::shared_ptr<int> alive_ = std::make_shared<int>(0);
  std::uint64_t position_ = 0;
  std::function<void(Batch)> handler_;
};

// A gateway without engine and plugin: its progress is a queue for each text.
struct Member {
  static constexpr std::array<std::string_view, 1> schemes{"test"};

  Hub& hub;
  std::filesystem::path folder;
  HubBus bus{hub};
  std::optional<GatewayStore> store;
  std::optional<GatewayDirectory> directory;
  std::optional<Failover> failover;
  std::uint64_t position = 0;
  int led = 0;
  int renewed = 0;
  std::string lost;

  Member(Hub& around, std::filesystem::path place, const std::string& name, bool take_over = false)
      : hub(around), folder(std::move(place)) {
    auto opened = GatewayStore::open(folder.string());
    BOOST_REQUIRE_MESSAGE(opened.has_value(), opened.error().message);
    store.emplace(std::move(*opened));
    const auto later = [this, alive = bus.alive()](Duration pause, std::function<void()> task) {
      hub.later(pause, [alive, task = std::move(task)] {
        if (!alive.expired()) task();
      });
    };
    directory.emplace(bus, name, schemes,
                      GatewayDirectory::Callbacks{[later](std::function<void()> task) {
                                                    later(std::chrono::seconds{1}, task);
                                                  },
                                                  [this] { failover->on_directory_changed(); }});
    failover.emplace(
        bus, *store, *directory, hub.clock, name, "test", folder.string(), take_over,
        Failover::Callbacks{[later](std::function<void()> task) { later(Duration{0}, task); },
                            later, [this] { lead(); }, [this] { ++renewed; },
                            [this](const Status& why) { lost = why.error().message; }});
    directory->load();
    failover->begin();
  }
  void lead() {
    ++led;
    bus.follow(hub.sequence, {}, [this](const Batch& batch) {
      for (const auto& event : batch.events)
        if (!failover->on_event(*event)) (void)directory->on_event(*event);
      bus.resume();
    });
  }
  // Stores the text, as a checkpoint does. Returns whether standbys can have it.
  std::shared_ptr<bool> save(const std::string& text) {
    Engine::Checkpoint checkpoint;
    checkpoint.queues.push_back({ref(subscription_of(text, {"{urn:a}x"})), 1, false, 0, {}});
    BOOST_REQUIRE(store->save(++position, checkpoint, {}, hub.clock.now()));
    const auto done = std::make_shared<bool>(false);
    failover->saved(false, [done] { *done = true; });
    return done;
  }
  [[nodiscard]] std::vector<std::string> has() {
    Engine engine({}, 1);
    BOOST_REQUIRE(store->restore(engine, hub.clock.now()));
    std::vector<std::string> texts;
    for (const auto& subscription : engine.subscriptions()) texts.push_back(subscription->id);
    return texts;
  }
};

struct FailoverFixture {
  Hub hub;
  std::filesystem::path place = std::filesystem::temp_directory_path() /
                                ("sense_failover_tests_" + std::to_string(::getpid()));
  std::map<std::string, std::unique_ptr<Member>> members;

  FailoverFixture() { std::filesystem::remove_all(place); }
  ~FailoverFixture() {
    members.clear();
    std::filesystem::remove_all(place);
  }
  Member& start(const std::string& name, bool take_over = false) {
    members[name] = std::make_unique<Member>(hub, place / name, name, take_over);
    hub.advance(std::chrono::milliseconds{100});
    return *members[name];
  }
  // As kill -9.
  void kill(const std::string& name) { members.erase(name); }
};

}  // namespace sense::testing
