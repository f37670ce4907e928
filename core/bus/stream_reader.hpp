// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <functional>
#include <optional>
#include <set>
#include <string>
#include <utility>
#include <vector>
#include <zmq.hpp>

#include "core/bus/follower.hpp"
#include "core/bus/request_sender.hpp"

namespace sense::bus {

// The events and places in a FETCH reply. Fails when the records are no records.
[[nodiscard]] Result<JournalReader::FetchReply> read_fetched(const Reply& reply);

// Follows the journal for one handler: feeds a Follower from the live stream and from fetches, and
// hands out its batches. Owns the SUB socket. One thread: that of the RequestSender.
class StreamReader {
 public:
  using Handler = std::function<void(Batch)>;

  // All must outlive it. The handler is called through options.executor.
  StreamReader(zmq::context_t& context, const BusOptions& options, RequestSender& requests);
  // Makes the socket, and as bus::connect, to options.events.
  [[nodiscard]] Status connect();
  [[nodiscard]] zmq::pollitem_t to_poll() { return readable(socket_); }

  // As JournalReader::follow and resume.
  void follow(std::uint64_t position, std::vector<std::string> prefixes, Handler handler);
  void resume() { resumed_ = true; }

  // The consumer is late: the stream is left in the socket, which must not be polled.
  [[nodiscard]] bool leaves_stream() const { return follower_.live() == Follower::Live::leave; }
  // Takes what waits in the socket. Whether the broker is there, as far as the stream tells: while
  // it is left, its silence means nothing.
  bool receive();
  // Hands out the next batch and starts the next fetch, where they are due.
  void tick(MonoTime now);
  // Before RequestSender::interrupt(): the end of a fetch starts no other.
  void stop() { stopped_ = true; }

 private:
  void subscribe(const std::vector<std::string>& prefixes);
  void look_for_silence(MonoTime now);
  void on_message(const std::vector<zmq::message_t>& frames);
  void fetch(Follower::Fetch wanted);
  void on_fetched(Follower::Fetch wanted, const Result<Reply>& reply);

  zmq::context_t& context_;
  const BusOptions& options_;
  RequestSender& requests_;
  zmq::socket_t socket_;
  Follower follower_;
  std::set<std::string> subscribed_;
  Handler handler_;
  MonoTime looked_{};
  MonoTime heard_{};
  bool resumed_ = false;
  bool stopped_ = false;
  std::optional<std::pair<MonoTime, Follower::Fetch>> retry_;
};

}  // namespace sense::bus
