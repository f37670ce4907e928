// SPDX-License-Identifier: Apache-2.0
#include "core/sense/client.hpp"

#include <algorithm>

#include "core/base/hash.hpp"
#include "core/sense/event_message.hpp"
#include "core/sense/pause.hpp"

namespace sense::datagram {

namespace {

constexpr std::size_t subscriptions_max = 64;  // of a passive client
constexpr std::size_t ended_max = 16;
constexpr std::chrono::seconds lease_min{1};
constexpr std::chrono::hours lease_max{24 * 366};

Error error_of(const Message& reply, bool authenticated) {
  const auto reason = reply.text("Reason");
  return {reply.code, std::string(authenticated ? "" : "not authenticated: ") +
                          (reason.empty() ? "the server gave no reason" : std::string(reason))};
}

std::chrono::seconds lease_of(std::uint64_t period) {
  const auto bounded = static_cast<std::int64_t>(std::min<std::uint64_t>(period, 1U << 30U));
  return std::clamp<std::chrono::seconds>(std::chrono::seconds{bounded}, lease_min, lease_max);
}

// Of an EVENT, also of a digest, or of a GAP; nothing: they are unreadable.
std::optional<NumberRange> numbers_in(const Message& message) {
  const bool gap = message.kind == Kind::gap;
  const auto first = message.number(gap ? "From" : "Number");
  if (!first || *first == 0) return std::nullopt;
  auto last = message.number(gap ? "To" : "Last");
  if (!last && !gap) last = first;
  if (!last || *last < *first) return std::nullopt;
  return NumberRange{*first, *last};
}

EventReceived received_event(const Message& message, std::uint64_t number, Event event) {
  EventReceived received;
  received.subscription = message.text("Subscription");
  received.number = number;
  received.attempt = static_cast<std::uint32_t>(
      std::min<std::uint64_t>(message.number("Attempt").value_or(1), UINT32_MAX));
  received.truncated = message.truncated_length.has_value();
  received.length = message.truncated_length.value_or(message.data.size());
  received.fetch = message.text("Fetch");
  received.event = std::move(event);
  received.event.sequence = message.number("Sequence").value_or(0);
  return received;
}

}  // namespace

bool is_temporary(Code code) {
  switch (code) {
    case Code::timeout:
    case Code::commerror:
    case Code::internalerror:
    case Code::interrupted:
    case Code::nomemory:
    case Code::nomoreroom:
    case Code::noserver:
    case Code::system: return true;
    default: return false;
  }
}

Client::Client(ClientOptions options)
    : options_(std::move(options)),
      requests_({options_.tag_prefix, options_.retry_interval, options_.tries}, options_.key),
      numbers_(options_.ack_delay) {}

Output Client::subscribe(Timestamp now) {
  Output out;
  wanted_ = true;
  register_now(now, out);
  return out;
}

Output Client::cancel(Timestamp now) {
  Output out;
  wanted_ = false;
  renew_due_.reset();
  // Received events are acknowledged before the end, so that they do not count as undelivered.
  send_acks(numbers_.take_acks(now.mono, /*all=*/true), now, out);
  // A REGISTER in progress is not abandoned: its reply names the subscription to cancel.
  if (subscription_.empty()) return out;
  auto message = make_message(Kind::cancel, "-");
  message.add("Subscription", subscription_);
  start(std::move(message), ++request_ids_, now, out);
  return out;
}

Output Client::sources(std::string_view after, std::uint32_t limit, Timestamp now) {
  Output out;
  auto message = make_message(Kind::sources, "-");
  if (!after.empty()) message.add("After", after);
  if (limit != 0) message.add("Limit", limit);
  start(std::move(message), ++request_ids_, now, out);
  return out;
}

Output Client::parameters(Timestamp now, std::string_view after) {
  Output out;
  auto message = make_message(Kind::parameters, "-");
  if (!after.empty()) message.add("After", after);
  start(std::move(message), ++request_ids_, now, out);
  return out;
}

Output Client::publish(const Event& event, Timestamp now) {
  Output out;
  auto message = make_message(Kind::publish, "-");
  add_identity(message, event);
  add_details(message, event);
  add_attributes(message, event, false);
  message.data = event.data;
  constexpr std::size_t tag_and_cookie = tag_length_max + 64;
  if (serialize(message).size() + tag_and_cookie + requests_.signer().trailer() >
      options_.message_max) {
    out.request = ++request_ids_;
    out.notices.emplace_back(
        Failed{out.request,
               {Code::datatoobig, "the event does not fit into a datagram of " +
                                      std::to_string(options_.message_max) + " octets"}});
    return out;
  }
  start(std::move(message), ++request_ids_, now, out);
  return out;
}

void Client::start(Message message, std::uint64_t id, Timestamp now, Output& out) {
  out.request = id;
  if (!requests_.start({std::move(message), id}, now, out.send))
    out.notices.emplace_back(Failed{
        id, {Code::nomoreroom, "64 requests are in progress already; wait for their replies"}});
}

// Renews when there is a subscription.
void Client::register_now(Timestamp now, Output& out) {
  renew_due_.reset();
  auto message = make_message(Kind::register_, "-");
  message.add("Period", static_cast<std::uint64_t>(options_.period.count()));
  if (!subscription_.empty()) {
    message.add("Subscription", subscription_);
  } else {
    for (const auto& type : options_.types) message.add("Type", type);
    for (const auto& source : options_.sources) message.add("Source", source);
    if (!options_.deliver_to.empty()) message.add("Deliver-To", options_.deliver_to);
    if (!options_.filter.empty()) message.add("Filter", options_.filter);
    if (!options_.edition.empty()) message.add("Edition", options_.edition);
    if (!options_.language.empty()) message.add("Language", options_.language);
  }
  start(std::move(message), 0, now, out);
}

Output Client::on_datagram(std::string_view octets, Timestamp now) {
  using Authenticity = MessageSigner::Authenticity;
  Output out;
  const auto message = parse(octets);
  const auto authenticity =
      message ? requests_.signer().judge(*message, octets) : Authenticity::none;
  if (authenticity == Authenticity::none) {
    ++ignored_;
    return out;
  }
  switch (message->kind) {
    case Kind::reply: on_reply(*message, authenticity == Authenticity::full, now, out); break;
    case Kind::event:
    case Kind::gap: on_delivery(*message, now, out); break;
    case Kind::ended: on_ended(*message, now, out); break;
    case Kind::verify: on_verify(*message, out); break;
    default: ++ignored_; break;
  }
  return out;
}

void Client::on_reply(const Message& reply, bool authenticated, Timestamp now, Output& out) {
  const auto [known, request] = requests_.on_reply(reply, authenticated, now, out.send);
  if (!known) ++ignored_;
  if (!request) return;
  if (reply.code != Code::noerror)
    on_failed(*request, {request->id, error_of(reply, authenticated), false, authenticated}, now,
              out);
  else if (request->message.kind == Kind::register_)
    on_registered(*request, reply, now, out);
  else if (request->message.kind == Kind::cancel)
    on_cancelled(*request, out);
  else
    out.notices.emplace_back(Replied{request->id, reply});
}

void Client::on_registered(const ClientRequest& request, const Message& reply, Timestamp now,
                           Output& out) {
  const std::string id(reply.text("Subscription"));
  const auto period = reply.number("Period");
  if (id.empty() || !period) {
    on_failed(request, {0, {Code::protoerror, "the reply has no Subscription or no Period"}}, now,
              out);
    return;
  }
  const auto lease = lease_of(*period);
  const bool renewed = id == subscription_;
  if (!renewed) {
    numbers_.close(subscription_);
    numbers_.open(id);
    subscription_ = id;
  }
  lease_end_ = now.mono + lease;
  // Clients that registered at the same time must not renew at the same time: the id, which is
  // random, spreads them.
  const auto permille = static_cast<std::int64_t>(400 + stable_hash(id) % 101);
  renew_due_ = now.mono + Duration{lease} * permille / 1000;
  out.notices.emplace_back(Registered{id, lease, std::string(reply.text("Deliver-To")), renewed,
                                      reply.text("State") == "pending"});
  if (wanted_) return;
  auto cancelled = cancel(now);  // cancelled while the registration was under way
  std::move(cancelled.send.begin(), cancelled.send.end(), std::back_inserter(out.send));
}

void Client::on_failed(const ClientRequest& request, const Failed& failed, Timestamp now,
                       Output& out) {
  const auto& error = failed.error;
  if (request.message.kind == Kind::cancel) {
    // The subscription does not exist any more, or ends with its lease; nothing of it is accepted
    // from now on.
    if (error.code != Code::notfound) out.notices.emplace_back(failed);
    on_cancelled(request, out);
    return;
  }
  if (request.message.kind != Kind::register_) {
    out.notices.emplace_back(failed);
    return;
  }
  const bool renewing = request.message.has("Subscription");
  if (renewing && error.code == Code::notfound) {
    end("lost", true, now, out);
    return;
  }
  out.notices.emplace_back(failed);
  const bool again = options_.persist && (is_temporary(error.code) || !failed.authenticated);
  if (wanted_ && (renewing || again)) renew_due_ = now.mono + pause_max;
  if (!renewing && !again) wanted_ = false;
}

void Client::on_cancelled(const ClientRequest& request, Output& out) {
  const std::string id(request.message.text("Subscription"));
  numbers_.close(id);
  if (id == subscription_) {
    subscription_.clear();
    lease_end_.reset();
    renew_due_.reset();
  }
  out.notices.emplace_back(Ended{id, "cancelled"});
}

void Client::on_delivery(const Message& message, Timestamp now, Output& out) {
  using Received = ClientNumbers::Received;
  const std::string id(message.text("Subscription"));
  const auto numbers = numbers_in(message);
  const bool gap = message.kind == Kind::gap;
  auto event = gap ? Result<Event>() : read_event(message, EventOrigin::service);
  const auto received = numbers && event ? numbers_.add(id, numbers->first, numbers->last, now.mono)
                                         : Received::unknown;
  if (received == Received::unknown) ++ignored_;
  if (received == Received::repeat) ++repeats_;
  send_acks(numbers_.take_acks(now.mono), now, out);
  if (received != Received::fresh) return;
  if (gap)
    out.notices.emplace_back(
        GapReported{id, numbers->first, numbers->last, std::string(message.text("Reason"))});
  else
    out.notices.emplace_back(received_event(message, numbers->first, std::move(*event)));
}

void Client::on_ended(const Message& message, Timestamp now, Output& out) {
  const std::string id(message.text("Subscription"));
  const bool known = numbers_.knows(id);
  if (!known && std::find(ended_.begin(), ended_.end(), id) == ended_.end()) {
    ++ignored_;
    return;
  }
  auto ack = make_message(Kind::ack, message.tag);
  ack.add("Subscription", id);
  out.send.push_back(requests_.signer().octets_of(ack, now));
  if (!known) return;
  if (ended_.size() >= ended_max) ended_.erase(ended_.begin());
  ended_.push_back(id);
  const std::string reason(message.text("Reason"));
  if (id == subscription_) {
    end(reason, reason != "cancelled" && reason != "revoked", now, out);
    return;
  }
  numbers_.close(id);
  out.notices.emplace_back(Ended{id, reason});
}

void Client::on_verify(const Message& message, Output& out) {
  const std::string id(message.text("Subscription"));
  const auto challenge = message.text("Challenge");
  if (id.empty() || challenge.empty()) {
    ++ignored_;
    return;
  }
  if (!numbers_.knows(id)) {
    out.notices.emplace_back(VerifyRequested{id});
    if (!options_.passive || numbers_.subscriptions() >= subscriptions_max) return;
    numbers_.open(id);
  }
  auto ack = make_message(Kind::ack, message.tag);
  ack.add("Subscription", id).add("Challenge", challenge);
  out.send.push_back(serialize(ack));
}

// Ends the current subscription; registers another one if it is still wanted.
void Client::end(std::string reason, bool anew, Timestamp now, Output& out) {
  requests_.drop(Kind::register_);
  numbers_.close(subscription_);
  out.notices.emplace_back(Ended{subscription_, std::move(reason)});
  subscription_.clear();
  lease_end_.reset();
  renew_due_.reset();
  if (!wanted_) return;
  if (anew && options_.persist)
    register_now(now, out);
  else
    wanted_ = false;
}

void Client::send_acks(const ClientNumbers::Acks& acks, Timestamp now, Output& out) {
  for (const auto& [subscription, numbers] : acks) {
    auto ack = make_message(Kind::ack, requests_.next_tag());
    ack.add("Subscription", subscription).add("Number", format_ranges(numbers.ranges()));
    out.send.push_back(requests_.signer().octets_of(ack, now));
  }
}

Output Client::on_timer(Timestamp now) {
  Output out;
  send_acks(numbers_.take_acks(now.mono), now, out);
  for (const auto& request : requests_.on_timer(now, out.send))
    on_failed(request, {request.id, {Code::timeout, "the server did not answer"}, true}, now, out);
  if (lease_end_ && *lease_end_ <= now.mono) {
    end("expired", true, now, out);
  } else if (renew_due_ && *renew_due_ <= now.mono) {
    renew_due_.reset();
    if (wanted_) register_now(now, out);
  }
  return out;
}

std::optional<MonoTime> Client::next_timer() const {
  std::optional<MonoTime> next;
  for (const auto& due : {requests_.next_timer(), numbers_.next_timer(), renew_due_, lease_end_})
    if (due) next = next ? std::min(*next, *due) : *due;
  return next;
}

}  // namespace sense::datagram
