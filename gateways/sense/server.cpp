#include "gateways/sense/server.hpp"

#include <algorithm>

#include "core/base/text.hpp"

namespace sense::datagram {

namespace {

// QUIC's bound (RFC 9000 section 8.1) for addresses that have proved nothing.
constexpr std::size_t amplification_max = 3;

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

Server::Server(ServerConfig config, const Subscriptions& directory, const EgressPolicy& egress,
               Counters& counters)
    : config_(std::move(config)),
      directory_(directory),
      egress_(egress),
      cookies_(config_.cookie_key),
      deliveries_(config_.limits, config_.listeners, directory, egress, counters, config_.seed),
      verifications_(config_.limits, config_.listeners, directory, egress, counters),
      counts_{counters["sense.datagrams.received"],   counters["sense.datagrams.malformed"],
              counters["sense.datagrams.unanswered"], counters["sense.requests.unproved"],
              counters["sense.requests.repeated"],    counters["sense.acks.counted"],
              counters["sense.acks.ignored"]} {}

Actions Server::on_datagram(std::string_view octets, const Peer& from, Now now, bool cut) {
  Actions out;
  ++counts_.received;
  const Asker unproved{from, octets.size() * amplification_max};
  const auto bound =
      cut ? std::min(octets.size() - 1, config_.limits.max_message) : config_.limits.max_message;
  const auto message = octets.empty()
                           ? tl::expected<Message, Malformed>(tl::unexpected(Malformed{}))
                           : parse(octets, bound);
  if (!message) {
    on_malformed(message.error(), unproved, out);
  } else if (message->kind == Kind::reply) {
    ++counts_.unanswered;  // never answered: two servers could answer each other for ever
  } else if (message->has("Mac") || message->has("Key")) {
    answer(
        unproved,
        make_reply(message->tag, Code::notyetimplemented, "keyed messages are not supported yet"),
        out);
  } else if (message->kind == Kind::ack) {
    on_ack(*message, unproved, now, out);
  } else if (!is_request(message->kind)) {
    answer(unproved, make_reply(message->tag, Code::protoerror, "only servers send this kind"),
           out);
  } else {
    on_request(*message, from, octets.size(), now, out);
  }
  return out;
}

void Server::on_malformed(const Malformed& malformed, const Asker& asker, Actions& out) {
  ++counts_.malformed;
  if (!malformed.tag || malformed.kind == Kind::reply) {
    ++counts_.unanswered;
    return;
  }
  answer(asker, make_reply(*malformed.tag, malformed.error.code, malformed.error.message), out);
}

void Server::on_ack(const Message& message, const Asker& asker, Now now, Actions& out) {
  const auto refuse = [&](std::string reason) {
    on_malformed({{Code::protoerror, std::move(reason)}, message.tag, message.kind}, asker, out);
  };
  const auto subscription = message.get("Subscription");
  if (!subscription) return refuse("Subscription is missing");
  const auto number = message.get("Number");
  const auto numbers = number ? parse_ranges(*number) : std::vector<NumberRange>{};
  if (!numbers) return refuse(numbers.error().message);
  const auto challenge = message.get("Challenge");
  const bool counted =
      challenge
          ? verifications_.on_ack(*subscription, *challenge, asker.from.address, out)
          : deliveries_.on_ack(*subscription, *numbers, message.tag, asker.from.address, now, out);
  ++(counted ? counts_.acks : counts_.acks_ignored);
}

void Server::on_request(const Message& request, const Peer& from, std::size_t octets, Now now,
                        Actions& out) {
  const Asker unproved{from, octets * amplification_max};
  if (const auto missing = mandatory_property_missing(request); !missing.empty()) {
    on_malformed(
        {{Code::protoerror, std::string(missing) + " is missing"}, request.tag, request.kind},
        unproved, out);
    return;
  }
  const auto cookie = request.text("Cookie");
  const bool proved = cookies_.valid(cookie, from.address, now.mono);
  const auto* before = replies_.find(from.address, request.tag, now.mono);
  // The cookie of the first time is good for the repeats too, though its window may have closed:
  // else a request repeated at that moment would be carried out twice.
  if (before != nullptr && (proved || (!cookie.empty() && cookie == before->cookie))) {
    ++counts_.repeated;
    if (before->octets) out.emplace_back(Send{from, *before->octets});
    return;
  }
  if (!proved) {
    ask_for_proof(request, unproved, now, out);
    return;
  }
  replies_.begin(from.address, request.tag, cookie, now.mono);
  carry_out(request, from, now, out);
}

void Server::ask_for_proof(const Message& request, const Asker& asker, Now now, Actions& out) {
  ++counts_.unproved;
  const bool harmless = request.kind == Kind::parameters || request.kind == Kind::sources;
  auto reply = make_reply(request.tag, harmless ? Code::noerror : Code::noaccess);
  reply.add("Cookie", cookies_.make(asker.from.address, now.mono));
  if (!harmless) reply.add("Reason", "repeat the request with this cookie");
  answer(asker, std::move(reply), out);
}

void Server::carry_out(const Message& request, const Peer& from, Now now, Actions& out) {
  Status started;
  if (pending_.size() >= config_.limits.max_pending) {
    started = fail(Code::nomoreroom, "the server is busy; try again in a moment");
  } else {
    switch (request.kind) {
      case Kind::register_: started = start_register(request, from, now, out); break;
      case Kind::cancel: started = start_on_known(request, from, out); break;
      case Kind::sources: started = start_sources(request, from, out); break;
      case Kind::publish: started = start_publish(request, from, now, out); break;
      default: answer_parameters(request, from, out); break;
    }
  }
  if (!started)
    conclude(from, make_reply(request.tag, started.error().code, started.error().message), out);
}

void Server::answer(const Asker& asker, Message reply, Actions& out) {
  auto octets = serialize(reply);
  if (octets.size() > asker.octets_max) {
    std::erase_if(reply.properties,
                  [](const Property& property) { return property.name == "Reason"; });
    octets = serialize(reply);
  }
  if (octets.size() > asker.octets_max)
    ++counts_.unanswered;
  else
    out.emplace_back(Send{asker.from, std::move(octets)});
}

void Server::conclude(const Peer& from, const Message& reply, Actions& out) {
  Actions sent;
  answer({from, octets_max_of(config_.limits, config_.listeners, from)}, reply, sent);
  for (auto& action : sent) {
    replies_.finish(from.address, reply.tag, std::get<Send>(action).octets);
    out.push_back(std::move(action));
  }
}

Ticket Server::wait(Pending pending) {
  pending_.emplace(++tickets_, std::move(pending));
  return tickets_;
}

std::optional<Server::Pending> Server::take(Ticket ticket) {
  const auto found = pending_.find(ticket);
  if (found == pending_.end()) return std::nullopt;
  auto pending = std::move(found->second);
  pending_.erase(found);
  return pending;
}

Actions Server::deliver(Ticket ticket, std::shared_ptr<const Delivery> delivery, Now now) {
  Actions out;
  deliveries_.deliver(ticket, std::move(delivery), now, out);
  return out;
}

Verification Server::verify(const Subscription& subscription, std::string token, Now now,
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
  pending_.clear();
  return out;
}

Actions Server::on_timer(Now now) {
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

}  // namespace sense::datagram
