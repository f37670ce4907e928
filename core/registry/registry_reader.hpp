// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <functional>
#include <optional>
#include <string>

#include "core/bus/bus.hpp"
#include "core/subscription/subscription.hpp"

namespace sense {

// Reads all subscriptions of the registry, page by page. Reactor thread; the bus must outlive it.
class RegistryReader {
 public:
  // Runs a task later, when the broker did not answer; drops it once the reader's owner is gone.
  using RetryLater = std::function<void(std::function<void()>)>;
  // nullopt: this version cannot read it, which is logged. It stays in the registry.
  using Each = std::function<void(const std::string& id, std::optional<Subscription>)>;
  // `sequence`: all changes up to it are included; later ones may be.
  using Done = std::function<void(std::uint64_t sequence)>;
  RegistryReader(RegistryClient& bus, RetryLater retry_later)
      : bus_(bus), retry_later_(std::move(retry_later)) {}

  // One call at a time.
  void read(Each each, Done done);
  void stop() { stopped_ = true; }

 private:
  void read_after(const std::string& after);

  RegistryClient& bus_;
  RetryLater retry_later_;
  Each each_;
  Done done_;
  std::uint64_t sequence_ = 0;
  bool stopped_ = false;
};

}  // namespace sense
