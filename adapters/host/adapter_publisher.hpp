// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "core/bus/bus.hpp"

namespace sense {

// What an adapter's plugin publishes with: events of SENSE's own namespaces are refused with
// noaccess, although the process may have the right to them, so that what a device sends manages
// nothing, whatever a plugin makes of it. Any thread; all arguments must outlive it.
class AdapterPublisher final : public Publisher {
 public:
  // `post` runs a task soon, on the thread of the answers.
  AdapterPublisher(Publisher& publisher, Executor post)
      : publisher_(publisher), post_(std::move(post)) {}

  void publish(const Event& event, Done done) override;

 private:
  Publisher& publisher_;
  const Executor post_;
};

}  // namespace sense
