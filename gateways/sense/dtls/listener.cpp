// SPDX-License-Identifier: Apache-2.0
#include "gateways/sense/dtls/listener.hpp"

#include <algorithm>
#include <utility>

namespace sense::datagram {

DtlsListener::DtlsListener(boost::asio::io_context& reactor, const Clock& clock,
                           std::unique_ptr<Transport> socket,
                           std::unique_ptr<DtlsSessions> sessions, Admits admits,
                           Counters::Counter& outside)
    : timer_(reactor),
      clock_(clock),
      socket_(std::move(socket)),
      sessions_(std::move(sessions)),
      admits_(std::move(admits)),
      outside_(outside),
      local_(socket_->local().with_dtls(true)) {}

DtlsListener::~DtlsListener() { close(); }

void DtlsListener::start(OnBatch on_batch, OnRefused) {
  on_batch_ = std::move(on_batch);
  socket_->start([this](std::span<const Datagram> batch) { this->on_batch(batch); });
}

void DtlsListener::on_batch(std::span<const Datagram> batch) {
  const auto now = clock_.now().mono;
  DtlsOutput out;
  for (const auto& datagram : batch) {
    if (admits_(datagram.from))
      sessions_->on_datagram(datagram.octets, datagram.from.with_dtls(true), now, out);
    else
      ++outside_;
  }
  send_all(out);
  set_timer();
  std::vector<Datagram> received;
  for (auto& one : out.received)
    received.push_back({one.octets, one.from, false, std::move(one.session)});
  if (!received.empty()) on_batch_(received);
}

void DtlsListener::send_all(const DtlsOutput& out) {
  for (const auto& one : out.send) socket_->send(one.to.with_dtls(false), one.octets);
  if (!out.send.empty()) socket_->flush();
}

void DtlsListener::send_as(std::string_view key, const Endpoint& to, std::string_view octets) {
  if (!*open_) return;
  DtlsOutput out;
  sessions_->send(to, key, octets, out);
  for (const auto& one : out.send) socket_->send(one.to.with_dtls(false), one.octets);
}

void DtlsListener::set_keys(const std::vector<SharedKey>& keys) {
  DtlsOutput out;
  sessions_->set_keys(keys, out);
  send_all(out);
}

void DtlsListener::set_timer() {
  const auto due = sessions_->next_timer();
  if (due == timer_due_) return;
  timer_due_ = due;
  if (!due) {
    timer_.cancel();
    return;
  }
  timer_.expires_after(std::max(*due - clock_.now().mono, Duration{0}));
  timer_.async_wait([this, open = open_](const boost::system::error_code& problem) {
    if (problem || !*open) return;
    timer_due_.reset();
    DtlsOutput out;
    sessions_->on_timer(clock_.now().mono, out);
    send_all(out);
    set_timer();
  });
}

void DtlsListener::close() {
  if (!std::exchange(*open_, false)) return;
  timer_.cancel();
  DtlsOutput out;
  sessions_->close(out);
  send_all(out);
  socket_->close();
}

}  // namespace sense::datagram
