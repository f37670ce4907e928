#include "broker/ingest.hpp"

#include <algorithm>

#include "core/base/log.hpp"
#include "core/base/text.hpp"
#include "core/event/codec.hpp"

namespace sense {

using bus::Operation;
using bus::Published;
using bus::Reply;

namespace {

constexpr std::size_t publication_octets_max = 1024 * 1024;
// With what one more request can add, a group still fits the journal's row.
constexpr std::size_t group_octets_max_before = group_octets_max / 2;
static_assert(group_octets_max_before + 2 * bus::message_length_max <= group_octets_max);

// Changes of the subscription list are announced by the broker alone: gateways act on them.
bool reserved(const QName& type) {
  return type.ns() == management_namespace &&
         (type.local().starts_with("subscription-") || type.local().starts_with("journal-") ||
          type.local().starts_with("gateway-changed") ||
          type.local().starts_with("gateway-removed"));
}

constexpr auto too_much = "the broker takes in too much at once: send it again";

Published refuse(Code code, std::string reason) { return {code, 0, std::move(reason)}; }

// What can be survived, in words for those who publish. Nothing after anything else: nobody knows
// then what is on the disk.
std::optional<Error> survivable(const Error& error) {
  if (error.code == Code::nomoreroom)
    return Error{Code::nomoreroom,
                 "the disk of the broker's journal is full: nothing was stored; free space, or "
                 "lower broker.retention-size"};
  if (error.code == Code::timeout)
    return Error{Code::timeout,
                 "another program holds the broker's journal: nothing was stored; end what writes "
                 "to broker.db (an SQL shell?) and send it again"};
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
      ids_(limits.repeat_window, limits.repeat_ids_max) {}

Result<Ingest> Ingest::restore(Store& store, Limits limits, Counters& counters, Now now) {
  Ingest ingest(store, limits, counters);
  const auto last = store.journal().safe_last(Store::record_octets_min);
  if (!last) return tl::unexpected(last.error());
  ingest.head_ = *last;
  ingest.next_ = ingest.head_ + 1;
  const auto loaded = store.load([&](RegistryEntry row) {
    if (auto status = ingest.registry_.load(std::move(row), now); !status)
      log::error(status.error().message);
  });
  if (!loaded) return tl::unexpected(loaded.error());
  if (auto status = ingest.restore_ids(now); !status) return tl::unexpected(status.error());
  return ingest;
}

Status Ingest::restore_ids(Now now) {
  const auto range = store_.journal().range();
  if (!range) return tl::unexpected(range.error());
  // A window's events at most; the count bounds how far back that can reach.
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
        ids_.insert(head->source, head->id, record.sequence, group.time);
    return true;
  });
  ids_.commit();
  ids_.expire(now.wall);
  return status;
}

void Ingest::append(std::string_view event, std::string_view topic, std::string_view type,
                    std::string_view principal, Now now) {
  const auto start = records_.size();
  append_record(records_, {next_, now.wall, principal, event});
  const auto record = std::string_view(records_).substr(start);
  // Neighbours with one topic travel in one message, of a size that every subscriber takes.
  if (!publications_.empty() && publications_.back().topic == topic &&
      publications_.back().octets.size() + record.size() <= publication_octets_max)
    publications_.back().octets += record;
  else
    publications_.push_back({std::string(topic), std::string(record)});
  const auto counted = tally_.find(type);
  if (counted != tally_.end())
    ++counted->second;
  else
    tally_.emplace(type, 1);
  ++next_;
}

Published Ingest::take_event(std::string_view octets, const Incoming& incoming, Now now) {
  const auto event = decode_event(octets);
  if (!event) {
    ++counters_["broker.events.refused"];
    return refuse(event.error().code, event.error().message);
  }
  if (reserved(event->type)) {
    ++counters_["broker.events.refused"];
    return refuse(Code::noaccess,
                  "events of type " + event->type.clark() + " are published by the broker only");
  }
  const auto topic = topic_of(*event);
  if (incoming.peer.empty() && incoming.topic != topic) {
    ++counters_["broker.events.refused"];
    return refuse(Code::protoerror, "the topic frame is not that of the event");
  }
  if (const auto sequence = ids_.find(event->source, event->id); sequence != 0) {
    ++counters_["broker.events.repeated"];
    return {Code::duplicate, sequence, {}};
  }
  const auto sequence = next_;
  ids_.insert(event->source, event->id, sequence, now.wall);
  append(octets, topic, event->type.clark(), incoming.principal, now);
  if (auto row = registry_.note_source(event->source)) rows_.push_back(std::move(*row));
  return {Code::noerror, sequence, {}};
}

void Ingest::take_change(const Registry::Change& change, Now now) {
  rows_.push_back(change.row);
  if (!change.event) return;
  append(encode(*change.event), topic_of(*change.event), change.event->type.clark(), "broker", now);
}

Reply Ingest::handle_put(const Incoming& incoming, Now now) {
  const auto& request = incoming.request;
  const RegistryEntry entry{std::string(request.kind), std::string(request.key), request.revision,
                            std::string(request.value)};
  const auto put = registry_.put(entry, request.reason, incoming.principal, next_, now);
  if (!put) return refusal(request, put.error());
  if (put->change) take_change(*put->change, now);
  Reply reply;
  reply.id = request.id;
  reply.sequence = put->revision;
  return reply;
}

Reply Ingest::handle_remove(const Incoming& incoming, Now now) {
  const auto& request = incoming.request;
  const auto change = registry_.remove(request.kind, request.key, request.revision, request.reason,
                                       incoming.principal, next_, now);
  if (!change) return refusal(request, change.error());
  Reply reply;
  reply.id = request.id;
  reply.sequence = next_;
  take_change(*change, now);
  return reply;
}

Reply Ingest::handle_read(const Incoming& incoming) const {
  const auto& request = incoming.request;
  Reply reply;
  reply.id = request.id;
  if (request.operation == Operation::get) {
    auto entry = registry_.get(request.kind, request.key);
    if (!entry) return refusal(request, entry.error());
    reply.entries.push_back(std::move(*entry));
    return reply;
  }
  const auto limit = std::clamp<std::uint64_t>(request.limit, 1, bus::list_limit_max);
  reply.entries = registry_.list(request.kind, request.key, limit + 1);
  std::size_t octets = 0;
  std::size_t count = 0;
  while (count < reply.entries.size() && count < limit && octets < bus::list_octets_max)
    octets += reply.entries[count++].value.size();
  reply.more = count < reply.entries.size();
  reply.entries.resize(count);
  reply.sequence = next_ - 1;
  return reply;
}

Reply Ingest::handle(const Incoming& incoming, Now now) {
  const auto& request = incoming.request;
  switch (request.operation) {
    case Operation::publish: {
      Reply reply;
      reply.id = request.id;
      reply.published.reserve(request.events.size());
      for (const auto event : request.events)
        reply.published.push_back(take_event(event, incoming, now));
      return reply;
    }
    case Operation::put: return handle_put(incoming, now);
    case Operation::remove: return handle_remove(incoming, now);
    default: return handle_read(incoming);
  }
}

void Ingest::expire_leases(Now now) {
  // A thousand at a time, so that a mass of leases cannot hold up those who publish.
  for (int count = 0; count < 1000 && records_.size() < group_octets_max_before / 4; ++count) {
    const auto change = registry_.expire_one(next_, now);
    if (!change) return;
    take_change(*change, now);
  }
}

Status Ingest::write(Now now) {
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

void Ingest::seal(Outgoing& out) {
  if (!records_.empty()) {
    bus::Mark mark{head_, next_ - 1, {}};
    for (auto& [type, count] : tally_) mark.tally.emplace_back(type, count);
    out.publications = std::move(publications_);
    out.mark = bus::encode(mark);
  }
  head_ = next_ - 1;
  out.head = head_;
}

Result<Outgoing> Ingest::commit_group(std::span<const IncomingRef> group, Now now) {
  records_.clear();
  publications_.clear();
  tally_.clear();
  rows_.clear();
  damage_.clear();
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
  const auto events = next_ - 1 - head_;
  if (auto status = write(now); !status) {
    undo();
    const auto reason = survivable(status.error());
    if (!reason) return tl::unexpected(status.error());
    if (reason->code == Code::nomoreroom) store_.note_full();
    ++counters_["broker.groups.refused"];
    return refused(group, *reason);
  }
  noted_.clear();
  registry_.commit();
  ids_.commit();
  seal(out);
  ++counters_["broker.groups"];
  counters_["broker.events"] += events;
  return out;
}

Status Ingest::take_static(const std::vector<Subscription>& wanted, Now now) {
  std::vector<IncomingRef> group;
  const auto request = [&](Operation operation, std::string_view key, std::uint64_t revision) {
    auto incoming = std::make_unique<Incoming>();
    incoming->principal = "config";
    incoming->topic = key;  // owns the key that the request points to
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
