// SPDX-License-Identifier: Apache-2.0
#include "broker/service_socket.hpp"

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

ServiceSocket::ServiceSocket(zmq::context_t& context, AccessControl& access, Counters& counters,
                             std::size_t outstanding_max)
    : access_(access),
      counters_(counters),
      outstanding_max_(outstanding_max),
      socket_(bus::make_socket(context, zmq::socket_type::router, bus::message_length_max)) {
  socket_.set(zmq::sockopt::router_mandatory, 1);
  // Replies may be big: this bounds the memory that a client takes which sends requests without
  // reading the replies.
  socket_.set(zmq::sockopt::sndhwm, static_cast<int>(2 * outstanding_max));
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

Status ServiceSocket::read(Incoming& incoming, const Principal* sender, MonoTime now) {
  if (sender == nullptr)
    return fail(Code::noaccess, "this key is not in the broker's access file any more");
  incoming.principal = sender->name;
  incoming.rights = sender->rights;
  auto request = bus::decode_request(incoming.octets);
  if (!request) {
    note_malformed(incoming, request.error(), now);
    return tl::unexpected(request.error());
  }
  incoming.request = std::move(*request);
  if (!access_.within_rate(*sender, incoming.request.events.size(), now))
    return fail(Code::nomoreroom, too_fast);
  const auto found = outstanding_.find(incoming.peer);
  if (found != outstanding_.end() && found->second >= outstanding_max_)
    return fail(Code::nomoreroom, too_many);
  return {};
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
  if (!bus::send(socket_, {answer.peer, answer.octets})) ++counters_["broker.answers.unsent"];
}

void ServiceSocket::refuse(const Incoming& incoming, const Error& error) {
  bus::Reply reply;
  reply.id = incoming.request.id;
  reply.code = error.code;
  reply.reason = error.message;
  answer({incoming.peer, bus::encode(reply, incoming.request.operation)});
}

}  // namespace sense
