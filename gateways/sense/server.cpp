// SPDX-License-Identifier: Apache-2.0
#include "gateways/sense/server.hpp"

#include <algorithm>

#include "gateways/sense/model/peer_identity.hpp"

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
      egress_(egress),
      cookies_(config_.cookie_key),
      keys_(std::move(config_.keys), config_.limits.key_window),
      rates_(config_.limits),
      writer_(keys_, std::move(config_.fetch)),
      deliveries_(config_.limits, config_.listeners, directory, egress, writer_, counters,
                  config_.seed),
      verifications_(config_.limits, config_.listeners, directory, egress, counters),
      admissions_(config_.limits, directory),
      counts_{counters["sense.datagrams.received"],  counters["sense.datagrams.outside"],
              counters["sense.datagrams.malformed"], counters["sense.datagrams.unanswered"],
              counters["sense.requests.unproved"],   counters["sense.requests.repeated"],
              counters["sense.requests.forbidden"],  counters["sense.requests.too-many"],
              counters["sense.answers.too-many"],    counters["sense.keys.refused"],
              counters["sense.acks.counted"],        counters["sense.acks.ignored"]} {}

Actions Server::on_datagram(std::string_view octets, const Peer& from, Timestamp now, bool cut) {
  Actions out;
  ++counts_.received;
  if (!policy_of(from).admits(from.address)) {
    ++counts_.outside;
    return out;
  }
  Arrival arrival{{from, {}}, octets.size(), false, now};
  const auto bound =
      cut ? std::min(octets.size() - 1, config_.limits.max_message) : config_.limits.max_message;
  const auto message = octets.empty()
                           ? tl::expected<Message, Malformed>(tl::unexpected(Malformed{}))
                           : parse(octets, bound);
  if (!message)
    on_malformed(message.error(), arrival, out);
  else if (message->kind == Kind::reply)
    ++counts_.unanswered;  // never answered: two servers could answer each other for ever
  else
    on_message(*message, octets, arrival, out);
  return out;
}

void Server::on_message(const Message& message, std::string_view octets, Arrival& arrival,
                        Actions& out) {
  Keys::Verdict verdict;
  if (is_keyed(message)) {
    verdict = keys_.check(message, octets, arrival.now.wall);
    arrival.asker.key = verdict.key;
    if (verdict.refusal) ++counts_.keys_refused;
  }
  if (message.kind == Kind::ack) {
    if (verdict.refusal)
      ++counts_.acks_ignored;
    else
      on_ack(message, arrival, out);
  } else if (verdict.refusal) {
    answer_unproved(arrival,
                    make_reply(message.tag, verdict.refusal->code, verdict.refusal->message), out);
  } else if (!is_request(message.kind)) {
    answer_unproved(arrival,
                    make_reply(message.tag, Code::protoerror, "only servers send this kind"), out);
  } else {
    on_request(message, verdict, arrival, out);
  }
}

void Server::on_malformed(const Malformed& malformed, const Arrival& arrival, Actions& out) {
  ++counts_.malformed;
  if (!malformed.tag || malformed.kind == Kind::reply) {
    ++counts_.unanswered;
    return;
  }
  answer_unproved(arrival,
                  make_reply(*malformed.tag, malformed.error.code, malformed.error.message), out);
}

void Server::on_ack(const Message& message, const Arrival& arrival, Actions& out) {
  const auto refuse = [&](std::string reason) {
    on_malformed({{Code::protoerror, std::move(reason)}, message.tag, message.kind}, arrival, out);
  };
  const auto subscription = message.get("Subscription");
  if (!subscription) return refuse("Subscription is missing");
  const auto number = message.get("Number");
  const auto numbers = number ? parse_ranges(*number) : std::vector<NumberRange>{};
  if (!numbers) return refuse(numbers.error().message);
  const auto challenge = message.get("Challenge");
  const auto& [from, key] = arrival.asker;
  const Acknowledger sender{from.address, key, policy_of(from).key_required};
  const bool counted =
      challenge
          ? verifications_.on_ack(*subscription, *challenge, from.address, out)
          : deliveries_.on_ack(*subscription, *numbers, message.tag, sender, arrival.now, out);
  ++(counted ? counts_.acks : counts_.acks_ignored);
}

