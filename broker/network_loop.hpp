// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <atomic>
#include <chrono>
#include <functional>
#include <map>
#include <string>
#include <zmq.hpp>

#include "broker/broker.hpp"
#include "broker/commit_loop.hpp"
#include "broker/event_sender.hpp"
#include "broker/external/external_link.hpp"
#include "broker/plain_input.hpp"
#include "broker/reader_loop.hpp"
#include "broker/security/access_control.hpp"
#include "broker/service_socket.hpp"
#include "core/base/counters.hpp"
#include "core/bus/mailbox.hpp"

namespace sense {

// The thread `sense-network`, the only user of the sockets: passes requests to the commit loop and
// the reader loop, and sends what they put into `results`. Never waits for the disk.
class NetworkLoop {
 public:
  // All must outlive it.
  NetworkLoop(const BrokerConfig& config, CommitLoop& commits, ReaderLoop& reads,
              AnswerBudget& answers, bus::Mailbox<Outgoing>& results, Counters& counters,
              AuditTrail& audit);

  // Makes the sockets and binds the endpoints. An error names the endpoint.
  [[nodiscard]] Status open();
  // As bound by open(): a listener that is bound again takes the same. Any thread, after open().
  [[nodiscard]] const BusEndpoints& endpoints() const { return endpoints_; }
  // The last sequence that was sent; not while run() runs.
  [[nodiscard]] std::uint64_t head() const { return events_.head(); }

  // On the calling thread, until stop(), or until a socket fails for good: then with the reason.
  [[nodiscard]] Status run();
  // Any thread.
  void stop();
  // Runs a task soon, on the thread of run(). Any thread.
  void post(std::function<void()> task);

 private:
  [[nodiscard]] Status run_until_stopped();
  // Waits and works once. False: call it again within milliseconds (AccessControl::update).
  [[nodiscard]] Result<bool> run_once(std::chrono::milliseconds poll);
  void send(Outgoing& out, MonoTime now);
  void dispatch(IncomingRef incoming);
  void read(IncomingRef incoming);
  void commit(IncomingRef incoming);
  [[nodiscard]] RightsRef external_rights() const;
  [[nodiscard]] std::map<std::string, std::string> parameters() const;

  const BrokerConfig& config_;
  CommitLoop& commits_;
  ReaderLoop& reads_;
  bus::Mailbox<Outgoing>& results_;
  Counters& counters_;
  BusEndpoints endpoints_;  // constant after open()
  std::atomic<bool> stopping_ = false;
  bus::Mailbox<std::function<void()>> tasks_;
  std::atomic<bool> has_tasks_ = false;

  zmq::context_t context_{1};
  AccessControl access_control_;
  ServiceSocket service_;
  PlainInput plain_{access_control_, counters_};
  EventSender events_;
  ExternalLink external_{context_, counters_};
};

}  // namespace sense
