// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <boost/asio/steady_timer.hpp>
#include <memory>
#include <optional>
#include <variant>
#include <vector>

#include "core/sense/client.hpp"
#include "core/sense/dtls/client_transport.hpp"
#include "core/sense/transport/transport.hpp"
#include "tests/gateways/sense/running.hpp"

namespace sense::datagram::test {

// The client core behind a transport, as a program would have it.
class Program {
 public:
  // `dtls`: for a server that is one of DTLS.
  Program(Running& host, const Endpoint& own, TransportOptions options, std::size_t server = 0,
          const DtlsClientOptions& dtls = {})
      : host_(host), timer_(host.reactor), client_(client_options()) {
    options.peer = host.servers.at(server);
    auto opened = options.peer->dtls()
                      ? open_dtls_client(host.reactor, own, options, dtls, counters_)
                      : open_transport(host.reactor, own, options, counters_);
    BOOST_REQUIRE_MESSAGE(opened.has_value(), (opened ? "" : opened.error().message));
    transport_ = std::move(*opened);
    server_ = *options.peer;
    transport_->start([this](std::span<const Datagram> batch) {
      for (const auto& datagram : batch)
        take(client_.on_datagram(datagram.octets, system_clock().now()));
    });
  }

  void take(const Output& output) {
    for (const auto& notice : output.notices) notices.push_back(notice);
    for (const auto& octets : output.send) transport_->send(server_, octets);
    transport_->flush();
    const auto due = client_.next_timer();
    if (!due) return;
    timer_.expires_at(*due);
    timer_.async_wait([this](const boost::system::error_code& problem) {
      if (!problem) take(client_.on_timer(system_clock().now()));
    });
  }
  // The next notice of that kind.
  template <class Wanted>
  Wanted next() {
    const Wanted* found = nullptr;
    host_.until([&] {
      while (found == nullptr && seen_ < notices.size())
        found = std::get_if<Wanted>(&notices[seen_++]);
      return found != nullptr;
    });
    return *found;
  }
  [[nodiscard]] Client& client() { return client_; }
  [[nodiscard]] const Endpoint& local() const { return transport_->local(); }

  std::vector<Notice> notices;

 private:
  static ClientOptions client_options() {
    ClientOptions options;
    options.retry_interval = std::chrono::milliseconds{100};
    return options;
  }
  Running& host_;
  boost::asio::steady_timer timer_;
  Counters counters_;
  Endpoint server_;
  std::unique_ptr<Transport> transport_;
  Client client_;
  std::size_t seen_ = 0;
};

inline void deliver(Running& running, const std::shared_ptr<Delivery>& delivery,
                    std::optional<Attempt>& result) {
  result.reset();
  running.gateway->deliver(delivery, [&](Attempt attempt) { result = std::move(attempt); });
}

inline void whole_session(Running& running, Program& program) {
  const auto now = [] { return system_clock().now(); };
  program.take(program.client().parameters(now()));
  BOOST_CHECK_NE(program.next<Replied>().reply.data.find("max-retries: 14\n"), std::string::npos);
  program.take(program.client().subscribe(now()));
  const auto id = program.next<Registered>().subscription;
  const auto subscription = running.subscriptions.served.at(id);
  BOOST_CHECK_EQUAL(subscription->callback, to_uri(program.local()));

  std::optional<Attempt> result;
  const auto delivery = delivery_for(subscription);
  deliver(running, delivery, result);
  const auto arrived = program.next<EventReceived>();
  BOOST_CHECK_EQUAL(arrived.event.data, "hello");
  BOOST_CHECK_EQUAL(arrived.number, 1U);
  running.until([&] { return result.has_value(); });
  BOOST_CHECK(result->outcome == Attempt::Outcome::delivered);

  auto gap = delivery_for(subscription);
  gap->kind = Delivery::Kind::gap;
  gap->number = 2;
  gap->number_last = 4;
  gap->reason = "expired";
  deliver(running, gap, result);
  BOOST_CHECK_EQUAL(program.next<GapReported>().to, 4U);
  running.until([&] { return result.has_value(); });

  program.take(program.client().publish(*delivery->event, now()));
  BOOST_CHECK_EQUAL(program.next<Replied>().reply.text("Sequence"), "1");
  BOOST_REQUIRE(running.publisher.events.size() == 1U);
  BOOST_CHECK_EQUAL(running.publisher.events[0].data, "hello");

  program.take(program.client().cancel(now()));
  BOOST_CHECK_EQUAL(program.next<Ended>().reason, "cancelled");
  BOOST_CHECK(!running.subscriptions.served.contains(id));
}

}  // namespace sense::datagram::test