void Server::on_request(const Message& request, const Keys::Verdict& verdict, Arrival& arrival,
                        Actions& out) {
  const auto& asker = arrival.asker;
  if (const auto missing = mandatory_property_missing(request); !missing.empty()) {
    on_malformed(
        {{Code::protoerror, std::string(missing) + " is missing"}, request.tag, request.kind},
        arrival, out);
    return;
  }
  if (auto allowed = policy_of(asker.from).may_ask(request.kind, !asker.key.empty()); !allowed) {
    ++counts_.forbidden;
    answer_unproved(arrival, make_reply(request.tag, allowed.error().code, allowed.error().message),
                    out);
    return;
  }
  const auto age = cookies_.judge(request.text("Cookie"), asker.from.address, arrival.now.mono);
  arrival.seen_before = age != Cookies::Age::none;
  if (repeats(request, age == Cookies::Age::current, arrival, out)) return;
  if (age != Cookies::Age::current)
    ask_for_proof(request, arrival, out);
  else
    on_proved(request, verdict, arrival, out);
}

// Whether this request came before: then it has its answer, or is still being worked on.
bool Server::repeats(const Message& request, bool proved, const Arrival& arrival, Actions& out) {
  const auto& asker = arrival.asker;
  const auto* before = replies_.find(asker.from.address, request.tag, arrival.now.mono);
  if (before == nullptr || before->key != asker.key) return false;
  // The cookie of the first time is good for the repeats too, though its window may have closed:
  // else a request repeated at that moment would be carried out twice.
  const auto cookie = request.text("Cookie");
  if (!proved && (cookie.empty() || cookie != before->cookie)) return false;
  const auto rate = policy_of(asker.from).rate;
  ++counts_.repeated;
  if (rates_.request(asker.from.address, rate, arrival.now.mono) != RateLimits::Answer::serve)
    ++counts_.too_many;
  else if (before->octets)
    send_signed(asker, *before->octets, arrival.now, out);
  return true;
}

void Server::on_proved(const Message& request, const Keys::Verdict& verdict, const Arrival& arrival,
                       Actions& out) {
  const auto& [asker, octets, seen_before, now] = arrival;
  const auto& from = asker.from.address;
  const auto rated = rates_.request(from, policy_of(asker.from).rate, now.mono);
  if (rated != RateLimits::Answer::serve) {
    ++counts_.too_many;
    if (rated == RateLimits::Answer::refuse)
      answer_unproved(arrival,
                      make_reply(request.tag, Code::nomoreroom,
                                 "too many requests in a second; see the parameter rate"),
                      out);
    return;
  }
  if (!asker.key.empty()) {
    if (auto fresh = keys_.admit(verdict, now); !fresh) {
      ++counts_.keys_refused;
      answer_unproved(arrival, make_reply(request.tag, fresh.error().code, fresh.error().message),
                      out);
      return;
    }
  }
  replies_.begin(from, request.tag, request.text("Cookie"), asker.key, now.mono);
  carry_out(request, asker, now, out);
}

void Server::ask_for_proof(const Message& request, const Arrival& arrival, Actions& out) {
  ++counts_.unproved;
  const bool harmless = request.kind == Kind::parameters || request.kind == Kind::sources;
  auto reply = make_reply(request.tag, harmless ? Code::noerror : Code::noaccess);
  reply.add("Cookie", cookies_.make(arrival.asker.from.address, arrival.now.mono));
  if (!harmless) reply.add("Reason", "repeat the request with this cookie");
  answer_unproved(arrival, std::move(reply), out);
}

void Server::carry_out(const Message& request, const Asker& asker, Timestamp now, Actions& out) {
  Status started;
  if (pending_.size() >= config_.limits.max_pending) {
    started = fail(Code::nomoreroom, "the server is busy; try again in a moment");
  } else if (pending_shares_.of(host_of(asker.from.address)) >= config_.limits.pending_per_host()) {
    started = fail(Code::nomoreroom, "too many of your requests are waiting for their answers");
  } else {
    switch (request.kind) {
      case Kind::register_: started = start_register(request, asker, now, out); break;
      case Kind::cancel: started = start_on_known(request, asker, out); break;
      case Kind::sources: started = start_sources(request, asker, out); break;
      case Kind::publish: started = start_publish(request, asker, now, out); break;
      default: started = answer_parameters(request, asker, now, out); break;
    }
  }
  if (!started)
    conclude(asker, make_reply(request.tag, started.error().code, started.error().message), now,
             out);
}

Actions Server::deliver(Ticket ticket, std::shared_ptr<const Delivery> delivery, Timestamp now) {
  Actions out;
  deliveries_.deliver(ticket, std::move(delivery), now, out);
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
  while (!pending_.empty()) (void)take(pending_.begin()->first);
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
  state.replies = replies_.size();
  state.reply_octets = replies_.octets();
  state.pending = pending_.size();
  state.pending_hosts = pending_shares_.hosts();
  state.creations = admissions_.size();
  state.verifications = verifications_.waiting();
  state.deliveries = deliveries_.waiting();
  state.closed = deliveries_.closed();
  state.keyed_seen = keys_.seen();
  return state;
}

}  // namespace sense::datagram
