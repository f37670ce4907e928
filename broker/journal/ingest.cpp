// SPDX-License-Identifier: Apache-2.0
#include "broker/journal/ingest.hpp"

#include <algorithm>

#include "broker/security/permission.hpp"
#include "core/base/log.hpp"
#include "core/base/text.hpp"
#include "core/event/codec.hpp"
#include "core/subscription/dead_letter_request.hpp"
#include "core/subscription/test_event.hpp"

namespace sense {

using bus::Operation;
using bus::Published;
using bus::Reply;

namespace {

// A group below this still fits the journal's row after one more request of the greatest length.
constexpr std::size_t group_octets_max_before = group_octets_max / 2;
static_assert(group_octets_max_before + 2 * bus::message_length_max <= group_octets_max);

constexpr std::string_view dead_letters_prefix = "{urn:sense:management}dead-letters-";

// Types that only the broker publishes, because gateways act on them, and dead-letter requests,
// which need the right to manage.
bool reserved(std::string_view type) {
  static const std::string prefix = "{" + std::string(management_namespace) + "}";
  if (!type.starts_with(prefix)) return false;
  const auto local = type.substr(prefix.size());
  return local.starts_with("subscription-") || local.starts_with("journal-") ||
         local.starts_with("leader-") || local.starts_with("dead-letters-") ||
         local == "overload" || local.starts_with("gateway-changed") ||
         local.starts_with("gateway-removed");
}

// Events between gateways contain events of all types: they need the right to manage.
bool between_gateways(std::string_view type) {
  static const std::string prefix = "{" + std::string(gateway_namespace) + "}";
  return type.starts_with(prefix);
}

constexpr auto not_seen =
    "no such entry, or the broker's access file grants this principal no 'list' right to it";
constexpr std::size_t parse_ahead_max = 32;

constexpr auto too_much = "the broker received too many requests at once: send it again";

Published refuse(Code code, std::string reason) { return {code, 0, std::move(reason)}; }

// The error to answer with when the broker can go on: nothing was stored. Absent after any other
// failure, which leaves the state of the disk unknown.
std::optional<Error> recoverable(const Error& error) {
  if (error.code == Code::nomoreroom)
    return Error{Code::nomoreroom,
                 "the disk of the broker's journal is full: nothing was stored; free space, or "
                 "lower broker.retention-size"};
  if (error.code == Code::timeout)
    return Error{
        Code::timeout,
        "another program has locked the broker's journal: nothing was stored; end the program "
        "that writes to broker.db (an SQL shell?) and send it again"};
  return std::nullopt;
}

Reply refusal(const bus::Request& request, const Error& error) {
  Reply reply;
  reply.id = request.id;
  reply.code = error.code;
  reply.reason = error.message;
  return reply;
}

}  // namespace

Ingest::Ingest(Store& store, Limits limits, Counters& counters)
    : store_(store),
      counters_(counters),
      registry_(limits.registry),
      ids_(limits.deduplication_window, limits.deduplication_ids_max) {}

Result<Ingest> Ingest::restore(Store& store, Limits limits, Counters& counters, Timestamp now) {
  Ingest ingest(store, limits, counters);
  const auto last = store.journal().safe_last(Store::record_octets_min);
  if (!last) return tl::unexpected(last.error());
  ingest.head_ = *last;
  ingest.next_ = ingest.head_ + 1;
  const auto loaded = store.load([&](RegistryRow row) {
    if (auto status = ingest.registry_.load(std::move(row), now); !status)
      log::error(status.error().message);
  });
  if (!loaded) return tl::unexpected(loaded.error());
  if (auto status = ingest.restore_ids(now); !status) return tl::unexpected(status.error());
  return ingest;
}

Status Ingest::restore_ids(Timestamp now) {
  const auto range = store_.journal().range();
  if (!range) return tl::unexpected(range.error());
  // Only events within the window; the count limits how far back to read.
  const auto from = head_ > ids_.count_max() ? head_ - ids_.count_max() : 0;
  auto status = store_.journal().read(std::max(from, range->first), [&](const auto& group) {
    if (group.damaged) {
      note_damage({group.first, group.last});
      return true;
    }
    if (group.time + ids_.window() < now.wall) return true;
    const auto records = split_records(group.octets);
    if (!records) return true;
    for (const auto& record : *records)
      if (const auto head = peek_event(record.event))
        ids_.insert(ids_.key_of(head->source, head->id), record.sequence, group.time);
    return true;
  });
  ids_.commit();
  ids_.expire(now.wall);
  return status;
}

void Ingest::append(std::string_view event, std::string_view type, std::string_view source,
                    std::string_view principal, Timestamp now) {
  const auto start = records_.size();
  append_record(records_, {next_, now.wall, principal, event});
  const auto length = records_.size() - start;
  // Consecutive records of one topic share a message, of a size that every subscriber accepts.
  if (!publications_.empty() && is_topic(publications_.back().topic, type, source) &&
      publications_.back().length + length <= bus::publication_octets_max)
    publications_.back().length += length;
  else
    publications_.push_back({topic_of(type, source), start, length});
  count_type(type);
  ++next_;
}

// Consecutive events mostly share type and source: the last ones are compared first.
void Ingest::count_type(std::string_view type) {
  if (last_tally_ == nullptr || last_tally_->first != type)
    last_tally_ = &*tally_.try_emplace(std::string(type), 0).first;
  ++last_tally_->second;
}

void Ingest::note_source(std::string_view source) {
  if (source == last_source_) return;
  last_source_ = source;
  if (auto row = registry_.note_source(source)) rows_.push_back(std::move(*row));
}

// Which reserved types a principal may publish, by an acknowledged request only.
Status Ingest::check_reserved(const ParsedEvent& parsed, const Incoming& incoming) const {
  const auto type = parsed.head->type;
  if (between_gateways(type)) {
    if (incoming.rights->may_manage()) return {};
    return fail(Code::noaccess, "events of namespace " + std::string(gateway_namespace) +
                                    " are published by gateways: the broker's access file grants "
                                    "this principal no 'manage' right");
  }
  const bool dead_letters = type.starts_with(dead_letters_prefix);
  if ((type != test_type && !dead_letters) || incoming.peer.empty())
    return fail(Code::noaccess,
                "events of type " + std::string(type) + " are published by the broker only");
  const auto event = decode_event(parsed.octets);
  if (!event) return tl::unexpected(event.error());
  return dead_letters ? check_dead_letter_event(*event, incoming)
                      : check_test_event(*event, incoming);
}

Status Ingest::check_dead_letter_event(const Event& event, const Incoming& incoming) const {
  if (!is_about_dead_letters(event.type))
    return fail(Code::noaccess, "there are no events of type " + event.type.clark());
  if (auto status = check_dead_letters(*incoming.rights, event); !status) return status;
  if (!requested_action(event.type) || registry_.get("gateway", event.subject)) return {};
  return fail(Code::notfound, "no gateway has announced itself by the name of " +
                                  printable(event.subject.substr(0, 256)) +
                                  ": the request's subject is the gateway's name as the "
                                  "configuration has it");
}

// Only the owner of the subscription may test it; the refusal does not tell whether it exists.
Status Ingest::check_test_event(const Event& event, const Incoming& incoming) const {
  const auto entry = registry_.get("subscription", event.subject);
  if (entry && may_test(*incoming.rights, incoming.principal, *entry)) return {};
  return fail(
      Code::noaccess,
      "a test event needs a subscription of the publishing principal: its id is the subject");
}

Published Ingest::accept_event(const ParsedEvent& parsed, const Incoming& incoming, Timestamp now) {
  const auto& event = parsed.head;
  if (!event) {
    ++counters_["broker.events.refused"];
    return refuse(event.error().code, event.error().message);
  }
  const bool special = reserved(event->type) || between_gateways(event->type);
  const auto allowed =
      special ? check_reserved(parsed, incoming) : check_publish(*incoming.rights, parsed.octets);
  if (!allowed) {
    ++counters_["broker.events.refused"];
    return refuse(allowed.error().code, allowed.error().message);
  }
  if (incoming.peer.empty() && !is_topic(incoming.topic, event->type, event->source)) {
    ++counters_["broker.events.refused"];
    return refuse(Code::protoerror, "the topic frame is not that of the event");
  }
  const auto sequence = next_;
  if (const auto first = ids_.insert(parsed.key, sequence, now.wall); first != 0) {
    ++counters_["broker.events.repeated"];
    return {Code::duplicate, first, {}};
  }
  append(parsed.octets, event->type, event->source, incoming.principal, now);
  note_source(event->source);
  return {Code::noerror, sequence, {}};
}

Reply Ingest::handle_publish(const Incoming& incoming, Timestamp now) {
  const auto& events = incoming.request.events;
  Reply reply;
  reply.id = incoming.request.id;
  reply.published.reserve(events.size());
  // In blocks: the slots of the whole block are prefetched before the first look-up.
  for (std::size_t from = 0; from < events.size(); from += parse_ahead_max) {
    parsed_.clear();
    for (auto i = from; i < std::min(from + parse_ahead_max, events.size()); ++i) {
      ParsedEvent parsed{events[i], peek_event(events[i], &names_), {}};
      if (parsed.head) {
        parsed.key = ids_.key_of(parsed.head->source, parsed.head->id);
        ids_.prefetch(parsed.key);
      }
      parsed_.push_back(std::move(parsed));
    }
    for (const auto& parsed : parsed_)
      reply.published.push_back(accept_event(parsed, incoming, now));
  }
  return reply;
}

void Ingest::append_change(const Registry::Change& change, Timestamp now) {
  rows_.push_back(change.row);
  if (!change.event) return;
  append(encode(*change.event), change.event->type.clark(), change.event->source, "broker", now);
}

Status Ingest::check_change(const Incoming& incoming) const {
  const auto& request = incoming.request;
  if (incoming.rights->may_manage()) return {};
  const auto current = registry_.get(request.kind, request.key);
  return sense::check_change(*incoming.rights, incoming.principal, request,
                             current ? &*current : nullptr);
}

Reply Ingest::handle_put(const Incoming& incoming, Timestamp now) {
  const auto& request = incoming.request;
  const RegistryEntry entry{std::string(request.kind), std::string(request.key), request.revision,
                            std::string(request.value)};
  if (auto allowed = check_change(incoming); !allowed) return refusal(request, allowed.error());
  const auto put = registry_.put(entry, request.reason, incoming.principal, next_, now);
  if (!put) return refusal(request, put.error());
  if (put->change) append_change(*put->change, now);
  Reply reply;
  reply.id = request.id;
  reply.sequence = put->revision;
  return reply;
}

Reply Ingest::handle_remove(const Incoming& incoming, Timestamp now) {
  const auto& request = incoming.request;
  if (auto allowed = check_change(incoming); !allowed) return refusal(request, allowed.error());
  const auto change = registry_.remove(request.kind, request.key, request.revision, request.reason,
                                       incoming.principal, next_, now);
  if (!change) return refusal(request, change.error());
  Reply reply;
  reply.id = request.id;
  reply.sequence = next_;
  append_change(*change, now);
  return reply;
}

Reply Ingest::handle_read(const Incoming& incoming) const {
  const auto& request = incoming.request;
  Reply reply;
  reply.id = request.id;
  if (request.operation == Operation::get) {
    auto entry = registry_.get(request.kind, request.key);
    // One sentence for an absent and for a hidden entry, so that the reply does not tell which.
    if (!incoming.rights->may_list() &&
        (!entry || !may_see(*incoming.rights, incoming.principal, *entry)))
      return refusal(request, {Code::notfound, not_seen});
    if (!entry) return refusal(request, entry.error());
    reply.entries.push_back(std::move(*entry));
    return reply;
  }
  const auto limit = std::clamp<std::uint64_t>(request.limit, 1, bus::list_limit_max);
  const auto listed = check_list(*incoming.rights, request.kind);
  if (!listed) return refusal(request, listed.error());
  reply.own_only = *listed == Listed::own;
  reply.entries = reply.own_only ? registry_.list_owned(incoming.principal, request.key, limit + 1)
                                 : registry_.list(request.kind, request.key, limit + 1);
  std::size_t octets = 0;
  std::size_t count = 0;
  while (count < reply.entries.size() && count < limit && octets < bus::list_octets_max)
    octets += reply.entries[count++].value.size();
  reply.more = count < reply.entries.size();
  reply.entries.resize(count);
  reply.sequence = next_ - 1;
  return reply;
}

Reply Ingest::handle(const Incoming& incoming, Timestamp now) {
  const auto& request = incoming.request;
  switch (request.operation) {
    case Operation::publish: return handle_publish(incoming, now);
    case Operation::put: return handle_put(incoming, now);
    case Operation::remove: return handle_remove(incoming, now);
    default: return handle_read(incoming);
  }
}

void Ingest::expire_leases(Timestamp now) {
  // At most a thousand a group, so that many leases ending at once do not delay publishers.
  for (int count = 0; count < 1000 && records_.size() < group_octets_max_before / 4; ++count) {
    const auto change = registry_.expire_one(next_, now);
    if (!change) return;
    append_change(*change, now);
  }
}

// Appended behind the requests, so that their sequences do not depend on notices.
void Ingest::announce_notices(Timestamp now) {
  for (const auto& event : notices_.due(now))
    append(encode(event), event.type.clark(), event.source, "broker", now);
}

Status Ingest::write(Timestamp now) {
  if (records_.empty() && rows_.empty()) return {};
  if (auto status = store_.begin(); !status) return status;
  if (!records_.empty())
    if (auto status = store_.journal().append({head_ + 1, next_ - 1, now.wall, records_, false});
        !status)
      return status;
  for (const auto& row : rows_)
    if (auto status = store_.save(row); !status) return status;
  for (const auto& damage : damage_)
    if (auto status = store_.journal().quarantine(damage, now.wall); !status) return status;
  return store_.commit();
}

void Ingest::undo() {
  store_.rollback();
  registry_.rollback();
  ids_.rollback();
  last_source_.clear();
  next_ = head_ + 1;
}

Outgoing Ingest::refused(std::span<const IncomingRef> group, const Error& error) const {
  Outgoing out;
  for (const auto& incoming : group)
    if (!incoming->peer.empty())
      out.answers.push_back({incoming->peer, bus::encode(refusal(incoming->request, error),
                                                         incoming->request.operation)});
  return out;
}

void Ingest::finish(Outgoing& out) {
  if (!records_.empty()) {
    bus::Watermark watermark{head_, next_ - 1, {}};
    for (auto& [type, count] : tally_) watermark.tally.emplace_back(type, count);
    out.publications = std::move(publications_);
    out.records = std::move(records_);
    out.watermark = bus::encode(watermark);
  }
  head_ = next_ - 1;
  out.head = head_;
}

Result<Outgoing> Ingest::commit_group(std::span<const IncomingRef> group, Timestamp now) {
  records_.clear();
  publications_.clear();
  tally_.clear();
  last_tally_ = nullptr;
  rows_.clear();
  damage_.clear();
  std::size_t octets = 0;
  for (const auto& incoming : group) octets += incoming->octets.size();
  // The broker's stamp adds less than half to an event.
  records_.reserve(octets + octets / 2);
  ids_.expire(now.wall);
  Outgoing out;
  expire_leases(now);
  announce_damage(now);
  for (const auto& incoming : group) {
    const auto reply = records_.size() < group_octets_max_before
                           ? handle(*incoming, now)
                           : refusal(incoming->request, {Code::nomoreroom, too_much});
    if (!incoming->peer.empty())
      out.answers.push_back({incoming->peer, bus::encode(reply, incoming->request.operation)});
  }
  announce_notices(now);
  const auto events = next_ - 1 - head_;
  if (auto status = write(now); !status) {
    undo();
    const auto reason = recoverable(status.error());
    if (!reason) return tl::unexpected(status.error());
    if (reason->code == Code::nomoreroom) {
      store_.note_full();
      notices_.note_full(group.size(), now);
    }
    ++counters_["broker.groups.refused"];
    return refused(group, *reason);
  }
  suspected_.clear();
  notices_.published(now);
  registry_.commit();
  ids_.commit();
  finish(out);
  ++counters_["broker.groups"];
  counters_["broker.events"] += events;
  return out;
}

Status Ingest::load_configured_subscriptions(const std::vector<Subscription>& wanted,
                                             Timestamp now) {
  std::vector<IncomingRef> group;
  const auto request = [&](Operation operation, std::string_view key, std::uint64_t revision) {
    auto incoming = std::make_unique<Incoming>();
    incoming->principal = "config";
    incoming->topic = key;  // owns the octets that request.key views
    incoming->request.operation = operation;
    incoming->request.kind = "subscription";
    incoming->request.key = incoming->topic;
    incoming->request.revision = revision;
    incoming->request.reason = "configuration file";
    group.push_back(std::move(incoming));
    return group.back().get();
  };
  std::map<std::string, const Subscription*, std::less<>> by_id;
  for (const auto& subscription : wanted) {
    by_id.emplace(subscription.id, &subscription);
    const auto current = registry_.get("subscription", subscription.id);
    auto* incoming = request(Operation::put, subscription.id, current ? current->revision : 0);
    incoming->octets = to_json(subscription, true);
    incoming->request.value = incoming->octets;
  }
  std::string after;
  for (;;) {
    const auto page = registry_.list("subscription", after, 1000);
    if (page.empty()) break;
    for (const auto& row : page) {
      // A cheap test first, since few of perhaps a million match: to_json writes the member so.
      if (row.value.find(R"("via":"config")") == std::string::npos) continue;
      const auto held = subscription_from_json(row.value);
      if (held && held->via == "config" && !by_id.contains(row.key))
        request(Operation::remove, row.key, row.revision);
    }
    after = page.back().key;
  }
  const auto out = commit_group(group, now);
  if (!out) return tl::unexpected(out.error());
  for (const auto& subscription : wanted)
    if (!registry_.get("subscription", subscription.id))
      return fail(Code::badparam,
                  "subscription " + printable(subscription.id) +
                      " of the configuration file was refused: " +
                      (validate(subscription) ? "the registry or the disk is full"
                                              : validate(subscription).error().message));
  return {};
}

}  // namespace sense
