// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstddef>
#include <functional>
#include <memory>
#include <string>

#include "gateways/api/gateway.hpp"

// For gateways that block: attempts and verifications run on a few worker threads, and their
// outcomes are reported on the reactor's thread. Link sense::sense-gateway-api.
namespace sense {

// A few threads and a bounded queue of jobs: boost::asio::thread_pool with a bound, and with
// answers on the reactor's thread. submit() and stop() on the reactor's thread; jobs run on the
// workers; each `done` is called exactly once on the reactor's thread.
class BlockingPool {
 public:
  using Job = std::function<Attempt()>;
  using VerificationJob = std::function<Verification()>;

  // `threads` at least 1. Accepts at most `unfinished_max` jobs at a time. The reactor outlives the
  // pool.
  BlockingPool(boost::asio::io_context& reactor, unsigned threads, std::size_t unfinished_max);
  ~BlockingPool();  // as stop()
  BlockingPool(const BlockingPool&) = delete;
  BlockingPool& operator=(const BlockingPool&) = delete;

  // An exception ends the job, not the process. It is answered with retry, as is a job that does
  // not begin since there are too many or the pool stops; a verification with failed.
  void submit(Job job, AttemptDone done);
  void submit(VerificationJob job, VerificationDone done);

  // Waits for the jobs that run and reports their outcomes; those that have not begun are answered
  // as above. May be called again.
  void stop();

 private:
  class Queue;
  std::shared_ptr<Queue> queue_;
};

// A gateway that blocks. A plugin derives from it and overrides deliver_blocking() and
// verify_blocking(); an override of stop() calls BlockingGateway::stop(). The host has called
// stop() before it destroys a gateway whose start() succeeded; so no worker uses a derived object
// that is being destroyed.
class BlockingGateway : public Gateway {
 public:
  void deliver(std::shared_ptr<const Delivery> delivery, AttemptDone done) final;
  void verify(SubscriptionRef subscription, std::string token, VerificationDone done) final;
  void stop() override { pool_.stop(); }

 protected:
  explicit BlockingGateway(GatewayContext& context, unsigned threads = 4,
                           std::size_t unfinished_max = 4096)
      : pool_(context.reactor, threads, unfinished_max) {}

  // One attempt, one verification (see Gateway): on a worker thread, several at once with more than
  // one thread. They may block, and end within bounded time.
  [[nodiscard]] virtual Attempt deliver_blocking(const Delivery& delivery) = 0;
  [[nodiscard]] virtual Verification verify_blocking(const Subscription& subscription,
                                                     const std::string& token) = 0;

 private:
  BlockingPool pool_;
};

}  // namespace sense
