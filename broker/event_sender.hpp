// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <atomic>
#include <cstdint>
#include <memory>
#include <string>
#include <string_view>
#include <zmq.hpp>

#include "broker/journal/request.hpp"
#include "core/base/clock.hpp"
#include "core/base/counters.hpp"

namespace sense {

// The live stream as it is sent: publications, and the commit watermark behind each group and at
// each heartbeat. Owns the XPUB socket, which AccessControl creates, binds and replaces. Network
// thread.
class EventSender {
 public:
  static constexpr Duration heartbeat = std::chrono::milliseconds{500};

  // `head`: the last sequence of the journal. The counters must outlive it.
  EventSender(Counters& counters, std::uint64_t head) : counters_(counters), head_(head) {}
  [[nodiscard]] zmq::socket_t& socket() { return socket_; }
  [[nodiscard]] std::uint64_t head() const { return head_; }

  // What cannot be sent is counted; followers see it by the watermark, and fetch. That includes big
  // events while libzmq holds 64 MiB of them.
  void send(const Outgoing& out, MonoTime now);
  // A watermark without events when none was sent within the heartbeat.
  void tick(MonoTime now);
  // Sends a foreign message unchanged.
  [[nodiscard]] bool forward(std::vector<zmq::message_t>& frames);

 private:
  [[nodiscard]] bool send_publication(const std::string& topic, std::string_view octets);
  void send_watermark(const std::string& watermark, MonoTime now);

  Counters& counters_;
  zmq::socket_t socket_;
  std::uint64_t head_;
  MonoTime watermark_sent_{};
  // Shared with messages that may outlive the broker.
  std::shared_ptr<std::atomic<std::size_t>> big_octets_ =
      std::make_shared<std::atomic<std::size_t>>(0);
};

}  // namespace sense
