// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <unistd.h>

#include <filesystem>
#include <map>
#include <optional>

#include "gateways/host/failover/failover.hpp"
#include "gateways/host/store/checkpoint_writer.hpp"
#include "gateways/host/subscriptions/announcement.hpp"
#include "gateways/host/subscriptions/subscription_follower.hpp"
#include "tests/gateways/engine_fixture.hpp"
#include "tests/gateways/host/hub.hpp"

// Several gateways of one kind in virtual time; their stores are real.
namespace sense::testing {

// A gateway without engine and plugin: its progress is a queue for each text.
struct Member {
  static constexpr std::array<Scheme, 1> schemes{{{"test", {}}}};

  Hub& hub;
  std::filesystem::path folder;
  HubBus bus{hub};
  std::optional<GatewayStore> store;
  std::optional<GatewayDirectory> directory;
  std::optional<RegistryReader> reader;
  std::optional<Announcement> announcement;
  Counters counters;
  std::optional<Failover> failover;
  std::uint64_t position = 0;
  int led = 0;
  int renewed = 0;
  std::string lost;

  Member(Hub& around, std::filesystem::path place, const std::string& name, bool take_over = false,
         const std::string& pair = {})
      : hub(around), folder(std::move(place)) {
    auto opened = GatewayStore::open(folder.string());
    BOOST_REQUIRE_MESSAGE(opened.has_value(), opened.error().message);
    store.emplace(std::move(*opened));
    const auto later = [this, alive = bus.alive()](Duration pause, std::function<void()> task) {
      hub.later(pause, [alive, task = std::move(task)] {
        if (!alive.expired()) task();
      });
    };
    directory.emplace(name, schemes);
    reader.emplace(bus, [later](std::function<void()> task) {
      later(std::chrono::seconds{1}, std::move(task));
    });
    announcement.emplace(bus, name, schemes, [later](std::function<void()> task) {
      later(std::chrono::seconds{1}, std::move(task));
    });
    failover.emplace(
        bus, *store, hub.clock, name, "test", folder.string(), take_over, pair, counters,
        Failover::Callbacks{[later](std::function<void()> task) { later(Duration{0}, task); },
                            later, [this] { announcement->write({}); }, [this] { lead(); },
                            [this] { ++renewed; },
                            [this](const Status& why) { lost = why.error().message; }});
    failover->begin();
  }
  void lead() {
    ++led;
    reader->read(
        {"gateway"}, [this](const auto& entry) { directory->add(entry); },
        [this](std::uint64_t listed) {
          directory->complete(listed);
          failover->require_lease(!directory->is_alone());
          failover->serve(!directory->is_alone());
          follow(listed);
        });
  }
  void follow(std::uint64_t from) {
    bus.follow(from, {"{"}, [this](const Batch& batch) {
      for (const auto& event : batch.events)
        if (!failover->on_event(*event) && directory->on_event(*event))
          failover->require_lease(!directory->is_alone());
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
  Member& start(const std::string& name, bool take_over = false, const std::string& pair = {}) {
    members[name] = std::make_unique<Member>(hub, place / name, name, take_over, pair);
    hub.advance(std::chrono::milliseconds{100});
    return *members[name];
  }
  // As kill -9.
  void kill(const std::string& name) { members.erase(name); }
};

}  // namespace sense::testing
