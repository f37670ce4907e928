// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <atomic>
#include <functional>
#include <thread>

#include "broker/journal/reader.hpp"
#include "broker/journal/request.hpp"
#include "core/bus/mailbox.hpp"

namespace sense {

// The thread `sense-reader`: answers FETCH and HEAD. Owns the read-only connection to the journal.
class ReaderLoop {
 public:
  using OnDamage = std::function<void(Journal::Range)>;
  // Answers go to `results`, which must outlive it. `on_damage` is called on the thread.
  ReaderLoop(Reader reader, bus::Mailbox<Outgoing>& results, OnDamage on_damage)
      : reader_(std::move(reader)), results_(results), on_damage_(std::move(on_damage)) {}
  ~ReaderLoop() { stop(); }

  void start();
  // Ends the thread; requests that wait are not answered. Again: no effect.
  void stop();
  // Any thread.
  void put(IncomingRef request) { requests_.put(std::move(request)); }

 private:
  void run();

  Reader reader_;
  bus::Mailbox<Outgoing>& results_;
  OnDamage on_damage_;
  bus::Mailbox<IncomingRef> requests_;
  std::atomic<bool> stopping_ = false;
  std::thread thread_;
};

}  // namespace sense
