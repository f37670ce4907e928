// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "tests/simulation/host.hpp"

namespace sense::simulation {

// Redriving dead letters of the store. A refused one is checked: there has to be a reason.
class Redrives {
 public:
  Redrives(Context& context, Broker& broker, const Store& store, Checkpoints& checkpoints,
           Host& host)
      : context_(context), broker_(broker), store_(store), checkpoints_(checkpoints), host_(host) {}

  // Up to twenty, at random, with crashes between; nothing while the host is down.
  void redrive_some();
  // REQUIRES: the host is up.
  void redrive_all();

 private:
  void redrive(std::uint64_t id);
  void check_refusal(const Store::StoredDeadLetter& dead_letter, const Error& refusal);

  Context& context_;
  Broker& broker_;
  const Store& store_;
  Checkpoints& checkpoints_;
  Host& host_;
};

}  // namespace sense::simulation
