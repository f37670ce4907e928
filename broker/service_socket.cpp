// SPDX-License-Identifier: Apache-2.0
#include "broker/service_socket.hpp"

#include <algorithm>

#include "broker/accounts/client_account.hpp"
#include "core/base/hash.hpp"
#include "core/bus/zmq_socket.hpp"

namespace sense {

namespace {
constexpr int requests_at_once = 1'024;
constexpr auto too_fast =
    "this principal, or this address of clients that have proved nothing, exceeds its rate limit "
    "(broker.rate-per-principal-max); send the events again later";
constexpr auto too_many =
    "too many requests of this client are unanswered (broker.requests-per-client-max)";
constexpr auto unread =
    "this client does not read its answers (broker.answers-size-per-client): read them, and send "
    "this again";
constexpr std::size_t short_octets_max = 1024;

// An answer within libzmq.
struct Lent {
  std::string octets;
  AnswerBudget::Hold hold;
};
}  // namespace

ServiceSocket::ServiceSocket(AccessControl& access, AnswerBudget& answers, Counters& counters,
                             std::size_t outstanding_max, Gone gone)
    : access_(access),
      answers_(answers),
      counters_(counters),
      outstanding_max_(outstanding_max),
      gone_(std::move(gone)) {}

Status ServiceSocket::open(zmq::context_t& context) {
  auto made = bus::make_socket(context, zmq::socket_type::router, bus::message_length_max);
  if (!made) return tl::unexpected(made.error());
  socket_ = std::move(*made);
  socket_.set(zmq::sockopt::router_mandatory, 1);
  // Bounds the short answers to a client that does not read them.
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
  incoming->address = bus::peer_address(frames[1]);
  incoming->received = now;
  const Outstanding request{bus::request_id(incoming->octets), stable_hash(incoming->octets)};
  auto& client = clients_[incoming->peer];
  if (std::find(client.outstanding.begin(), client.outstanding.end(), request) !=
      client.outstanding.end()) {
    ++counters_["broker.requests.repeated"];
    return;
  }
  const auto readable = read(*incoming, access_.sender(frames[1], now), now);
  client.principal = incoming->connection();
  client.outstanding.push_back(request);
  incoming->request.id = request.id;
  if (readable) return take(std::move(incoming));
  refuse(*incoming, readable.error(), now);
}

Status ServiceSocket::read(Incoming& incoming, const Principal* connection, MonoTime now) {
  if (connection == nullptr)
    return fail(Code::noaccess, "this key is not in the broker's access file any more");
  incoming.principal = connection->name;
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
  incoming.access = access_.list();
  if (auto status = read_events(incoming, *connection, now); !status) return status;
  const auto found = clients_.find(incoming.peer);
  if (found != clients_.end() && found->second.outstanding.size() >= outstanding_max_)
    return fail(Code::nomoreroom, too_many);
  if (answers_.is_full(incoming.peer)) {
    ++counters_["broker.answers.refused"];
    return fail(Code::nomoreroom, unread);
  }
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
  std::string account;
  for (std::size_t i = 0; i < events.size(); ++i) {
    if (i == 0 || events[i].client != events[i - 1].client) {
      sender = for_client(events[i]) ? speaker(connection, events[i])
                                     : std::make_shared<const Sender>(incoming);
      if (sender) account = client_account((*sender)->principal, events[i].client.peer);
    }
    const bool slow_enough = !sender || access_.within_rate(account, 1, now);
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

void ServiceSocket::answer(Outgoing::Answer answer) {
  const auto found = clients_.find(answer.peer);
  const auto principal = found == clients_.end() ? std::string() : found->second.principal;
  if (found != clients_.end()) {
    auto& outstanding = found->second.outstanding;
    const auto of_id = [&](const auto& request) { return request.id == answer.id; };
    const auto answered = std::find_if(outstanding.begin(), outstanding.end(), of_id);
    if (answered != outstanding.end()) outstanding.erase(answered);
    if (outstanding.empty()) clients_.erase(found);
  }
  const auto sent = send(answer, principal);
  if (sent == bus::Sent::queued) return;
  ++counters_["broker.answers.unsent"];
  if (sent == bus::Sent::gone) gone_(principal, answer.peer);
}

bus::Sent ServiceSocket::send(Outgoing::Answer& answer, const std::string& principal) {
  const auto octets = answer.octets.size();
  if (octets <= short_octets_max) {
    answer.hold = {};
    return bus::send(socket_, {answer.peer, answer.octets});
  }
  if (answer.hold.octets() == 0) answer.hold = answers_.hold(answer.peer, principal, octets);
  const auto lent =
      std::make_shared<const Lent>(Lent{std::move(answer.octets), std::move(answer.hold)});
  return bus::send(socket_, {answer.peer}, std::shared_ptr<const std::string>(lent, &lent->octets));
}

Status ServiceSocket::note_refusal(const Incoming& incoming, MonoTime now) {
  const auto& request = incoming.request;
  if (incoming.via.empty())
    return fail(Code::noaccess, "REFUSED is said by a gateway of one of its clients");
  if (request.refusal != Code::noaccess && request.refusal != Code::nomoreroom)
    return fail(Code::badparam, "REFUSED has code 9 or 12");
  const auto kind = AuditEntry::Kind::refused;
  if (!access_.audit().takes(kind, incoming.principal, now)) {
    access_.audit().leave_out(kind, request.left_out);
    return {};
  }
  auto entry = audit_entry(kind, incoming);
  entry.operation = request.key;
  entry.key.clear();
  entry.code = request.refusal;
  entry.reason = request.reason;
  entry.left_out = request.left_out;
  access_.audit().add(std::move(entry));
  return {};
}

void ServiceSocket::refuse(Incoming& incoming, const Error& error, MonoTime now) {
  const auto kind = AuditEntry::Kind::refused;
  if (access_.audit().takes(kind, incoming.principal, now)) {
    auto entry = audit_entry(kind, incoming);
    entry.code = error.code;
    entry.reason = error.message;
    access_.audit().add(std::move(entry));
  }
  answer(make_refusal(incoming, error));
}

}  // namespace sense
