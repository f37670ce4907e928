// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <functional>
#include <map>
#include <memory>
#include <optional>
#include <set>
#include <string>
#include <vector>

#include "gateways/host/engine/engine.hpp"
#include "tests/simulation/ledger.hpp"

namespace sense::simulation {

// An engine, a hundred callbacks, a journal and a store in memory, in virtual time, driven by one
// seed. It plays the part of the host (host.cpp): follow, perform, checkpoint, crash, restart.
class World {
 public:
  explicit World(std::uint64_t seed);

  // Days of traffic with crashes, then quiet, then a last event for every subscription. The first
  // broken invariant as text; empty when all held.
  [[nodiscard]] std::string run();
  // What happened, for the log.
  [[nodiscard]] std::string summary() const;

 private:
  struct Entry {  // of the journal
    std::uint64_t sequence = 0;
    EventRef event;       // or
    SubscriptionRef put;  // or
    std::string end;      // the id
    std::string reason;
    bool notify = false;
  };
  struct Store {
    std::uint64_t position = 0;
    std::map<std::string, Engine::SavedQueue> queues;
    std::map<std::pair<std::string, std::uint64_t>, Engine::SavedDelivery> deliveries;
    std::map<std::uint64_t, EventRef> events;
    struct StoredDeadLetter {
      std::string subscription;
      EventRef event;
    };
    std::map<std::uint64_t, StoredDeadLetter> dead_letters;  // by id
    std::uint64_t last_dead_letter = 0;
  };
  struct Redrive {
    std::uint64_t number = 0;  // 1, 2, ...
    std::uint64_t dead_letter = 0;
    std::string subscription;
    std::uint64_t sequence = 0;
  };
  struct Settled {  // a number that is never to be attempted again, unless the host crashes first
    std::set<std::uint64_t>* among = nullptr;
    std::uint64_t number = 0;
    std::uint64_t sequence = 0;  // of its event; 0: it has none
  };
  struct Unsaved {
    std::uint64_t position = 0;
    Engine::Checkpoint delta;
    std::vector<Engine::DeadLetter> dead_letters;
    std::vector<Settled> settled;
    std::vector<Redrive> redriven;
    bool whole = true;  // not as of the checkpoint before
  };

  // Time.
  void at(Duration after, std::function<void()> task);
  bool step(MonoTime until);
  void advance_to(MonoTime time);
  void run_until(MonoTime until);

  // The broker's part.
  void append(Entry entry);
  void publish(bool for_all);
  void change_something();
  void create();
  void end(const std::string& id, std::string reason, bool notify);
  void change_state(const std::string& id, SubscriptionState state);
  Subscription random_subscription();
  void choose_options(DeliveryOptions& delivery);
  void traffic();
  std::string random_live();

  // The host's part.
  void follow();
  void apply(const Entry& entry);
  void perform();
  void suspend(const Engine::Suspension& suspension);
  void attempt(Engine::Deliver& deliver);
  void on_result(std::uint64_t attempt_id, const Delivery& delivery, const Attempt& answer);
  void checkpoint();
  void settle(Settled settled);
  [[nodiscard]] Unsaved collect();
  void store(const Unsaved& unsaved);
  void keep_dead_letter(const Engine::DeadLetter& dead_letter);
  void redrive_something();
  void redrive(std::uint64_t dead_letter);
  void redrive_everything();
  void crash();
  void restore(Engine& engine);
  [[nodiscard]] bool maybe_crash(std::uint64_t chances);

  // What must hold.
  void broken(const std::string& promise);
  void check_attempt(const Ledger& ledger, const Delivery& delivery);
  void check_event(Ledger& ledger, const Delivery& delivery);
  void check_due(const Ledger& ledger, const Delivery& delivery, const Ledger::Owed& owed);
  void check_order(const Ledger& ledger, const Delivery& delivery);
  void check_pace(Ledger& ledger, const Delivery& delivery);
  void check_window(Ledger& ledger, const Delivery& delivery);
  void check_window_time(const Ledger& ledger, const Delivery& delivery);
  void check_collected(const std::string& id, const Ledger& ledger);
  void check_gap(const Ledger& ledger, const Delivery& delivery);
  void check_dead_letter(const Ledger& ledger, const Engine::DeadLetter& dead_letter);
  void check_checkpoint();
  void check_end();
  void check_numbers(const std::string& id, const Ledger& ledger);

  Random random_;
  Engine::Defaults defaults_;
  // Nearly everything is delivered at once: most checkpoints are lagged.
  const bool smooth_;
  VirtualClock clock_;
  std::multimap<MonoTime, std::function<void()>> agenda_;
  std::vector<Entry> journal_;
  std::map<std::string, Ledger> ledgers_;
  std::uint64_t events_ = 0;
  bool crashes_allowed_ = true;
  bool traffic_over_ = false;

  Store store_;
  std::unique_ptr<Engine> engine_;
  std::uint64_t life_ = 0;
  std::uint64_t position_ = 0;
  bool follow_planned_ = false;
  bool crash_now_ = false;
  std::optional<Unsaved> unsaved_;
  std::vector<Engine::DeadLetter> new_dead_letters_;
  std::vector<Settled> settled_;
  std::vector<Redrive> redriven_;  // in no checkpoint yet
  std::set<std::uint64_t>
      redriving_;  // their dead letters, and those of the checkpoint being stored
  MonoTime checkpointed_{};
  std::optional<std::uint64_t> position_before_;  // since the last start, at the last checkpoint
  bool changed_ = false;

  std::string broken_;
  std::uint64_t attempts_ = 0, deliveries_ = 0, dead_letters_ = 0, checkpoints_ = 0,
                lagged_checkpoints_ = 0, replayed_ = 0;
  std::uint64_t redrives_ = 0, redrives_lost_ = 0;
  std::uint64_t expired_ = 0, loaded_ = 0, digests_ = 0, suspensions_ = 0, superseded_ = 0;
};

}  // namespace sense::simulation
