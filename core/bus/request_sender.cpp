// SPDX-License-Identifier: Apache-2.0
#include "core/bus/request_sender.hpp"

#include <algorithm>
#include <vector>

#include "core/bus/zmq_socket.hpp"

namespace sense::bus {

namespace {
constexpr Duration resend_after_max = std::chrono::seconds{60};
constexpr int replies_at_once = 256;
}  // namespace

RequestSender::RequestSender(zmq::context_t& context, const BusOptions& options)
    : context_(context), options_(options) {}

Status RequestSender::connect() {
  auto made = make_socket(context_, zmq::socket_type::dealer, message_length_max);
  if (!made) return tl::unexpected(made.error());
  made->set(zmq::sockopt::immediate, 1);
  made->set(zmq::sockopt::sndhwm, 1000);
  if (auto status = bus::connect(*made, options_.service, options_.keys); !status) return status;
  socket_ = std::move(*made);
  return {};
}

void RequestSender::send(std::uint64_t id, Sending sending) {
  auto& pending = pending_[id];
  pending.sending = std::move(sending);
  try_send(pending);
}

void RequestSender::send_limited(std::uint64_t id, Sending sending) {
  limited_.emplace_back(id, std::move(sending));
  start_limited();
}

void RequestSender::start_limited() {
  while (limited_pending_ < limited_max && !limited_.empty()) {
    auto [id, sending] = std::move(limited_.front());
    limited_.pop_front();
    ++limited_pending_;
    sending.done = [this, done = std::move(sending.done)](auto reply) {
      --limited_pending_;
      done(std::move(reply));
    };
    send(id, std::move(sending));
  }
}

void RequestSender::try_send(Pending& pending) {
  if (bus::send(socket_, {}, pending.sending.octets) != Sent::queued) {
    if (!unsent_since_) unsent_since_ = mono_now();
    return;
  }
  unsent_since_.reset();
  pending.sent = mono_now();
  // Increasing pauses, so that repeats do not overload a slow broker.
  pending.pause = std::clamp<Duration>(pending.pause * 2, options_.resend_after, resend_after_max);
}

bool RequestSender::receive() {
  for (int count = 0; count < replies_at_once; ++count) {
    const auto frames = bus::receive(socket_);
    if (!frames) return count > 0;
    if (frames->size() != 1) continue;
    const auto octets = view(frames->front());
    const auto id = reply_id(octets);
    const auto found = id ? pending_.find(*id) : pending_.end();
    if (found == pending_.end()) continue;  // another reply to a request sent twice
    const auto sending = std::move(found->second.sending);
    pending_.erase(found);
    auto reply = decode_reply(octets, sending.operation);
    if (reply && reply->code != Code::noerror) reply = fail(reply->code, reply->reason);
    sending.done(std::move(reply));
  }
  return true;
}

// What the former socket had not sent yet is sent again.
void RequestSender::connect_again(MonoTime now) {
  unsent_since_ = now;
  if (connect()) resend();
}

void RequestSender::tick(MonoTime now) {
  end_overdue(now);
  if (unsent_since_ && now - *unsent_since_ >= options_.reconnect_after) connect_again(now);
  for (auto& [id, pending] : pending_)
    if (now - pending.sent > pending.pause) try_send(pending);
  start_limited();
}

void RequestSender::end_overdue(MonoTime now) {
  std::vector<Sending> overdue;  // apart: a callback may start requests
  for (auto next = pending_.begin(); next != pending_.end();) {
    const auto here = next++;
    if (now <= here->second.sending.deadline) continue;
    overdue.push_back(std::move(here->second.sending));
    pending_.erase(here);
  }
  for (; !limited_.empty() && now > limited_.front().second.deadline; limited_.pop_front())
    overdue.push_back(std::move(limited_.front().second));
  if (overdue.empty()) return;
  const auto error =
      fail(Code::timeout, "the broker at " + options_.service + " did not answer within " +
                              sense::to_text(options_.request_timeout) + ": is it running?");
  for (const auto& sending : overdue) sending.done(error);
}

void RequestSender::resend() {
  for (auto& [id, pending] : pending_) {
    pending.sent = {};
    pending.pause = {};
  }
}

void RequestSender::interrupt(const Error& error) {
  for (auto& [id, pending] : std::exchange(pending_, {}))
    pending.sending.done(tl::unexpected(error));
  for (auto& [id, sending] : std::exchange(limited_, {})) sending.done(tl::unexpected(error));
}

}  // namespace sense::bus
