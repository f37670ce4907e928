// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <condition_variable>
#include <functional>
#include <mutex>
#include <optional>
#include <string>
#include <thread>
#include <vector>

#include "broker/journal/fair_queue.hpp"
#include "broker/journal/reader.hpp"
#include "broker/journal/request.hpp"
#include "core/base/counters.hpp"
#include "core/bus/mailbox.hpp"
#include "core/config/settings.hpp"

namespace sense {

// The thread `sense-reader`: gives the requests with long answers their turns, one at a time and
// fair to each principal, when there is room for the answer. Answers FETCH and HEAD; LIST is passed
// on to the owner of the registry. Owns the read-only connection to the journal.
class ReaderLoop {
 public:
  // What the loop calls on its thread.
  struct Hooks {
    std::function<void(Journal::Range)> on_damage;
    std::function<void(IncomingRef)> pass_on;  // a LIST that has its turn, to be answered
  };

  // `settings`: of broker_options(). Answers go to `results`. All must outlive it.
  ReaderLoop(Reader reader, const Settings& settings, AnswerBudget& answers, Counters& counters,
             bus::Mailbox<Outgoing>& results, Hooks hooks);
  // REQUIRES: libzmq holds no answers any more.
  ~ReaderLoop();

  void start();
  // Ends the thread; requests that wait are not answered. Again: no effect.
  void stop();
  // Any thread. False: too much of the principal waits; the request is not taken, which is counted.
  [[nodiscard]] bool put(IncomingRef& request);
  // Any thread. The client has gone: its requests are not answered.
  void drop(const std::string& principal, const std::string& client);

 private:
  // A request that has its turn.
  [[nodiscard]] std::optional<IncomingRef> next();
  [[nodiscard]] bool reserve(Incoming& incoming);
  void run();
  void serve(IncomingRef incoming);

  Reader reader_;
  AnswerBudget& answers_;
  Counters& counters_;
  bus::Mailbox<Outgoing>& results_;
  const Hooks hooks_;

  std::mutex mutex_;
  std::condition_variable changed_;  // queue_, room for answers, stopping_
  FairQueue<IncomingRef> queue_;
  bool stopping_ = false;
  std::thread thread_;
};

}  // namespace sense
