// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <map>
#include <string>

#include "tests/simulation/context.hpp"
#include "tests/simulation/ledger.hpp"

namespace sense::simulation {

// What others than the gateways write to the broker, and the ledger of each subscription, which
// says what the journal owes it. It never crashes.
class Broker {
 public:
  explicit Broker(Context& context);

  void publish(Event event);
  void create(Subscription subscription, Endpoint callback);
  // Another version of a subscription that is there.
  void put(Subscription changed);
  // Nothing, when it has ended already.
  void end(const std::string& id, const std::string& reason);
  // Ends each whose lease is over.
  void expire();
  // Asks the gateways to redrive the dead letters of that subscription, if they have any.
  void redrive(const std::string& id);

  [[nodiscard]] std::map<std::string, Ledger>& ledgers() { return ledgers_; }

 private:
  void on_append(const Event& event);
  void on_change(Subscription subscription, const std::string& reason);
  void check_end(const Ledger& ledger, const std::string& id, const std::string& reason);

  Context& context_;
  std::map<std::string, Ledger> ledgers_;  // by id
  bool writing_ = false;                   // what is appended comes from here
};

}  // namespace sense::simulation
