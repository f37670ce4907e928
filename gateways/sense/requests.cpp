// SPDX-License-Identifier: Apache-2.0
#include "gateways/sense/requests.hpp"

#include <algorithm>

#include "core/base/random.hpp"
#include "core/base/text.hpp"
#include "core/sense/event_message.hpp"
#include "gateways/sense/admission/renewal.hpp"
#include "gateways/sense/model/peer_identity.hpp"

namespace sense::datagram {

namespace {

constexpr std::uint32_t sources_limit_default = 1000;
constexpr std::uint32_t sources_limit_max = 1000;
constexpr std::size_t identifier_length_max = 64;

template <class Pattern>
Result<std::vector<Pattern>> read_patterns(const Message& request, std::string_view name,
                                           std::size_t max) {
  const auto texts = request.all(name);
  if (texts.size() > max)
    return fail(Code::nomoreroom, std::to_string(texts.size()) + " times " + std::string(name) +
                                      "; at most " + std::to_string(max) + " are allowed");
  std::vector<Pattern> patterns;
  for (const auto text : texts) {
    auto pattern = Pattern::parse(text);
    if (!pattern) return tl::unexpected(pattern.error());
    patterns.push_back(std::move(*pattern));
  }
  return patterns;
}

Result<Duration> read_period(const Message& request, std::chrono::seconds max) {
  const auto seconds = request.number("Period");
  if (!seconds) return tl::unexpected(seconds.error());
  if (*seconds == 0) return fail(Code::badparam, "Period is 0; CANCEL ends a subscription");
  const auto longest = static_cast<std::uint64_t>(max.count());
  return std::chrono::seconds{static_cast<std::int64_t>(std::min(*seconds, longest))};
}

Result<Endpoint> read_target(const Message& request, const Endpoint& from,
                             const EgressPolicy& egress) {
  const auto text = request.get("Deliver-To");
  auto endpoint = text ? endpoint_of(*text) : Result<Endpoint>(from);
  if (!endpoint) return tl::unexpected(endpoint.error());
  if (*endpoint != from) {
    if (auto status = may_be_target(*endpoint, egress); !status)
      return tl::unexpected(status.error());
  }
  if (auto status = check_zone(*endpoint); !status) return tl::unexpected(status.error());
  return endpoint;
}

ProvedClient client_of(const Requester& requester) {
  return proved_client(requester.from.address, requester.key, requester.session.get());
}

tl::unexpected<Error> unknown_subscription() {
  return fail(Code::notfound, "there is no such subscription of yours");
}

}  // namespace

Requests::Requests(const ServerConfig& config, const ServedSubscriptions& directory,
                   const EgressPolicy& egress, Deliveries& deliveries, Verifications& verifications,
                   ReplySender& replies, Counters::Counter& no_room)
    : config_(config),
      directory_(directory),
      egress_(egress),
      deliveries_(deliveries),
      verifications_(verifications),
      replies_(replies),
      quota_(config.limits, directory),
      no_room_(no_room) {}

void Requests::execute(const Message& request, const Requester& requester, Timestamp now,
                       Actions& out) {
  auto started = check_room(requester);
  if (started) switch (request.kind) {
      case Kind::register_: started = start_register(request, requester, now, out); break;
      case Kind::cancel: started = start_existing(request, requester, out); break;
      case Kind::sources: started = start_sources(request, requester, out); break;
      case Kind::publish: started = start_publish(request, requester, now, out); break;
      default: started = reply_parameters(request, requester, now, out); break;
    }
  if (started) return;
  replies_.reply(requester, make_reply(request.tag, started.error().code, started.error().message),
                 now, out);
  out.emplace_back(
      Refused{client_of(requester), std::string(to_text(request.kind)), started.error()});
}

Status Requests::counted(Status admitted) {
  if (!admitted) ++no_room_;
  return admitted;
}

Status Requests::check_room(const Requester& requester) const {
  if (pending_.size() >= config_.limits.max_pending)
    return fail(Code::nomoreroom, "the server is busy; try again in a moment");
  if (pending_per_host_.count(host_identity(requester.from.address)) >=
      config_.limits.pending_per_host())
    return fail(Code::nomoreroom, "too many requests of this host are in progress");
  return {};
}

Status Requests::start_register(const Message& request, const Requester& requester, Timestamp now,
                                Actions& out) {
  Subscriptions::Request wanted;
  wanted.filter = request.text("Filter");
  if (auto status = wanted.filter.check(); !status) return status;
  const auto period = read_period(request, config_.limits.max_period);
  if (!period) return tl::unexpected(period.error());
  if (request.has("Subscription")) return start_existing(request, requester, out);
  wanted.period = *period;
  return start_create(request, requester, std::move(wanted), now, out);
}

Status Requests::start_create(const Message& request, const Requester& requester,
                              Subscriptions::Request wanted, Timestamp now, Actions& out) {
  const auto& limits = config_.limits;
  const auto& from = requester.from;
  auto types = read_patterns<TypePattern>(request, "Type", Subscription::patterns_max);
  if (!types) return tl::unexpected(types.error());
  auto sources =
      read_patterns<SourcePattern>(request, "Source", limits.max_sources_per_subscription);
  if (!sources) return tl::unexpected(sources.error());
  const auto target = read_target(request, from.address, egress_);
  if (!target) return tl::unexpected(target.error());

  wanted.owner = requester.key.empty() ? callback_of(from.address) : owner_of_key(requester.key);
  wanted.via = gateway_name;
  wanted.callback = callback_of(*target);
  if (*target != from.address)
    if (auto status = verifications_.admit(*target, wanted.owner); !status) return status;
  SubscriptionQuota::Claim claim{wanted.callback, wanted.owner, is_local_machine(from.address)};
  if (auto status = counted(quota_.admit(claim, now.mono)); !status) return status;
  wanted.types = std::move(*types);
  wanted.sources = std::move(*sources);
  wanted.edition = request.text("Edition");
  wanted.language = request.text("Language");
  wanted.delivery.retry_initial = limits.retry_interval;
  wanted.delivery.retry_max = Duration{pause_max};
  wanted.delivery.retry_count = limits.tries();
  wanted.delivery.window = limits.window;
  wanted.callback_proved = *target == from.address;
  if (const auto name = config_.name_of(from); !name.empty())
    wanted.labels.emplace(listener_label, name);
  if (!requester.key.empty())
    wanted.labels.emplace(registered_from_label, callback_of(from.address));
  const auto request_id =
      add_pending({requester, request, Stage::create, std::move(claim), {}, nullptr});
  out.emplace_back(Create{request_id, std::move(wanted), client_of(requester)});
  return {};
}

// Renewal and cancellation of an existing subscription.
Status Requests::start_existing(const Message& request, const Requester& requester, Actions& out) {
  const std::string id(request.text("Subscription"));
  if (id.empty() || id.size() > identifier_length_max) return unknown_subscription();
  const auto stage = request.kind == Kind::cancel ? Stage::cancel : Stage::renew;
  Pending pending{requester, request, stage, {}, {}, directory_.find(id)};
  if (!pending.subscription) {
    // The replica of the directory may lag behind a recent creation: ask the broker.
    pending.stage = Stage::look_up;
    out.emplace_back(LookUp{add_pending(std::move(pending)), id, client_of(requester)});
    return {};
  }
  const auto request_id = add_pending(std::move(pending));
  auto status = start_change(request_id, pending_.at(request_id), out);
  if (!status) (void)take_pending(request_id);
  return status;
}

Status Requests::start_change(RequestId request_id, Pending& pending, Actions& out) {
  const auto& subscription = *pending.subscription;
  const auto& from = pending.requester.from;
  const ProvedSender sender{from.address, pending.requester.key, config_.name_of(from)};
  if (!may_change(subscription, sender)) return unknown_subscription();
  if (pending.request.kind == Kind::cancel) {
    pending.stage = Stage::cancel;
    out.emplace_back(Cancel{request_id, subscription.id, client_of(pending.requester)});
    return {};
  }
  const auto period = read_period(pending.request, config_.limits.max_period);
  if (!period) return tl::unexpected(period.error());
  auto move = move_of_renewal(subscription, sender, pending.request.get("Deliver-To"));
  if (!move) return tl::unexpected(move.error());
  pending.stage = Stage::renew;
  if (*move && (*move)->callback != (*move)->from) {
    SubscriptionQuota::Claim claim{(*move)->callback, (*move)->owner,
                                   is_local_machine(from.address)};
    if (auto status = counted(quota_.admit_move(claim, subscription)); !status) return status;
    pending.claim = std::move(claim);
    quota_.begin(pending.claim);
  }
  out.emplace_back(
      Renew{request_id, subscription.id, *period, std::move(*move), client_of(pending.requester)});
  return {};
}

Status Requests::start_sources(const Message& request, const Requester& requester, Actions& out) {
  std::uint64_t limit = sources_limit_default;
  if (request.has("Limit")) {
    const auto wanted = request.number("Limit");
    if (!wanted || *wanted == 0) return fail(Code::badparam, "Limit is not a number from 1 on");
    limit = std::min<std::uint64_t>(*wanted, sources_limit_max);
  }
  const auto after = request.text("After");
  if (after.size() > Event::source_length_max)
    return fail(Code::badparam, "After is longer than a source can be");
  const auto request_id = add_pending({requester, request, Stage::sources, {}, {}, nullptr});
  out.emplace_back(ListSources{request_id, std::string(after), static_cast<std::uint32_t>(limit),
                               client_of(requester)});
  return {};
}

Status Requests::start_publish(const Message& request, const Requester& requester, Timestamp now,
                               Actions& out) {
  if (request.truncated_length)
    return fail(Code::badparam, "Truncated: an event is published whole or not at all");
  auto event = read_event(request, EventOrigin::producer);
  if (!event) return tl::unexpected(event.error());
  if (event->id.empty()) event->id = make_ulid(now.wall);
  if (auto status = validate(*event); !status) return status;
  const auto request_id = add_pending({requester, request, Stage::publish, {}, event->id, nullptr});
  out.emplace_back(Publish{request_id, std::move(*event), client_of(requester)});
  return {};
}

// The limits of SENSE/1 come first, so that a client that reads only the first page has them.
ServerConfig::Parameters Requests::parameters_for(const Requester& requester) const {
  auto limits = config_.limits;
  limits.max_message = octets_max_of(limits, config_.listeners, requester.from);
  auto parameters = limits.shown();
  if (!config_.parameters) return parameters;
  for (auto& other : config_.parameters()) {
    const bool known = std::any_of(parameters.begin(), parameters.end(),
                                   [&](const auto& own) { return own.first == other.first; });
    if (!known) parameters.push_back(std::move(other));
  }
  return parameters;
}

Status Requests::reply_parameters(const Message& request, const Requester& requester, Timestamp now,
                                  Actions& out) {
  const auto parameters = parameters_for(requester);
  auto first = parameters.begin();
  if (const auto after = request.text("After"); !after.empty()) {
    first =
        std::find_if(first, parameters.end(), [&](const auto& one) { return one.first == after; });
    if (first == parameters.end())
      return fail(Code::badparam, "After is not the name of a parameter of this server");
    ++first;
  }
  std::vector<std::string> lines;
  for (; first != parameters.end(); ++first)
    lines.push_back(first->first + ": " + encode_value(first->second));
  replies_.reply(requester, list_reply(request, requester, lines, false), now, out);
  return {};
}

Message Requests::list_reply(const Message& request, const Requester& requester,
                             const std::vector<std::string>& lines, bool more) const {
  auto reply = make_reply(request.tag, Code::noerror);
  constexpr std::size_t more_omitted_and_length = 50;
  const auto room =
      replies_.octets_max(requester) - serialize(reply).size() - more_omitted_and_length;
  std::uint64_t omitted = 0;
  for (const auto& line : lines) {
    if (line.size() + 1 > room) {
      // Not the end of the page: a source that is too long would hide all that follow it.
      ++omitted;
      continue;
    }
    if (reply.data.size() + line.size() + 1 > room) {
      more = true;
      break;
    }
    reply.data.append(line).append("\n");
  }
  if (omitted > 0) reply.add("Omitted", omitted);
  if (more) reply.add("More", "yes");
  return reply;
}

Message Requests::registered_reply(const Message& request, const Subscription& granted) const {
  const auto seconds = std::chrono::floor<std::chrono::seconds>(granted.period).count();
  const auto interval = std::chrono::ceil<std::chrono::seconds>(config_.limits.retry_interval);
  auto reply = make_reply(request.tag, Code::noerror);
  reply.add("Subscription", granted.id)
      .add("Period", static_cast<std::uint64_t>(std::max<std::int64_t>(seconds, 0)))
      .add("Retries", config_.limits.tries())
      .add("Interval", static_cast<std::uint64_t>(interval.count()))
      .add("Deliver-To", granted.callback);
  if (granted.state == SubscriptionState::pending) reply.add("State", "pending");
  return reply;
}

void Requests::on_subscription(RequestId request_id, Result<SubscriptionRef> result, Timestamp now,
                               Actions& out) {
  auto pending = take_pending(request_id);
  if (!pending) return;
  const auto& request = pending->request;
  const auto refuse = [&](const Error& error) {
    replies_.reply(pending->requester, make_reply(request.tag, error.code, error.message), now,
                   out);
  };
  if (!result || !*result) {
    refuse(result ? Error{Code::notfound, "there is no such subscription"} : result.error());
    return;
  }
  if (pending->stage == Stage::look_up) {
    pending->subscription = std::move(*result);
    const auto next_id = add_pending(std::move(*pending));
    if (auto status = start_change(next_id, pending_.at(next_id), out); !status) {
      pending = take_pending(next_id);
      refuse(status.error());
    }
    return;
  }
  const auto& subscription = **result;
  if (pending->stage == Stage::cancel) {
    // No event may follow the reply, even when the host has already started an attempt.
    deliveries_.close(subscription.id, out);
    verifications_.forget(subscription.id);
    replies_.reply(pending->requester, make_reply(request.tag, Code::noerror), now, out);
    return;
  }
  if (!pending->claim.callback.empty()) quota_.granted(subscription.id, pending->claim, now.mono);
  replies_.reply(pending->requester, registered_reply(request, subscription), now, out);
}

void Requests::on_sources(RequestId request_id, const Result<Subscriptions::SourcePage>& result,
                          Timestamp now, Actions& out) {
  auto pending = take_pending(request_id);
  if (!pending) return;
  const auto& request = pending->request;
  if (!result) {
    replies_.reply(pending->requester,
                   make_reply(request.tag, result.error().code, result.error().message), now, out);
    return;
  }
  auto reply = list_reply(request, pending->requester, result->sources, result->more);
  if (reply.data.empty() && result->more && !result->sources.empty()) {
    // All of them are too long: a page without a source has nothing to ask for the next one by.
    const auto limit = static_cast<std::uint32_t>(result->sources.size());
    const auto client = client_of(pending->requester);
    const auto next_id = add_pending(std::move(*pending));
    out.emplace_back(ListSources{next_id, result->sources.back(), limit, client});
    return;
  }
  replies_.reply(pending->requester, std::move(reply), now, out);
}

void Requests::on_receipt(RequestId request_id, const Result<Receipt>& result, Timestamp now,
                          Actions& out) {
  const auto pending = take_pending(request_id);
  if (!pending) return;
  const auto& tag = pending->request.tag;
  if (!result) {
    replies_.reply(pending->requester, make_reply(tag, result.error().code, result.error().message),
                   now, out);
    return;
  }
  auto reply = make_reply(tag, Code::noerror);
  reply.add("Id", pending->event_id).add("Sequence", result->sequence);
  if (result->duplicate) reply.add("Duplicate", "yes");
  replies_.reply(pending->requester, std::move(reply), now, out);
}

RequestId Requests::add_pending(Pending pending) {
  pending_per_host_.add(host_identity(pending.requester.from.address));
  if (!pending.claim.callback.empty()) quota_.begin(pending.claim);
  pending_.emplace(++last_request_id_, std::move(pending));
  return last_request_id_;
}

std::optional<Requests::Pending> Requests::take_pending(RequestId request_id) {
  const auto found = pending_.find(request_id);
  if (found == pending_.end()) return std::nullopt;
  auto pending = std::move(found->second);
  pending_.erase(found);
  pending_per_host_.remove(host_identity(pending.requester.from.address));
  if (!pending.claim.callback.empty()) quota_.end(pending.claim);
  return pending;
}

void Requests::drop_all() {
  while (!pending_.empty()) (void)take_pending(pending_.begin()->first);
}

}  // namespace sense::datagram
