// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <array>
#include <boost/asio/io_context.hpp>
#include <boost/asio/steady_timer.hpp>
#include <memory>
#include <string>
#include <vector>

#include "core/http/message.hpp"
#include "gateways/api/gateway.hpp"
#include "gateways/http/management/owned_request.hpp"

namespace sense::http {

class EventStream;

// Answers clients that come for events: pages, which may wait for the first event, and streams of
// Server-Sent Events, which go on until the client leaves or the subscription ends. Reactor thread
// only; the context must outlive it and its streams.
class FeedServer : public std::enable_shared_from_this<FeedServer> {
 public:
  static constexpr Duration heartbeat = std::chrono::seconds{15};

  // `wait_max`: the longest time that a page waits.
  FeedServer(GatewayContext& context, Duration wait_max)
      : context_(context), wait_max_(wait_max), timer_(context.reactor) {}

  // Of a subscription of the client's own; badcontext when it is not pulled.
  void page(const OwnedRequest& request, Respond respond);
  void stream(const OwnedRequest& request, Respond respond);
  // A stream of what the query selects, as that client may read it.
  void select(const ServedClient& client, std::string_view query, const Request& http,
              Respond respond);

 private:
  friend class EventStream;
  // The JSON of an event: the same for all streams that it is for.
  [[nodiscard]] const std::string& json_of(const EventRef& event);
  void start(FeedRequest request, const Respond& respond);
  void keep_alive(const std::shared_ptr<EventStream>& stream);
  void beat();

  GatewayContext& context_;
  const Duration wait_max_;
  boost::asio::steady_timer timer_;
  EventRef last_event_;
  std::string last_json_;
  // Streams by the second in which they get their heartbeat.
  std::array<std::vector<std::weak_ptr<EventStream>>, 15> beats_;
  std::size_t next_beat_ = 0;
  std::size_t streams_ = 0;  // so far
  bool beating_ = false;
};

}  // namespace sense::http
