// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "tests/simulation/context.hpp"
#include "tests/simulation/ledger.hpp"

namespace sense::simulation {

// What must hold whenever a delivery is attempted or given up, by the ledger of its subscription. A
// promise that does not is recorded in the context.
class AttemptChecks {
 public:
  explicit AttemptChecks(Context& context) : context_(context) {}

  // The ledger has it under way.
  void attempt(Ledger& ledger, const Delivery& delivery);
  // One in the store.
  void dead_letter(const Ledger& ledger, const Engine::DeadLetter& dead_letter);

 private:
  // The subscription may be served now.
  void admission(const Ledger& ledger, const Delivery& delivery);
  // Whether the gateway must have read by now what was appended then.
  [[nodiscard]] bool must_know(MonoTime appended) const;
  void meaning(Ledger& ledger, const Delivery& delivery, std::uint64_t number,
               std::uint64_t sequence);
  void count(const Ledger& ledger, const Delivery& delivery);
  void latency(const Ledger& ledger, const Delivery& delivery, const Ledger::Owed& owed);
  void event(Ledger& ledger, const Delivery& delivery);
  void due(const Ledger& ledger, const Delivery& delivery, const Ledger::Owed& owed);
  void order(Ledger& ledger, const Delivery& delivery);
  // Rate and probes.
  void pace(Ledger& ledger, const Delivery& delivery);
  void window(Ledger& ledger, const Delivery& delivery);
  void window_time(const Ledger& ledger, const Delivery& delivery);
  void gap(const Ledger& ledger, const Delivery& delivery);

  Context& context_;
};

}  // namespace sense::simulation
