// SPDX-License-Identifier: Apache-2.0
#include "core/sense/dtls/client_transport.hpp"

#include <boost/asio/steady_timer.hpp>
#include <deque>
#include <utility>
#include <vector>

#include "core/base/check.hpp"
#include "core/base/clock.hpp"
#include "core/sense/dtls/connection.hpp"

namespace sense::datagram {

namespace {

constexpr std::size_t waiting_datagrams_max = 64;
constexpr unsigned unanswered_max = 3;
constexpr std::chrono::seconds unanswered_span_max{3};
// OpenSSL repeats lost datagrams by itself; this is for a server that has forgotten the handshake.
constexpr std::chrono::seconds handshake_span_max{15};
constexpr std::chrono::milliseconds retransmission_pause_min{20};

class DtlsClientTransport final : public Transport {
 public:
  DtlsClientTransport(boost::asio::io_context& reactor, std::unique_ptr<Transport> socket,
                      const Endpoint& peer, DtlsContext context, DtlsClientOptions options)
      : timer_(reactor),
        socket_(std::move(socket)),
        peer_(peer),
        local_(socket_->local().with_dtls(true)),
        context_(std::move(context)),
        options_(std::move(options)) {}
  ~DtlsClientTransport() override { close(); }

  void start(OnBatch on_batch, OnRefused on_refused) override {
    on_batch_ = std::move(on_batch);
    socket_->start([this](std::span<const Datagram> batch) { on_records(batch); },
                   std::move(on_refused));
    connect();
  }

  void send(const Endpoint& to, std::string_view octets) override {
    if (!*open_ || to != peer_ || octets.size() > sendable_max()) return;
    if (connection_ && is_stale()) connect();
    if (connection_ && connection_->state() == DtlsConnection::State::open)
      return send_record(octets);
    if (waiting_.size() == waiting_datagrams_max) waiting_.pop_front();
    waiting_.emplace_back(octets);
  }

  void flush() override { socket_->flush(); }
  [[nodiscard]] const Endpoint& local() const override { return local_; }
  [[nodiscard]] std::size_t sendable_max() const override { return DtlsConnection::sendable_max; }

  void close() override {
    if (!std::exchange(*open_, false)) return;
    timer_.cancel();
    if (connection_) connection_->close();
    send_outgoing();
    socket_->close();
  }

 private:
  // The context was good when the transport was opened: a failure now is one of memory, and the
  // next datagram tries again.
  void connect() {
    auto made = DtlsConnection::client(context_, options_.key, options_.host);
    if (!made) return options_.on_problem(made.error().message);
    connection_ = std::move(*made);
    began_ = mono_now();
    unanswered_ = 0;
    connection_->start();
    proceed();
  }

  [[nodiscard]] bool is_stale() const {
    switch (connection_->state()) {
      case DtlsConnection::State::closed: return true;
      case DtlsConnection::State::handshake: return mono_now() - began_ > handshake_span_max;
      case DtlsConnection::State::open:
        return unanswered_ >= unanswered_max &&
               mono_now() - unanswered_since_ > unanswered_span_max;
    }
    return false;
  }

  void send_record(std::string_view octets) {
    if (unanswered_++ == 0) unanswered_since_ = mono_now();
    connection_->send(octets);
    send_outgoing();
  }

  void send_outgoing() {
    if (!connection_) return;
    const auto outgoing = connection_->take_outgoing();
    for (const auto& octets : outgoing) socket_->send(peer_.with_dtls(false), octets);
    if (!outgoing.empty()) socket_->flush();
  }

  void on_records(std::span<const Datagram> batch) {
    if (!connection_) return;
    for (const auto& datagram : batch) connection_->receive(datagram.octets);
    proceed();
  }

  // After anything may have changed the connection.
  void proceed() {
    send_outgoing();
    const auto received = connection_->take_received();
    if (!received.empty()) unanswered_ = 0;
    if (connection_->state() == DtlsConnection::State::open)
      for (const auto& octets : std::exchange(waiting_, {})) send_record(octets);
    std::vector<Datagram> batch;
    for (const auto& octets : received) batch.push_back({octets, peer_, false, nullptr});
    if (!batch.empty()) on_batch_(batch);
    if (!*open_) return;
    if (connection_->state() == DtlsConnection::State::closed) return on_closed();
    set_timer();
  }

  void on_closed() {
    if (const auto problem = connection_->problem(); !problem.empty())
      return options_.on_problem(problem);
    // The server has ended the session, and events for it may wait there.
    connect();
  }

  void set_timer() {
    const auto left = connection_->next_timeout();
    if (!left) {
      timer_.cancel();
      return;
    }
    timer_.expires_after(std::max<Duration>(*left, retransmission_pause_min));
    timer_.async_wait([this, open = open_](const boost::system::error_code& problem) {
      if (problem || !*open) return;
      connection_->on_timeout();
      proceed();
    });
  }

  boost::asio::steady_timer timer_;
  std::unique_ptr<Transport> socket_;
  const Endpoint peer_;
  const Endpoint local_;
  DtlsContext context_;
  DtlsClientOptions options_;
  OnBatch on_batch_;
  std::unique_ptr<DtlsConnection> connection_;
  MonoTime began_;
  std::deque<std::string> waiting_;  // for the end of the handshake
  unsigned unanswered_ = 0;          // datagrams sent since the last one received
  MonoTime unanswered_since_;
  std::shared_ptr<bool> open_ = std::make_shared<bool>(true);
};

}  // namespace

Result<std::unique_ptr<Transport>> open_dtls_client(boost::asio::io_context& reactor,
                                                    const Endpoint& own, TransportOptions options,
                                                    DtlsClientOptions dtls, Counters& counters) {
  SENSE_CHECK(options.peer.has_value() && options.peer->dtls());
  auto context = make_dtls_client({dtls.key.has_value(), dtls.authorities});
  if (!context) return tl::unexpected(context.error());
  const auto peer = *options.peer;
  options.peer = peer.with_dtls(false);
  auto socket = open_transport(reactor, own.with_dtls(false), options, counters);
  if (!socket) return tl::unexpected(socket.error());
  if (!dtls.on_problem) dtls.on_problem = [](const std::string&) {};
  return std::make_unique<DtlsClientTransport>(reactor, std::move(*socket), peer,
                                               std::move(*context), std::move(dtls));
}

}  // namespace sense::datagram
