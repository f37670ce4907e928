// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <boost/asio/steady_timer.hpp>
#include <functional>
#include <memory>
#include <string_view>
#include <vector>

#include "core/sense/transport/transport.hpp"
#include "gateways/sense/dtls/sessions.hpp"

namespace sense::datagram {

// A listener for sense+dtls://: a UDP socket with the sessions of its clients. Ownership, use and
// closing as in Transport; addresses are with DTLS. It never begins a handshake: a datagram for an
// address without a session is dropped and counted, and the protocol repeats it. Reactor thread.
class DtlsListener final : public Transport {
 public:
  // Which senders are heard at all.
  using Admits = std::function<bool(const Endpoint& from)>;

  // `socket`: takes datagrams of socket_octets_max octets whole. The references must outlive this.
  // `outside`: counts the datagrams of senders that are not admitted.
  DtlsListener(boost::asio::io_context& reactor, const Clock& clock,
               std::unique_ptr<Transport> socket, std::unique_ptr<DtlsSessions> sessions,
               Admits admits, Counters::Counter& outside);
  ~DtlsListener() override;
  static constexpr std::size_t socket_octets_max =
      DtlsConnection::sendable_max + DtlsConnection::record_overhead;

  void start(OnBatch on_batch, OnRefused on_refused) override;
  // To a session without key; send_as(): to one of that key alone.
  void send(const Endpoint& to, std::string_view octets) override { send_as({}, to, octets); }
  void send_as(std::string_view key, const Endpoint& to, std::string_view octets);
  void flush() override { socket_->flush(); }
  [[nodiscard]] const Endpoint& local() const override { return local_; }
  [[nodiscard]] std::size_t sendable_max() const override { return DtlsConnection::sendable_max; }
  void close() override;
  // Replaces the shared keys.
  void set_keys(const std::vector<SharedKey>& keys);

 private:
  void on_batch(std::span<const Datagram> batch);
  void send_all(const DtlsOutput& out);
  void set_timer();

  boost::asio::steady_timer timer_;
  std::optional<MonoTime> timer_due_;
  const Clock& clock_;
  std::unique_ptr<Transport> socket_;
  std::unique_ptr<DtlsSessions> sessions_;
  Admits admits_;
  Counters::Counter& outside_;
  Endpoint local_;
  OnBatch on_batch_;
  std::shared_ptr<bool> open_ = std::make_shared<bool>(true);
};

}  // namespace sense::datagram
