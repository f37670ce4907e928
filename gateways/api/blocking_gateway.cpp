// SPDX-License-Identifier: Apache-2.0
#include "gateways/api/blocking_gateway.hpp"

#include <boost/asio/io_context.hpp>
#include <boost/asio/post.hpp>
#include <boost/asio/thread_pool.hpp>
#include <exception>
#include <set>
#include <utility>

namespace sense {

namespace {

using Continuation = std::function<void()>;

Attempt not_made(std::string why) { return Attempt::retry(std::move(why)); }
Verification not_asked(std::string why) { return {Verification::Outcome::failed, std::move(why)}; }

template <class Outcome>
Outcome run(const std::function<Outcome()>& job, Outcome (*failed)(std::string)) {
  try {
    return job();
  } catch (const std::exception& problem) {
    return failed(std::string("the attempt ended with an exception: ") + problem.what());
  } catch (...) {
    return failed("the attempt ended with an exception");
  }
}

}  // namespace

// The jobs that are not answered yet, and the threads.
class BlockingPool::Queue : public std::enable_shared_from_this<Queue> {
 public:
  Queue(boost::asio::io_context& reactor, unsigned threads, std::size_t unfinished_max)
      : reactor_(reactor), unfinished_max_(unfinished_max), workers_(threads) {}

  template <class Outcome>
  void submit(std::function<Outcome()> job, std::function<void(Outcome)> done,
              Outcome (*failed)(std::string)) {
    if (stopped_) return done(failed("this gateway is stopping"));
    if (unfinished_.size() >= unfinished_max_)
      return done(failed("too many attempts are in progress in this gateway"));
    const auto entry = std::make_shared<Entry>();
    entry->answer = [done, failed] { done(failed("this gateway is stopping")); };
    unfinished_.insert(entry);
    boost::asio::post(workers_, [this, weak = weak_from_this(), entry, job = std::move(job), done,
                                 failed]() mutable {
      auto outcome = run(std::exchange(job, nullptr), failed);
      entry->answer = [done = std::move(done), outcome = std::move(outcome)] { done(outcome); };
      // This thread is joined before the queue ends; what it posts may run behind that.
      boost::asio::post(reactor_, [weak, entry] {
        if (const auto alive = weak.lock()) alive->answer(entry);
      });
    });
  }

  void stop() {
    if (std::exchange(stopped_, true)) return;
    workers_.stop();
    workers_.join();
    while (!unfinished_.empty()) answer(*unfinished_.begin());
  }

 private:
  // `answer` belongs to the job's thread from its begin to its end.
  struct Entry {
    Continuation answer;
  };

  void answer(std::shared_ptr<Entry> entry) {
    if (unfinished_.erase(entry) != 0) std::exchange(entry->answer, nullptr)();
  }

  boost::asio::io_context& reactor_;
  const std::size_t unfinished_max_;
  bool stopped_ = false;
  std::set<std::shared_ptr<Entry>> unfinished_;
  boost::asio::thread_pool workers_;  // last: its threads end before what they use
};

BlockingPool::BlockingPool(boost::asio::io_context& reactor, unsigned threads,
                           std::size_t unfinished_max)
    : queue_(std::make_shared<Queue>(reactor, threads, unfinished_max)) {}

BlockingPool::~BlockingPool() { stop(); }

void BlockingPool::submit(Job job, AttemptDone done) {
  queue_->submit<Attempt>(std::move(job), std::move(done), not_made);
}

void BlockingPool::submit(VerificationJob job, VerificationDone done) {
  queue_->submit<Verification>(std::move(job), std::move(done), not_asked);
}

void BlockingPool::stop() { queue_->stop(); }

void BlockingGateway::deliver(std::shared_ptr<const Delivery> delivery, AttemptDone done) {
  pool_.submit([this, delivery = std::move(delivery)] { return deliver_blocking(*delivery); },
               std::move(done));
}

void BlockingGateway::verify(SubscriptionRef subscription, std::string token,
                             VerificationDone done) {
  pool_.submit([this, subscription = std::move(subscription),
                token = std::move(token)] { return verify_blocking(*subscription, token); },
               std::move(done));
}

}  // namespace sense
