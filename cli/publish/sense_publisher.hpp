// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <deque>
#include <map>
#include <optional>
#include <string>

#include "cli/base/loop.hpp"
#include "cli/sense/sense_client.hpp"
#include "core/bus/bus.hpp"

namespace sense::cli {

// Publishes through a SENSE/1 server by PUBLISH (docs/sense-protocol.md). It requests the server's
// max-message first, so that no larger datagram is sent. An event without a reply is sent again,
// with the same id, for as long as this object lives; a silent server is reported on standard
// error, once for each silence. `done` is never called from within publish(). The loop's thread;
// must outlive the loop's run.
class SensePublisher final : public Publisher {
 public:
  // `uri`: the server, for messages. `socket` is connected to it.
  SensePublisher(Loop& loop, std::string uri, SenseSocket socket);
  SensePublisher(const SensePublisher&) = delete;
  SensePublisher& operator=(const SensePublisher&) = delete;

  // The event must have an id: a repeat is known by it. Fails with datatoobig when it does not fit
  // into a datagram of the server, with nomoreroom when 1,000 events wait already, else with what
  // the server answered.
  void publish(const Event& event, Done done) override;

 private:
  struct Waiting {
    Event event;
    Done done;
  };
  void ask_limit();
  void send_more();
  void send(Waiting waiting);
  void on(const datagram::Notice& notice);
  void on_answer(const datagram::Replied& answered);
  void on_failure(const datagram::Failed& failure);
  void learn_limit(const datagram::Message& reply);
  void answer(Waiting waiting, Result<Receipt> result);
  [[nodiscard]] Status fits(const Event& event) const;

  void heard();
  void watch();
  void look_later();
  void say_silent(const std::string& what);

  Loop& loop_;
  const std::string uri_;
  std::deque<Waiting> waiting_;                 // not sent yet
  std::map<std::uint64_t, Waiting> under_way_;  // by the client's request
  std::optional<std::size_t> limit_;            // the server's max-message; none: not known yet
  std::uint64_t limit_request_ = 0;             // 0: not asked
  MonoTime silent_since_{};
  bool watching_ = false;
  bool said_silent_ = false;
  SenseClient client_;
};

}  // namespace sense::cli
