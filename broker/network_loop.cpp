// SPDX-License-Identifier: Apache-2.0
#include "broker/network_loop.hpp"

#include <sys/prctl.h>

#include <array>

namespace sense {

using bus::Operation;

namespace {
constexpr auto poll_interval = std::chrono::milliseconds{100};
constexpr auto unsettled_poll_interval = std::chrono::milliseconds{5};
}  // namespace

NetworkLoop::NetworkLoop(const BrokerConfig& config, CommitLoop& commits, ReaderLoop& reads,
                         AnswerBudget& answers, bus::Mailbox<Outgoing>& results, Counters& counters,
                         AuditTrail& audit)
    : config_(config),
      commits_(commits),
      reads_(reads),
      results_(results),
      counters_(counters),
      access_control_(context_, counters, audit),
      service_(access_control_, answers, counters,
               static_cast<std::size_t>(config.settings.integer("requests-per-client-max")),
               [this](const std::string& principal, const std::string& client) {
                 reads_.drop(principal, client);
               }),
      events_(counters, commits.head()) {}

Status NetworkLoop::open() {
  auto status = service_.open(context_);
  if (status) status = plain_.open(context_);
  if (status)
    status = access_control_.open(config_.endpoints, config_.settings, service_.socket(),
                                  events_.socket(), plain_.socket());
  if (status) status = external_.open(config_.endpoints.external);
  if (status) status = plain_.subscribe();
  if (status) endpoints_ = access_control_.endpoints();
  return status;
}

void NetworkLoop::stop() {
  stopping_.store(true);
  results_.wake();
}

void NetworkLoop::post(std::function<void()> task) {
  tasks_.put(std::move(task));
  has_tasks_.store(true);
  results_.wake();
}

Status NetworkLoop::run() {
  ::prctl(PR_SET_NAME, "sense-network");
  try {
    return run_until_stopped();
  } catch (const zmq::error_t& error) {
    return fail(Code::system, std::string("the sockets of the bus are broken: ") + error.what());
  }
}

Status NetworkLoop::run_until_stopped() {
  auto poll = poll_interval;
  while (!stopping_.load()) {
    const auto settled = run_once(poll);
    if (!settled) return tl::unexpected(settled.error());
    poll = *settled ? poll_interval : unsettled_poll_interval;
  }
  for (auto& out : results_.take()) send(out, mono_now());
  return {};
}

Result<bool> NetworkLoop::run_once(std::chrono::milliseconds poll) {
  std::array<zmq::pollitem_t, 5> items = {{bus::readable(service_.socket()),
                                           bus::readable(plain_.socket()),
                                           bus::readable(events_.socket()),
                                           {nullptr, results_.fd(), ZMQ_POLLIN, 0},
                                           external_.to_poll()}};
  if (auto status = bus::poll(items, poll); !status) return tl::unexpected(status.error());
  if (auto failure = access_control_.failure()) return tl::unexpected(*failure);
  const auto now = system_clock().now();
  const bool settled = access_control_.update(now.mono);
  // Receiving from an idle socket costs system calls, which add latency to a single event.
  const auto ready = [&](std::size_t item) { return (items[item].revents & ZMQ_POLLIN) != 0; };
  if (ready(3))
    for (auto& out : results_.take()) send(out, now.mono);
  if (ready(0))
    service_.receive(now.mono, [this](IncomingRef incoming) { dispatch(std::move(incoming)); });
  if (ready(1))
    plain_.receive(
        now.mono, [this](IncomingRef incoming) { commit(std::move(incoming)); },
        [this](std::vector<zmq::message_t>& frames) { return events_.forward(frames); });
  if (ready(4))
    for (auto& incoming : external_.take(now.wall, external_rights())) commit(std::move(incoming));
  events_.tick(now.mono);
  if (has_tasks_.load(std::memory_order_relaxed) && has_tasks_.exchange(false))
    for (auto& task : tasks_.take()) task();
  return settled;
}

RightsRef NetworkLoop::external_rights() const {
  return rights_of_external(*access_control_.list(), config_.endpoints.external.may_send);
}

void NetworkLoop::send(Outgoing& out, MonoTime now) {
  for (auto& answer : out.answers) service_.answer(std::move(answer));
  external_.give(out);
  events_.send(out, now);
}

void NetworkLoop::dispatch(IncomingRef incoming) {
  bus::Reply reply;
  reply.id = incoming->request.id;
  switch (incoming->request.operation) {
    case Operation::parameters: reply.parameters = parameters(); [[fallthrough]];
    case Operation::ping: return service_.answer(make_answer(*incoming, reply));
    case Operation::proofs: {
      auto proofs = access_control_.proofs(*incoming, incoming->request.key);
      if (!proofs) return service_.refuse(*incoming, proofs.error(), mono_now());
      reply.proofs = std::move(*proofs);
      return service_.answer(make_answer(*incoming, reply));
    }
    case Operation::refused: {
      if (auto status = service_.note_refusal(*incoming, mono_now()); !status)
        return service_.refuse(*incoming, status.error(), mono_now());
      return service_.answer(make_answer(*incoming, reply));
    }
    case Operation::fetch:
    case Operation::head:
    case Operation::list: return read(std::move(incoming));
    default: return commit(std::move(incoming));
  }
}

void NetworkLoop::commit(IncomingRef incoming) {
  if (commits_.put(incoming) || incoming->peer.empty()) return;
  service_.refuse(*incoming, CommitLoop::overload(), mono_now());
}

void NetworkLoop::read(IncomingRef incoming) {
  if (reads_.put(incoming)) return;
  service_.refuse(*incoming,
                  {Code::nomoreroom,
                   "too many FETCH, HEAD and LIST of this principal wait for their "
                   "turn (broker.reads-per-principal-max, -size-per-principal); send it "
                   "again later"},
                  mono_now());
}

std::map<std::string, std::string> NetworkLoop::parameters() const {
  std::map<std::string, std::string> all;
  for (auto& [name, value] : config_.settings.shown()) all.emplace(name, value);
  // Names in this reply are part of the protocol: the former ones stay.
  for (const auto& option : broker_options())
    if (const auto now = all.find(option.key); option.old_key != nullptr && now != all.end())
      all.emplace(option.old_key, now->second);
  all.emplace("protocol-version", std::to_string(bus::protocol_version));
  all.emplace("head", std::to_string(events_.head()));
  for (const auto& [name, value] : counters_.snapshot())
    all.emplace("counter." + name, std::to_string(value));
  return all;
}

}  // namespace sense
