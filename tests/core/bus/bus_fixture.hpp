// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <boost/test/unit_test.hpp>
#include <condition_variable>
#include <deque>
#include <mutex>
#include <set>

#include "core/bus/bus.hpp"
#include "core/bus/protocol.hpp"
#include "tests/broker/ingest_fixture.hpp"
#include "tests/broker/running_broker.hpp"

namespace sense {

// The executor of a bus: its tasks run where the test waits.
class TestExecutor {
 public:
  [[nodiscard]] Executor executor() {
    return [this](std::function<void()> task) {
      const std::lock_guard lock(mutex_);
      tasks_.push_back(std::move(task));
      ready_.notify_one();
    };
  }
  void until(const std::function<bool()>& done) {
    const auto end = std::chrono::steady_clock::now() + std::chrono::seconds{60};
    while (!done()) {
      std::function<void()> task;
      {
        std::unique_lock lock(mutex_);
        // Some conditions come true without a task: looked at now and then.
        ready_.wait_for(lock, std::chrono::milliseconds{10}, [this] { return !tasks_.empty(); });
        BOOST_REQUIRE_MESSAGE(std::chrono::steady_clock::now() < end, "not within a minute");
        if (tasks_.empty()) continue;
        task = std::move(tasks_.front());
        tasks_.pop_front();
      }
      task();
    }
  }

 private:
  std::mutex mutex_;
  std::condition_variable ready_;
  std::deque<std::function<void()>> tasks_;
};

struct BusFixture {
  explicit BusFixture(RunningBroker& broker, const std::function<void(BusOptions&)>& change = {}) {
    BusOptions options;
    options.service = broker.endpoints().service;
    options.events = broker.endpoints().events;
    options.resend_after = std::chrono::milliseconds{200};
    options.executor = loop.executor();
    if (change) change(options);
    auto made = connect_zmq_bus(options);
    BOOST_REQUIRE_MESSAGE(made, (made ? "" : made.error().message));
    bus = std::move(*made);
  }

  Result<Receipt> publish(Event event) {
    return wait<Receipt>([&](auto done) { bus->publish(std::move(event), done); });
  }
  template <class T>
  Result<T> wait(const std::function<void(std::function<void(Result<T>)>)>& call) {
    std::optional<Result<T>> answer;
    call([&answer](Result<T> result) { answer = std::move(result); });
    loop.until([&] { return answer.has_value(); });
    return *answer;
  }
  // Publishes without waiting.
  void post(const std::string& id, const std::string& type = "{urn:a}one") {
    ++posted;
    bus->publish(make_event(id, type), [this](Result<Receipt> receipt) {
      ++answered;
      if (!receipt) return errors.push_back(receipt.error());
      if (!receipt->duplicate) sequences.insert(receipt->sequence);
    });
  }
  void follow(std::uint64_t after, std::vector<std::string> prefixes) {
    position = after;
    bus->follow(after, std::move(prefixes), [this](Batch batch) {
      for (const auto& event : batch.events) {
        in_order = in_order && event->sequence > position;
        position = event->sequence;
        followed.push_back(event->id);
      }
      in_order = in_order && batch.position >= position && batch.lost_from == 0;
      position = batch.position;
      if (resume) bus->resume();
    });
  }

  TestExecutor loop;
  std::size_t posted = 0;
  std::size_t answered = 0;
  std::vector<Error> errors;
  std::set<std::uint64_t> sequences;
  std::uint64_t position = 0;
  std::vector<std::string> followed;
  bool in_order = true;
  bool resume = true;
  std::unique_ptr<Bus> bus;
};

}  // namespace sense
