// SPDX-License-Identifier: Apache-2.0
#include "broker/service_socket.hpp"

#include <algorithm>

#include "core/bus/zmq_socket.hpp"

namespace sense {

namespace {
constexpr int requests_at_once = 1'024;
constexpr auto too_fast =
    "this principal exceeds its rate limit (broker.rate-per-principal-max); send the events again "
    "later";
constexpr auto too_many =
    "too many requests of this client are unanswered (broker.requests-per-client-max)";
}  // namespace

Status ServiceSocket::open(zmq::context_t& context) {
  auto made = bus::make_socket(context, zmq::socket_type::router, bus::message_length_max);
  if (!made) return tl::unexpected(made.error());
  socket_ = std::move(*made);
  socket_.set(zmq::sockopt::router_mandatory, 1);
  // Replies may be big: this bounds the memory that a client takes which sends requests without
  // reading the replies.
  socket_.set(zmq::sockopt::sndhwm, static_cast<int>(2 * outstanding_max_));
  return {};
}

void ServiceSocket::receive(MonoTime now, const Take& take) {
  for (int count = 0; count < requests_at_once; ++count) {
    auto frames = bus::receive(socket_);
    if (!frames) return;
    if (frames->size() == 2)
      receive_one(*frames, now, take);
    else
      ++counters_["broker.requests.malformed"];
  }
}

void ServiceSocket::receive_one(std::vector<zmq::message_t>& frames, MonoTime now,
                                const Take& take) {
  auto incoming = std::make_unique<Incoming>();
  incoming->peer = bus::view(frames[0]);
  incoming->octets = bus::view(frames[1]);
  const auto readable = read(*incoming, access_.sender(frames[1], now), now);
  ++outstanding_[incoming->peer];
  if (readable) return take(std::move(incoming));
  incoming->request.id = bus::request_id(incoming->octets);
  refuse(*incoming, readable.error());
}

Status ServiceSocket::read(Incoming& incoming, const Principal* connection, MonoTime now) {
  if (connection == nullptr)
    return fail(Code::noaccess, "this key is not in the broker's access file any more");
  auto request = bus::decode_request(incoming.octets);
  if (!request) {
    note_malformed(incoming, request.error(), now);
    return tl::unexpected(request.error());
  }
  incoming.request = std::move(*request);
  auto sender = access_.speaker(*connection, incoming.request.client);
  if (!sender) {
    ++counters_["broker.requests.unspoken"];
    return tl::unexpected(sender.error());
  }
  static_cast<Sender&>(incoming) = std::move(*sender);
  if (auto status = read_events(incoming, *connection, now); !status) return status;
  const auto found = outstanding_.find(incoming.peer);
  if (found != outstanding_.end() && found->second >= outstanding_max_)
    return fail(Code::nomoreroom, too_many);
  return {};
}

// Whose each event is: a client that may not, or is too fast, does not take others with it.
Status ServiceSocket::read_events(Incoming& incoming, const Principal& connection, MonoTime now) {
  const auto& events = incoming.request.events;
  const auto for_client = [](const auto& event) { return !event.client.principal.empty(); };
  if (std::none_of(events.begin(), events.end(), for_client)) {
    if (access_.within_rate(incoming.principal, events.size(), now)) return {};
    return fail(Code::nomoreroom, too_fast);
  }
  incoming.senders.reserve(events.size());
  Result<SenderRef> sender;  // consecutive events mostly are of one client
  for (std::size_t i = 0; i < events.size(); ++i) {
    if (i == 0 || events[i].client != events[i - 1].client) sender = speaker(connection, events[i]);
    const bool slow_enough = !sender || access_.within_rate((*sender)->principal, 1, now);
    incoming.senders.push_back(slow_enough ? sender : fail(Code::nomoreroom, too_fast));
  }
  return {};
}

Result<SenderRef> ServiceSocket::speaker(const Principal& connection,
                                         const bus::PublishedEvent& event) {
  auto sender = access_.speaker(connection, event.client);
  if (sender) return std::make_shared<const Sender>(std::move(*sender));
  ++counters_["broker.requests.unspoken"];
  return tl::unexpected(sender.error());
}

void ServiceSocket::note_malformed(const Incoming& incoming, const Error& error, MonoTime now) {
  ++counters_["broker.requests.malformed"];
  if (const auto line = log_limit_.check(incoming.peer, now); line.allowed)
    log::warn("a client of the bus sent a malformed request",
              {{"reason", error.message}, {"suppressed", std::to_string(line.suppressed)}});
}

void ServiceSocket::answer(const Outgoing::Answer& answer) {
  const auto found = outstanding_.find(answer.peer);
  if (found != outstanding_.end() && --found->second == 0) outstanding_.erase(found);
  if (bus::send(socket_, {answer.peer, answer.octets}) != bus::Sent::queued)
    ++counters_["broker.answers.unsent"];
}

void ServiceSocket::refuse(const Incoming& incoming, const Error& error) {
  bus::Reply reply;
  reply.id = incoming.request.id;
  reply.code = error.code;
  reply.reason = error.message;
  answer({incoming.peer, bus::encode(reply, incoming.request.operation)});
}

}  // namespace sense
