// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <boost/asio/executor_work_guard.hpp>
#include <boost/asio/io_context.hpp>
#include <memory>
#include <string>

#include "core/bus/bus.hpp"
#include "core/subscription/subscription.hpp"
#include "tests/bench/harness/children.hpp"

namespace sense::bench {

// A client of the broker at ipc://service and ipc://events in this folder, with the loop that it
// and web hooks run in. In the thread that made it; the children must outlive it.
class BusClient {
 public:
  explicit BusClient(Children& children) : children_(children) {}
  ~BusClient();
  BusClient(const BusClient&) = delete;
  BusClient& operator=(const BusClient&) = delete;

  [[nodiscard]] Status connect();
  [[nodiscard]] boost::asio::io_context& io() { return io_; }

  // Straight into the registry and active: whether the callback agrees is not what is measured.
  void put(Subscription subscription);
  void publish(Event event);
  // Puts and publishes that are not answered yet.
  [[nodiscard]] std::size_t unanswered() const { return unanswered_; }

  // Both fail as soon as an answer or a child has failed.
  [[nodiscard]] Status run_for(Duration time);
  // timeout, which names `what`, after 30 s in which `condition` did not hold.
  [[nodiscard]] Status run_until(const std::function<bool()>& condition, const std::string& what);

 private:
  [[nodiscard]] Status run_once(Duration most);

  Children& children_;
  boost::asio::io_context io_{1};
  // Without it the loop would not wait when nothing is to do, and take a processor from the others.
  boost::asio::executor_work_guard<boost::asio::io_context::executor_type> work_{
      boost::asio::make_work_guard(io_)};
  std::unique_ptr<Bus> bus_;
  std::size_t unanswered_ = 0;
  MonoTime looked_{};
  Status failure_;
};

}  // namespace sense::bench
