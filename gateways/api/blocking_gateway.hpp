// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <boost/asio/io_context.hpp>
#include <boost/asio/post.hpp>
#include <condition_variable>
#include <cstddef>
#include <deque>
#include <exception>
#include <functional>
#include <memory>
#include <mutex>
#include <thread>
#include <unordered_map>
#include <utility>
#include <vector>

#include "gateways/api/gateway.hpp"

// For gateways whose attempts block: they run on a few worker threads, and their outcomes are
// reported on the reactor's thread. Header only, so that a plugin built out of tree needs no
// further library.
namespace sense {

// A few threads and a bounded queue of attempts. submit() and stop() on the reactor's thread; jobs
// run on the workers; every `done` is called exactly once on the reactor's thread.
class BlockingPool {
 public:
  using Job = std::function<Attempt()>;

  // `threads` at least 1. Accepts at most `unfinished_max` attempts at a time; further ones
  // complete with retry at once. The reactor outlives the pool.
  BlockingPool(boost::asio::io_context& reactor, unsigned threads, std::size_t unfinished_max)
      : shared_(std::make_shared<Shared>(reactor)), unfinished_max_(unfinished_max) {
    for (unsigned i = 0; i < threads; ++i)
      workers_.emplace_back([shared = shared_] { work(*shared); });
  }
  ~BlockingPool() { stop(); }
  BlockingPool(const BlockingPool&) = delete;
  BlockingPool& operator=(const BlockingPool&) = delete;

  void submit(Job job, AttemptDone done) {
    if (workers_.empty()) return done(Attempt::retry("this gateway is stopping"));
    if (shared_->unfinished.size() >= unfinished_max_)
      return done(Attempt::retry("too many attempts are in progress in this gateway"));
    const auto id = ++shared_->last_id;
    shared_->unfinished.emplace(id, std::move(done));
    {
      const std::lock_guard lock(shared_->mutex);
      shared_->waiting.emplace_back(id, std::move(job));
    }
    shared_->wake.notify_one();
  }

  // Waits for the jobs that run; completes those that have not begun with retry.
  void stop() {
    {
      const std::lock_guard lock(shared_->mutex);
      shared_->stopping = true;
    }
    shared_->wake.notify_all();
    for (auto& worker : workers_) worker.join();
    workers_.clear();
    shared_->report_finished();
    auto left = std::exchange(shared_->unfinished, {});
    for (auto& [id, done] : left) done(Attempt::retry("this gateway is stopping"));
  }

 private:
  struct Shared : std::enable_shared_from_this<Shared> {
    explicit Shared(boost::asio::io_context& r) : reactor(r) {}

    void report_finished() {
      std::vector<std::pair<std::uint64_t, Attempt>> taken;
      {
        const std::lock_guard lock(mutex);
        taken.swap(finished);
      }
      for (auto& [id, attempt] : taken)
        if (auto entry = unfinished.extract(id); !entry.empty()) entry.mapped()(std::move(attempt));
    }

    boost::asio::io_context& reactor;
    std::uint64_t last_id = 0;                                  // the reactor's thread only
    std::unordered_map<std::uint64_t, AttemptDone> unfinished;  // the reactor's thread only

    std::mutex mutex;  // guards what follows
    std::condition_variable wake;
    std::deque<std::pair<std::uint64_t, Job>> waiting;
    std::vector<std::pair<std::uint64_t, Attempt>> finished;
    bool stopping = false;
  };

  static Attempt run(const Job& job) {
    // An exception of the plugin ends its attempt, not the process.
    try {
      return job();
    } catch (const std::exception& problem) {
      return Attempt::retry(std::string("the attempt ended with an exception: ") + problem.what());
    } catch (...) {
      return Attempt::retry("the attempt ended with an exception");
    }
  }

  static void work(Shared& shared) {
    std::unique_lock lock(shared.mutex);
    for (;;) {
      shared.wake.wait(lock, [&] { return shared.stopping || !shared.waiting.empty(); });
      if (shared.stopping) return;
      auto [id, job] = std::move(shared.waiting.front());
      shared.waiting.pop_front();
      lock.unlock();
      auto attempt = run(job);
      job = nullptr;
      lock.lock();
      shared.finished.emplace_back(id, std::move(attempt));
      boost::asio::post(shared.reactor, [weak = shared.weak_from_this()] {
        if (const auto alive = weak.lock()) alive->report_finished();
      });
    }
  }

  std::shared_ptr<Shared> shared_;
  std::size_t unfinished_max_;
  std::vector<std::thread> workers_;
};

// A gateway whose attempts block. A plugin derives from it and overrides deliver_blocking() and
// verify(); an override of stop() calls BlockingGateway::stop(). The host has called stop() before
// it destroys a gateway whose start() succeeded; so no worker uses a derived object that is being
// destroyed.
class BlockingGateway : public Gateway {
 public:
  void deliver(std::shared_ptr<const Delivery> delivery, AttemptDone done) final {
    pool_.submit([this, delivery = std::move(delivery)] { return deliver_blocking(*delivery); },
                 std::move(done));
  }
  void stop() override { pool_.stop(); }

 protected:
  explicit BlockingGateway(GatewayContext& context, unsigned threads = 4,
                           std::size_t unfinished_max = 4096)
      : pool_(context.reactor, threads, unfinished_max) {}

  // One attempt, on a worker thread; several at once. May block; ends within bounded time.
  [[nodiscard]] virtual Attempt deliver_blocking(const Delivery& delivery) = 0;

 private:
  BlockingPool pool_;
};

}  // namespace sense
