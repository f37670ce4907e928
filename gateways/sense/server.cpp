// SPDX-License-Identifier: Apache-2.0
#include "gateways/sense/server.hpp"

#include <algorithm>

namespace sense::datagram {

namespace {

std::string_view mandatory_property_missing(const Message& request) {
  const auto missing = [&](std::string_view name) { return !request.has(name); };
  switch (request.kind) {
    case Kind::register_: return missing("Period") ? "Period" : "";
    case Kind::cancel: return missing("Subscription") ? "Subscription" : "";
    case Kind::publish: return missing("Type") ? "Type" : missing("Source") ? "Source" : "";
    default: return "";
  }
}

}  // namespace

Server::Server(ServerConfig config, const ServedSubscriptions& directory,
               const EgressPolicy& egress, Counters& counters)
    : config_(std::move(config)),
      directory_(directory),
      cookies_(config_.cookie_key),
      keys_(std::move(config_.keys), config_.limits.key_window),
      rates_(config_.limits),
      replies_(config_, keys_, rates_, counters),
      encoder_(keys_, std::move(config_.fetch)),
      deliveries_(config_.limits, config_.listeners, directory, egress, encoder_, counters,
                  config_.seed),
      verifications_(config_.limits, config_.listeners, directory, egress, counters),
      requests_(config_, directory, egress, deliveries_, verifications_, replies_,
                counters["sense.subscriptions.no-room"]),
      counts_{counters["sense.datagrams.received"],  counters["sense.datagrams.outside"],
              counters["sense.datagrams.malformed"], counters["sense.datagrams.unanswered"],
              counters["sense.requests.unproved"],   counters["sense.requests.repeated"],
              counters["sense.requests.forbidden"],  counters["sense.requests.too-many"],
              counters["sense.keys.refused"],        counters["sense.acks.counted"],
              counters["sense.acks.ignored"]} {}

Actions Server::on_datagram(std::string_view octets, const Peer& from, Timestamp now, bool cut,
                            std::shared_ptr<const SessionIdentity> session) {
  Actions out;
  ++counts_.received;
  if (!config_.policy_of(from).admits(from.address)) {
    ++counts_.outside;
    return out;
  }
  const bool proved = session != nullptr;
  DatagramContext context{
      {from, proved ? session->key : "", std::move(session)}, octets.size(), proved, now};
  const auto bound =
      cut ? std::min(octets.size() - 1, config_.limits.max_message) : config_.limits.max_message;
  const auto message = octets.empty()
                           ? tl::expected<Message, Malformed>(tl::unexpected(Malformed{}))
                           : parse(octets, bound);
  if (!message)
    on_malformed(message.error(), context, out);
  else if (message->kind == Kind::reply)
    ++counts_.unanswered;  // never answered: two servers could reply to each other endlessly
  else
    on_message(*message, octets, context, out);
  return out;
}

void Server::on_message(const Message& message, std::string_view octets, DatagramContext& context,
                        Actions& out) {
  const auto verdict = authenticate(message, octets, context);
  if (verdict.refusal) ++counts_.keys_refused;
  if (message.kind == Kind::ack) {
    if (verdict.refusal)
      ++counts_.acks_ignored;
    else
      on_ack(message, context, out);
  } else if (verdict.refusal) {
    refuse(message, {}, *verdict.refusal, context, out);
  } else if (!is_request(message.kind)) {
    replies_.reply_unproved(
        context, make_reply(message.tag, Code::protoerror, "only servers send this kind"), out);
  } else {
    on_request(message, verdict, context, out);
  }
}

// `key`: that the client has proved; "": none.
void Server::refuse(const Message& request, const std::string& key, const Error& error,
                    const DatagramContext& context, Actions& out) {
  const auto& requester = context.requester;
  replies_.reply_unproved(context, make_reply(request.tag, error.code, error.message), out);
  out.emplace_back(Refused{proved_client(requester.from.address, key, requester.session.get()),
                           std::string(to_text(request.kind)), error});
}

// A session has one identity: a Mac of another key in it would let its replies and events go to
// the wrong one of the two.
Keys::Verdict Server::authenticate(const Message& message, std::string_view octets,
                                   DatagramContext& context) {
  Keys::Verdict verdict;
  if (!is_keyed(message)) return verdict;
  verdict = keys_.check(message, octets, context.now.wall);
  if (!context.requester.session)
    context.requester.key = verdict.key;
  else if (!verdict.refusal && verdict.key != context.requester.key)
    verdict.refusal = Error{Code::noaccess, "the Mac is not of the key of this DTLS session"};
  return verdict;
}

void Server::on_malformed(const Malformed& malformed, const DatagramContext& context,
                          Actions& out) {
  ++counts_.malformed;
  if (!malformed.tag || malformed.kind == Kind::reply) {
    ++counts_.unanswered;
    return;
  }
  replies_.reply_unproved(
      context, make_reply(*malformed.tag, malformed.error.code, malformed.error.message), out);
}

void Server::on_ack(const Message& message, const DatagramContext& context, Actions& out) {
  const auto refuse = [&](std::string reason) {
    on_malformed({{Code::protoerror, std::move(reason)}, message.tag, message.kind}, context, out);
  };
  const auto subscription = message.get("Subscription");
  if (!subscription) return refuse("Subscription is missing");
  const auto number = message.get("Number");
  const auto numbers = number ? parse_ranges(*number) : std::vector<NumberRange>{};
  if (!numbers) return refuse(numbers.error().message);
  const auto challenge = message.get("Challenge");
  const auto& from = context.requester.from;
  const AckSender sender{from.address, context.requester.key, config_.policy_of(from).key_required};
  const bool counted =
      challenge
          ? verifications_.on_ack(*subscription, *challenge, from.address, out)
          : deliveries_.on_ack(*subscription, *numbers, message.tag, sender, context.now, out);
  ++(counted ? counts_.acks : counts_.acks_ignored);
}

void Server::on_request(const Message& request, const Keys::Verdict& verdict,
                        DatagramContext& context, Actions& out) {
  const auto& requester = context.requester;
  if (const auto missing = mandatory_property_missing(request); !missing.empty()) {
    on_malformed(
        {{Code::protoerror, std::string(missing) + " is missing"}, request.tag, request.kind},
        context, out);
    return;
  }
  if (auto allowed =
          config_.policy_of(requester.from).may_request(request.kind, !requester.key.empty());
      !allowed) {
    ++counts_.forbidden;
    refuse(request, requester.key, allowed.error(), context, out);
    return;
  }
  const auto age = requester.session ? Cookies::Age::current
                                     : cookies_.judge(request.text("Cookie"),
                                                      requester.from.address, context.now.mono);
  context.seen_before = age != Cookies::Age::none;
  if (handle_repeat(request, age == Cookies::Age::current, context, out)) return;
  if (age != Cookies::Age::current)
    reply_with_cookie(request, context, out);
  else
    on_proved(request, verdict, context, out);
}

// Whether this is a repeat. Then the stored reply is sent again, or the request is still in
// progress.
bool Server::handle_repeat(const Message& request, bool proved, const DatagramContext& context,
                           Actions& out) {
  const auto& requester = context.requester;
  const auto* before = replies_.find(requester, request.tag, context.now.mono);
  if (before == nullptr) return false;
  // A repeat with the cookie of the first request is accepted even if that cookie has expired
  // since; otherwise the request would be executed twice.
  const auto cookie = request.text("Cookie");
  if (!proved && (cookie.empty() || cookie != before->cookie)) return false;
  const auto rate = config_.policy_of(requester.from).rate;
  ++counts_.repeated;
  if (rates_.request(requester.from.address, rate, context.now.mono) != RateLimits::Decision::serve)
    ++counts_.too_many;
  else
    replies_.repeat(requester, *before, context.now, out);
  return true;
}

void Server::on_proved(const Message& request, const Keys::Verdict& verdict,
                       const DatagramContext& context, Actions& out) {
  const auto& [requester, octets, seen_before, now] = context;
  const auto& from = requester.from.address;
  const auto rated = rates_.request(from, config_.policy_of(requester.from).rate, now.mono);
  if (rated != RateLimits::Decision::serve) {
    ++counts_.too_many;
    if (rated == RateLimits::Decision::refuse)
      refuse(request, requester.key,
             {Code::nomoreroom, "too many requests in a second; see the parameter rate"}, context,
             out);
    return;
  }
  if (!verdict.key.empty()) {
    if (auto fresh = keys_.admit(verdict, now); !fresh) {
      ++counts_.keys_refused;
      refuse(request, verdict.key, fresh.error(), context, out);
      return;
    }
  }
  replies_.begin(requester, request, now.mono);
  requests_.execute(request, requester, now, out);
}

void Server::reply_with_cookie(const Message& request, const DatagramContext& context,
                               Actions& out) {
  ++counts_.unproved;
  const bool harmless = request.kind == Kind::parameters || request.kind == Kind::sources;
  auto reply = make_reply(request.tag, harmless ? Code::noerror : Code::noaccess);
  reply.add("Cookie", cookies_.make(context.requester.from.address, context.now.mono));
  if (!harmless) reply.add("Reason", "repeat the request with this cookie");
  replies_.reply_unproved(context, std::move(reply), out);
}

Actions Server::on_subscription(RequestId request_id, Result<SubscriptionRef> result,
                                Timestamp now) {
  Actions out;
  requests_.on_subscription(request_id, std::move(result), now, out);
  return out;
}

Actions Server::on_sources(RequestId request_id, const Result<Subscriptions::SourcePage>& result,
                           Timestamp now) {
  Actions out;
  requests_.on_sources(request_id, result, now, out);
  return out;
}

Actions Server::on_receipt(RequestId request_id, const Result<Receipt>& result, Timestamp now) {
  Actions out;
  requests_.on_receipt(request_id, result, now, out);
  return out;
}

Actions Server::deliver(AttemptId attempt_id, std::shared_ptr<const Delivery> delivery,
                        Timestamp now) {
  Actions out;
  deliveries_.deliver(attempt_id, std::move(delivery), now, out);
  return out;
}

Verification Server::verify(const Subscription& subscription, std::string token, Timestamp now,
                            Actions& out) {
  return verifications_.start(subscription, std::move(token), now, out);
}

Actions Server::forget(const std::string& subscription) {
  Actions out;
  deliveries_.forget(subscription, out);
  if (!directory_.find(subscription)) verifications_.forget(subscription);
  return out;
}

Actions Server::stop() {
  Actions out;
  deliveries_.stop(out);
  requests_.drop_all();
  return out;
}

Actions Server::on_timer(Timestamp now) {
  Actions out;
  deliveries_.on_timer(now, out);
  verifications_.on_timer(now, out);
  replies_.expire(now.mono);
  return out;
}

std::optional<MonoTime> Server::next_timer() const {
  const auto first = deliveries_.next_timer();
  const auto second = verifications_.next_timer();
  if (!first || !second) return first ? first : second;
  return std::min(*first, *second);
}

Server::State Server::state() const {
  State state;
  state.replies = replies_.cache().size();
  state.reply_octets = replies_.cache().octets();
  state.pending = requests_.pending();
  state.pending_hosts = requests_.pending_hosts();
  state.creations = requests_.creations();
  state.verifications = verifications_.pending_count();
  state.deliveries = deliveries_.in_flight_count();
  state.closed = deliveries_.closed();
  state.keyed_seen = keys_.seen();
  return state;
}

}  // namespace sense::datagram
