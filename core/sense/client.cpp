// SPDX-License-Identifier: Apache-2.0
#include "core/sense/client.hpp"

#include <algorithm>

#include "core/base/hash.hpp"
#include "core/sense/event_message.hpp"
#include "core/sense/keyed.hpp"

namespace sense::datagram {

namespace {

constexpr std::size_t requests_max = 64;
constexpr std::size_t subscriptions_max = 64;  // of a passive client
constexpr std::size_t ended_max = 16;
constexpr std::size_t holes_max = 1024;
// Deliveries whose acknowledgements may be delayed: half of the default window of a server, so that
// it never has to stop for them.
constexpr std::size_t pending_acks_max = 16;
constexpr std::size_t cookie_length_max = 256;
constexpr std::chrono::seconds pause_max{32};
constexpr std::chrono::seconds lease_min{1};
constexpr std::chrono::hours lease_max{24 * 366};

Duration pause_after(std::uint32_t tries, Duration interval) {
  const auto doublings = std::min<std::uint32_t>(tries == 0 ? 0 : tries - 1, 10);
  return std::min<Duration>(interval * (1LL << doublings), pause_max);
}

Error error_of(const Message& reply, bool authenticated) {
  const auto reason = reply.text("Reason");
  return {reply.code, std::string(authenticated ? "" : "not authenticated: ") +
                          (reason.empty() ? "the server gave no reason" : std::string(reason))};
}

bool needs_cookie(const Message& request, const Message& reply) {
  if (!reply.has("Cookie")) return false;
  const bool listing = request.kind == Kind::sources || request.kind == Kind::parameters;
  return reply.code == Code::noaccess ||
         (listing && reply.code == Code::noerror && reply.data.empty());
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

Client::Client(ClientOptions options) : options_(std::move(options)) {}

std::string Client::next_tag() { return options_.tag_prefix + std::to_string(++tags_); }

Output Client::subscribe(Timestamp now) {
  Output out;
  wanted_ = true;
  register_now(false, now, out);
  return out;
}

Output Client::cancel(Timestamp now) {
  Output out;
  wanted_ = false;
  renew_due_.reset();
  // Received events are acknowledged before the end, so that they do not count as undelivered.
  for (const auto& [id, pending] : pending_acks_) flush_acks(id, pending.numbers, now, out);
  pending_acks_.clear();
  // A REGISTER in progress is not abandoned: its reply names the subscription to cancel.
  if (subscription_.empty()) return out;
  auto message = make_message(Kind::cancel, "-");
  message.add("Subscription", subscription_);
  out.request = start_request(std::move(message), ++request_ids_, now, out);
  return out;
}

Output Client::sources(std::string_view after, std::uint32_t limit, Timestamp now) {
  Output out;
  auto message = make_message(Kind::sources, "-");
  if (!after.empty()) message.add("After", after);
  if (limit != 0) message.add("Limit", limit);
  out.request = start_request(std::move(message), ++request_ids_, now, out);
  return out;
}

Output Client::parameters(Timestamp now, std::string_view after) {
  Output out;
  auto message = make_message(Kind::parameters, "-");
  if (!after.empty()) message.add("After", after);
  out.request = start_request(std::move(message), ++request_ids_, now, out);
  return out;
}

Output Client::publish(const Event& event, Timestamp now) {
  Output out;
  auto message = make_message(Kind::publish, "-");
  add_identity(message, event);
  add_details(message, event);
  message.data = event.data;
  constexpr std::size_t tag_and_cookie = tag_length_max + 64;
  const auto trailer = options_.key ? trailer_size(options_.key->name) : 0;
  if (serialize(message).size() + tag_and_cookie + trailer > options_.message_max) {
    out.request = ++request_ids_;
    out.notices.emplace_back(
        Failed{out.request,
               {Code::datatoobig, "the event does not fit into a datagram of " +
                                      std::to_string(options_.message_max) + " octets"}});
    return out;
  }
  out.request = start_request(std::move(message), ++request_ids_, now, out);
  return out;
}

std::uint64_t Client::start_request(Message message, std::uint64_t id, Timestamp now, Output& out) {
  if (requests_.size() >= requests_max) {
    out.notices.emplace_back(Failed{
        id, {Code::nomoreroom, "64 requests are in progress already; wait for their replies"}});
    return id;
  }
  Request request;
  request.message = std::move(message);
  request.id = id;
  request.tag = next_tag();
  send(request, now, out);
  requests_.emplace(++request_keys_, std::move(request));
  return id;
}

void Client::send(Request& request, Timestamp now, Output& out) {
  Message message = request.message;
  message.tag = request.tag;
  if (!cookie_.empty()) message.add("Cookie", cookie_);
  ++request.sent;
  request.due = now.mono + pause_after(request.sent, options_.retry_interval);
  out.send.push_back(octets_of(message, now));
}

void Client::restart_request(Request& request, Timestamp now, Output& out) {
  ++request.restarts;
  request.tag = next_tag();
  request.sent = 0;
  send(request, now, out);
}

void Client::register_now(bool renew, Timestamp now, Output& out) {
  renew_due_.reset();
  auto message = make_message(Kind::register_, "-");
  message.add("Period", static_cast<std::uint64_t>(options_.period.count()));
  if (renew) {
    message.add("Subscription", subscription_);
  } else {
    for (const auto& type : options_.types) message.add("Type", type);
    for (const auto& source : options_.sources) message.add("Source", source);
    if (!options_.deliver_to.empty()) message.add("Deliver-To", options_.deliver_to);
    if (!options_.filter.empty()) message.add("Filter", options_.filter);
    if (!options_.edition.empty()) message.add("Edition", options_.edition);
    if (!options_.language.empty()) message.add("Language", options_.language);
  }
  start_request(std::move(message), 0, now, out);
}

Output Client::on_datagram(std::string_view octets, Timestamp now) {
  Output out;
  const auto message = parse(octets);
  const auto authenticity = message ? authenticity_of(*message, octets) : Authenticity::none;
  if (authenticity == Authenticity::none) {
    ++ignored_;
    return out;
  }
  switch (message->kind) {
    case Kind::reply: on_reply(*message, authenticity, now, out); break;
    case Kind::event: on_event(*message, now, out); break;
    case Kind::gap: on_gap(*message, now, out); break;
    case Kind::ended: on_ended(*message, now, out); break;
    case Kind::verify: on_verify(*message, out); break;
    default: ++ignored_; break;
  }
  return out;
}

void Client::on_reply(const Message& reply, Authenticity authenticity, Timestamp now, Output& out) {
  const auto found = std::find_if(requests_.begin(), requests_.end(),
                                  [&](const auto& entry) { return entry.second.tag == reply.tag; });
  if (found == requests_.end()) {
    ++ignored_;
    return;
  }
  const bool authenticated = authenticity == Authenticity::full;
  const auto cookie = reply.text("Cookie");
  if (!cookie.empty() && cookie.size() <= cookie_length_max) cookie_ = cookie;
  if (authenticated && restart_with_server_time(found->second, reply, now, out)) return;
  if (restart_with_cookie(found->second, reply, now, out)) return;
  const Request request = std::move(found->second);
  requests_.erase(found);
  if (reply.code != Code::noerror)
    on_failed(request, {request.id, error_of(reply, authenticated), false, authenticated}, now,
              out);
  else if (request.message.kind == Kind::register_)
    on_registered(request, reply, now, out);
  else
    on_answer(request, reply, now, out);
}

bool Client::restart_with_cookie(Request& request, const Message& reply, Timestamp now,
                                 Output& out) {
  if (!needs_cookie(request.message, reply) || request.restarts >= restarts_max) return false;
  restart_request(request, now, out);
  return true;
}

void Client::on_registered(const Request& request, const Message& reply, Timestamp now,
                           Output& out) {
  const std::string id(reply.text("Subscription"));
  const auto period = reply.number("Period");
  if (id.empty() || !period) {
    on_failed(request, {0, {Code::protoerror, "the reply has no Subscription or no Period"}}, now,
              out);
    return;
  }
  const auto lease = std::clamp<std::chrono::seconds>(
      std::chrono::seconds{static_cast<std::int64_t>(std::min<std::uint64_t>(*period, 1U << 30U))},
      lease_min, lease_max);
  const bool renewed = id == subscription_;
  if (!renewed) {
    numbers_.erase(subscription_);
    subscription_ = id;
    numbers_[id].clear();
  }
  lease_end_ = now.mono + lease;
  // Clients that registered at the same time must not renew at the same time: the id, which is
  // random, spreads them.
  const auto permille = static_cast<std::int64_t>(400 + stable_hash(id) % 101);
  renew_due_ = now.mono + Duration{lease} * permille / 1000;
  out.notices.emplace_back(Registered{id, lease, renewed, reply.text("State") == "pending"});
  if (wanted_) return;
  auto cancelled = cancel(now);  // cancelled while the registration was under way
  std::move(cancelled.send.begin(), cancelled.send.end(), std::back_inserter(out.send));
}

void Client::on_failed(const Request& request, const Failed& failed, Timestamp now, Output& out) {
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

void Client::on_answer(const Request& request, const Message& reply, Timestamp now, Output& out) {
  (void)now;
  if (request.message.kind == Kind::cancel)
    on_cancelled(request, out);
  else
    out.notices.emplace_back(Replied{request.id, reply});
}

void Client::on_cancelled(const Request& request, Output& out) {
  const std::string id(request.message.text("Subscription"));
  numbers_.erase(id);
  pending_acks_.erase(id);
  if (id == subscription_) {
    subscription_.clear();
    lease_end_.reset();
    renew_due_.reset();
  }
  out.notices.emplace_back(Ended{id, "cancelled"});
}

void Client::on_event(const Message& message, Timestamp now, Output& out) {
  const std::string id(message.text("Subscription"));
  auto* numbers = numbers_of(id);
  const auto number = message.number("Number");
  const auto last = message.number("Last").value_or(number.value_or(0));  // of a digest
  auto event = read_event(message);
  if (numbers == nullptr || !number || *number == 0 || last < *number || !event) {
    ++ignored_;
    return;
  }
  acknowledge(id, *number, last, now, out);
  if (!numbers->add(*number, last)) {
    ++repeats_;
    return;
  }
  if (numbers->ranges().size() > holes_max) (void)numbers->close_lowest_hole();
  event->sequence = message.number("Sequence").value_or(0);
  EventReceived received;
  received.subscription = id;
  received.number = *number;
  received.attempt = static_cast<std::uint32_t>(
      std::min<std::uint64_t>(message.number("Attempt").value_or(1), UINT32_MAX));
  received.truncated = message.truncated_length.has_value();
  received.length = message.truncated_length.value_or(message.data.size());
  received.fetch = message.text("Fetch");
  received.event = std::move(*event);
  out.notices.emplace_back(std::move(received));
}

void Client::on_gap(const Message& message, Timestamp now, Output& out) {
  const std::string id(message.text("Subscription"));
  auto* numbers = numbers_of(id);
  const auto from = message.number("From");
  const auto to = message.number("To");
  if (numbers == nullptr || !from || !to || *from == 0 || *from > *to) {
    ++ignored_;
    return;
  }
  acknowledge(id, *from, *to, now, out);
  if (!numbers->add(*from, *to)) {
    ++repeats_;
    return;
  }
  if (numbers->ranges().size() > holes_max) (void)numbers->close_lowest_hole();
  out.notices.emplace_back(GapReported{id, *from, *to, std::string(message.text("Reason"))});
}

void Client::on_ended(const Message& message, Timestamp now, Output& out) {
  const std::string id(message.text("Subscription"));
  const bool known = numbers_of(id) != nullptr;
  if (!known && std::find(ended_.begin(), ended_.end(), id) == ended_.end()) {
    ++ignored_;
    return;
  }
  auto ack = make_message(Kind::ack, message.tag);
  ack.add("Subscription", id);
  out.send.push_back(octets_of(ack, now));
  if (!known) return;
  if (ended_.size() >= ended_max) ended_.erase(ended_.begin());
  ended_.push_back(id);
  const std::string reason(message.text("Reason"));
  if (id == subscription_) {
    end(reason, reason != "cancelled" && reason != "revoked", now, out);
    return;
  }
  numbers_.erase(id);
  pending_acks_.erase(id);
  out.notices.emplace_back(Ended{id, reason});
}

void Client::on_verify(const Message& message, Output& out) {
  const std::string id(message.text("Subscription"));
  const auto challenge = message.text("Challenge");
  if (id.empty() || challenge.empty()) {
    ++ignored_;
    return;
  }
  const bool known = numbers_.contains(id);
  if (!known) out.notices.emplace_back(VerifyRequested{id});
  if (!known && (!options_.passive || numbers_.size() >= subscriptions_max)) return;
  numbers_[id];
  auto ack = make_message(Kind::ack, message.tag);
  ack.add("Subscription", id).add("Challenge", challenge);
  out.send.push_back(serialize(ack));
}

// Ends the current subscription; registers another one if it is still wanted.
void Client::end(std::string reason, bool anew, Timestamp now, Output& out) {
  std::erase_if(requests_,
                [](const auto& entry) { return entry.second.message.kind == Kind::register_; });
  numbers_.erase(subscription_);
  pending_acks_.erase(subscription_);
  out.notices.emplace_back(Ended{subscription_, std::move(reason)});
  subscription_.clear();
  lease_end_.reset();
  renew_due_.reset();
  if (!wanted_) return;
  if (anew && options_.persist)
    register_now(false, now, out);
  else
    wanted_ = false;
}

void Client::acknowledge(const std::string& subscription, std::uint64_t first, std::uint64_t last,
                         Timestamp now, Output& out) {
  if (options_.ack_delay <= Duration{0}) {
    NumberSet one;
    one.add(first, last);
    flush_acks(subscription, one, now, out);
    return;
  }
  const auto [entry, made] = pending_acks_.try_emplace(subscription);
  auto& pending = entry->second;
  if (made) pending.due = now.mono + options_.ack_delay;
  pending.numbers.add(first, last);
  if (++pending.count < pending_acks_max) return;
  flush_acks(subscription, pending.numbers, now, out);
  pending_acks_.erase(entry);
}

void Client::flush_acks(const std::string& subscription, const NumberSet& numbers, Timestamp now,
                        Output& out) {
  auto ack = make_message(Kind::ack, next_tag());
  ack.add("Subscription", subscription).add("Number", format_ranges(numbers.ranges()));
  out.send.push_back(octets_of(ack, now));
}

NumberSet* Client::numbers_of(std::string_view subscription) {
  const auto found = numbers_.find(subscription);
  return found == numbers_.end() ? nullptr : &found->second;
}

Output Client::on_timer(Timestamp now) {
  Output out;
  for (auto entry = pending_acks_.begin(); entry != pending_acks_.end();) {
    if (entry->second.due > now.mono) {
      ++entry;
      continue;
    }
    flush_acks(entry->first, entry->second.numbers, now, out);
    entry = pending_acks_.erase(entry);
  }
  repeat_requests(now, out);
  check_lease(now, out);
  return out;
}

void Client::repeat_requests(Timestamp now, Output& out) {
  std::vector<Request> given_up;
  for (auto entry = requests_.begin(); entry != requests_.end();) {
    auto& request = entry->second;
    if (request.due > now.mono) {
      ++entry;
    } else if (request.sent < options_.tries) {
      send(request, now, out);
      ++entry;
    } else {
      given_up.push_back(std::move(request));
      entry = requests_.erase(entry);
    }
  }
  for (const auto& request : given_up)
    on_failed(request, {request.id, {Code::timeout, "the server did not answer"}, true}, now, out);
}

void Client::check_lease(Timestamp now, Output& out) {
  if (lease_end_ && *lease_end_ <= now.mono) {
    end("expired", true, now, out);
    return;
  }
  if (!renew_due_ || *renew_due_ > now.mono) return;
  if (wanted_)
    register_now(!subscription_.empty(), now, out);
  else
    renew_due_.reset();
}

std::optional<MonoTime> Client::next_timer() const {
  std::optional<MonoTime> next;
  const auto consider = [&](MonoTime due) { next = next ? std::min(*next, due) : due; };
  for (const auto& [key, request] : requests_) consider(request.due);
  for (const auto& [id, pending] : pending_acks_) consider(pending.due);
  if (renew_due_) consider(*renew_due_);
  if (lease_end_) consider(*lease_end_);
  return next;
}

std::vector<NumberRange> Client::missing() const {
  const auto found = numbers_.find(subscription_);
  return found == numbers_.end() ? std::vector<NumberRange>{} : found->second.holes();
}

}  // namespace sense::datagram
