// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <functional>
#include <map>
#include <string>
#include <vector>

#include "tests/simulation/context.hpp"
#include "tests/simulation/ledger.hpp"

namespace sense::simulation {

// The broker's part: the journal and the registry, and beside them the ledger of each subscription,
// which says what the journal owes it. It never crashes.
class Broker {
 public:
  struct Entry {  // of the journal
    std::uint64_t sequence = 0;
    EventRef event;       // or
    SubscriptionRef put;  // or
    std::string end;      // the id
    std::string reason;
    bool notify = false;
  };

  explicit Broker(Context& context) : context_(context) {}
  // What is called behind each entry that is appended.
  void on_append(std::function<void()> wake) { wake_ = std::move(wake); }

  void publish(Event event);
  void create(Subscription subscription, Endpoint callback);
  // Another version of a subscription that is there.
  void put(Subscription changed);
  void change_state(const std::string& id, SubscriptionState state);
  // Nothing, when it has ended already.
  void end(const std::string& id, std::string reason, bool notify);

  // Sequence 1 first.
  [[nodiscard]] const std::vector<Entry>& journal() const { return journal_; }
  [[nodiscard]] std::map<std::string, Ledger>& ledgers() { return ledgers_; }

 private:
  void append(Entry entry);

  Context& context_;
  std::function<void()> wake_;
  std::vector<Entry> journal_;
  std::map<std::string, Ledger> ledgers_;  // by id
};

}  // namespace sense::simulation
