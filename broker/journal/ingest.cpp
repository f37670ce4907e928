// SPDX-License-Identifier: Apache-2.0
#include "broker/journal/ingest.hpp"

#include <algorithm>

#include "broker/journal/configured_subscriptions.hpp"
#include "broker/registry/management_event.hpp"
#include "core/base/log.hpp"
#include "core/event/record.hpp"

namespace sense {

using bus::Operation;
using bus::Published;
using bus::Reply;

namespace {

constexpr std::size_t suspected_max = 1'000;  // the reader reports further ranges again
constexpr std::size_t parse_ahead_max = 32;
// In one answer to PUBLISH: so that it is not many times as long as the request.
constexpr std::size_t reasons_octets_max = 64 * 1024;
// A group ends at most so many leases, so that many that end at once do not delay publishers.
constexpr int leases_at_once = 1'000;

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

void answer(Incoming& incoming, Result<Reply> reply, Outgoing& out) {
  if (incoming.peer.empty()) return;
  if (reply) reply->id = incoming.request.id;
  out.answers.push_back(reply ? make_answer(incoming, *reply)
                              : make_refusal(incoming, reply.error()));
}

Requester requester_of(const Sender& sender, const Incoming& incoming) {
  return {*sender.rights, sender.principal, !incoming.peer.empty(), sender.via_manages,
          incoming.access.get()};
}
Requester requester_of(const Incoming& incoming) { return requester_of(incoming, incoming); }

Reply with_sequence(std::uint64_t sequence) {
  Reply reply;
  reply.sequence = sequence;
  return reply;
}

}  // namespace

Ingest::Ingest(Store& store, Limits limits, Counters& counters, AuditTrail* audit)
    : store_(store),
      counters_(counters),
      audit_(audit),
      registry_(limits.registry),
      room_(limits.subscriptions),
      types_(limits.types_max, counters["broker.types.no-room"]),
      ids_(limits.deduplication_window, limits.deduplication_ids_max) {}

Result<Ingest> Ingest::restore(Store& store, Limits limits, Counters& counters, Timestamp now,
                               AuditTrail* audit) {
  Ingest ingest(store, limits, counters, audit);
  const auto last = store.journal().safe_last(Store::record_octets_min);
  if (!last) return tl::unexpected(last.error());
  ingest.head_ = *last;
  const auto loaded = store.load([&](RegistryRow row) {
    if (row.entry.kind == SeenTypes::kind) return ingest.types_.load(row.entry);
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
      if (const auto head = peek_event(record.event)) {
        ids_.insert(ids_.key_of(head->source, head->id), record.sequence, group.time);
        if (!is_reserved(head->type))
          types_.recount(*head, record.event, record.sequence, group.time);
      }
    return true;
  });
  ids_.commit();
  ids_.expire(now.wall);
  return status;
}

FindEntry Ingest::find_entry() const {
  return [this](std::string_view kind, std::string_view key) { return registry_.get(kind, key); };
}

Ingest::ParsedEvent Ingest::parse(std::string_view octets) {
  ParsedEvent event{octets, peek_event(octets, &names_), {}};
  if (!event.head) return event;
  event.key = ids_.key_of(event.head->source, event.head->id);
  ids_.prefetch(event.key);
  return event;
}

Reply Ingest::publish(const Incoming& incoming, CommitGroup& group) {
  const auto& events = incoming.request.events;
  group.settle();
  Reply reply;
  reply.published.reserve(events.size());
  std::size_t reasons = 0;
  std::vector<ParsedEvent> parsed;
  parsed.reserve(std::min(events.size(), parse_ahead_max));
  // In blocks: the slots of the whole block are prefetched before the first look-up.
  for (std::size_t from = 0; from < events.size(); from += parse_ahead_max) {
    parsed.clear();
    for (auto i = from; i < std::min(from + parse_ahead_max, events.size()); ++i)
      parsed.push_back(parse(events[i].octets));
    for (std::size_t i = 0; i < parsed.size(); ++i) {
      auto accepted = accept(parsed[i], incoming, from + i, group);
      if (!accepted) {
        ++counters_["broker.events.refused"];
        audit_.event_refused(incoming, from + i, parsed[i].head ? parsed[i].head->type : "",
                             accepted.error(), group.now().mono);
        reasons += accepted.error().message.size();
        accepted = Published{accepted.error().code, 0,
                             reasons <= reasons_octets_max ? accepted.error().message : ""};
      }
      reply.published.push_back(std::move(*accepted));
    }
  }
  return reply;
}

Result<Published> Ingest::accept(const ParsedEvent& event, const Incoming& incoming,
                                 std::size_t index, CommitGroup& group) {
  const bool own = incoming.senders.empty();
  if (!own && !incoming.senders[index]) return tl::unexpected(incoming.senders[index].error());
  const Sender& sender = own ? incoming : **incoming.senders[index];
  if (!event.head) return tl::unexpected(event.head.error());
  const auto& head = *event.head;
  if (auto good =
          check_publish(requester_of(sender, incoming), head.type, event.octets, find_entry());
      !good)
    return tl::unexpected(good.error());
  if (incoming.peer.empty() && !is_topic(incoming.topic, head.type, head.source))
    return fail(Code::protoerror, "the topic frame is not that of the event");
  const auto sequence = group.next();
  if (const auto first = ids_.insert(event.key, sequence, group.now().wall); first != 0) {
    ++counters_["broker.events.repeated"];
    return Published{Code::duplicate, first, {}};
  }
  group.append(event.octets, head, sender.principal, sender.via);
  audit_.accepted(incoming, sender, index, head.type, group.now().mono);
  if (!is_reserved(head.type)) types_.note(head, event.octets);
  if (group.is_other_source(head.source))
    if (auto row = registry_.note_source(head.source)) group.add(std::move(*row));
  return Published{Code::noerror, sequence, {}};
}

Result<Reply> Ingest::put(const Incoming& incoming, CommitGroup& group) {
  const auto& request = incoming.request;
  if (auto good = check_change(requester_of(incoming), request, find_entry()); !good)
    return tl::unexpected(good.error());
  const RegistryEntry entry{std::string(request.kind), std::string(request.key), request.revision,
                            std::string(request.value)};
  // Parsed only where it matters.
  const bool lists = request.value.find(management_namespace) == std::string_view::npos ||
                     lists_for(requester_of(incoming), owner_from_json(request.value));
  const Registry::Author author{incoming.principal, room_.account_of(incoming, request.client.peer),
                                lists};
  const auto put = registry_.put(entry, request.reason, author, group.next(), group.now());
  if (!put && put.error().code == Code::nomoreroom && entry.kind == "subscription")
    ++counters_["broker.subscriptions.no-room"];
  if (!put) return tl::unexpected(put.error());
  if (put->change) group.add(*put->change);
  if (put->change && put->change->event) audit_.changed(incoming, group.now().mono);
  return with_sequence(put->revision);
}

Result<Reply> Ingest::remove(const Incoming& incoming, CommitGroup& group) {
  const auto& request = incoming.request;
  if (auto good = check_change(requester_of(incoming), request, find_entry()); !good)
    return tl::unexpected(good.error());
  const auto sequence = group.next();
  const auto change = registry_.remove(request.kind, request.key, request.revision, request.reason,
                                       incoming.principal, sequence, group.now());
  if (!change) return tl::unexpected(change.error());
  group.add(*change);
  if (change->event) audit_.changed(incoming, group.now().mono);
  return with_sequence(sequence);
}

bool Ingest::is_hidden(const Incoming& incoming) const {
  const auto& request = incoming.request;
  return request.operation == Operation::get && registry_.get(request.kind, request.key);
}

Result<Reply> Ingest::get(const Incoming& incoming) const {
  const auto& request = incoming.request;
  auto entry = visible_entry(requester_of(incoming), request.kind, request.key, find_entry());
  if (!entry) return tl::unexpected(entry.error());
  Reply reply;
  reply.entries.push_back(std::move(*entry));
  return reply;
}

std::vector<RegistryEntry> Ingest::entries(std::string_view kind, std::string_view after,
                                           std::size_t count) const {
  return kind == SeenTypes::kind ? types_.list(after, count) : registry_.list(kind, after, count);
}

// Of sources those that may be read from, of types those that may be read, and as many as are to be
// listed.
void Ingest::keep_readable(std::vector<RegistryEntry>& seen, const Rights& rights,
                           std::size_t count) const {
  const auto hidden = [&](const RegistryEntry& entry) {
    return entry.kind == SeenTypes::kind ? !rights.may_read_some(entry.key)
                                         : !rights.may_read_from(entry.key);
  };
  while (!seen.empty()) {
    const auto last = seen.back();
    const bool more = seen.size() >= count;
    std::erase_if(seen, hidden);
    if (!more || seen.size() >= count) return;
    auto next = entries(last.kind, last.key, count);
    if (next.empty()) return;
    seen.insert(seen.end(), std::make_move_iterator(next.begin()),
                std::make_move_iterator(next.end()));
  }
}

Result<Reply> Ingest::list(const Incoming& incoming, const CommitGroup& group) const {
  const auto& request = incoming.request;
  const auto listed = check_list(requester_of(incoming), request.kind);
  if (!listed) return tl::unexpected(listed.error());
  const auto limit = std::clamp<std::uint64_t>(request.limit, 1, bus::list_limit_max);
  // What the requests before this one in the group have changed is listed, too.
  auto reply = with_sequence(group.head());
  reply.own_only = *listed == Listed::own;
  reply.entries = reply.own_only ? registry_.list_owned(incoming.principal, request.key, limit + 1)
                                 : entries(request.kind, request.key, limit + 1);
  if (*listed == Listed::readable) keep_readable(reply.entries, *incoming.rights, limit + 1);
  std::size_t octets = 0;
  std::size_t count = 0;
  const auto reserved = incoming.hold.octets();
  const auto octets_max = reserved == 0 ? bus::list_octets_max : reserved;
  while (count < reply.entries.size() && count < limit && octets < octets_max) {
    auto& entry = reply.entries[count++];
    entry = shown_entry(requester_of(incoming), std::move(entry));
    octets += entry.value.size();
  }
  reply.more = count < reply.entries.size();
  reply.entries.resize(count);
  return reply;
}

Result<Reply> Ingest::reply_to(const Incoming& incoming, CommitGroup& group) {
  if (!group.has_room())
    return fail(Code::nomoreroom, "the broker received too many requests at once: send it again");
  switch (incoming.request.operation) {
    case Operation::publish: return publish(incoming, group);
    case Operation::put: return put(incoming, group);
    case Operation::remove: return remove(incoming, group);
    case Operation::get: return get(incoming);
    default: return list(incoming, group);
  }
}

void Ingest::end_leases(CommitGroup& group) {
  for (int count = 0; count < leases_at_once && group.has_room_for_own(); ++count) {
    const auto change = registry_.expire_one(group.next(), group.now());
    if (!change) return;
    group.add(*change);
  }
}

void Ingest::note_damage(Journal::Range range) {
  const bool known = std::any_of(suspected_.begin(), suspected_.end(), [&](const auto& noted) {
    return noted.first == range.first && noted.last == range.last;
  });
  if (!known && suspected_.size() < suspected_max) suspected_.push_back(range);
}

void Ingest::announce_damage(CommitGroup& group) {
  for (const auto& range : suspected_) {
    auto damage = store_.journal().inspect(range.first, range.last);
    if (!damage)
      log::error("a damaged range of the journal cannot be inspected: " + damage.error().message);
    if (!damage || !*damage) continue;
    group.append(journal_damaged_event(**damage, group.now().wall));
    group.add(std::move(**damage));
    ++counters_["broker.journal.quarantined"];
  }
}

Result<Outgoing> Ingest::commit_group(std::span<const IncomingRef> requests, Timestamp now) {
  std::size_t octets = 0;
  for (const auto& incoming : requests) octets += incoming->octets.size();
  CommitGroup group(head_, octets, now);
  ids_.expire(now.wall);
  Outgoing out;
  end_leases(group);
  announce_damage(group);
  for (const auto& incoming : requests) {
    auto reply = reply_to(*incoming, group);
    if (!reply) audit_.refused(*incoming, reply.error(), is_hidden(*incoming), now.mono);
    answer(*incoming, std::move(reply), out);
  }
  group.settle();
  // Behind the requests, so that their sequences do not depend on notices.
  for (const auto& notice : notices_.due(now)) group.append(notice);
  for (const auto& event : audit_.due(now)) group.append_unannounced(event);
  for (auto& row : types_.rows(group.head(), now)) group.add(std::move(row));
  if (const auto status = group.write(store_); !status) return undo(requests, status.error(), now);
  suspected_.clear();
  notices_.published(now);
  audit_.stored();
  registry_.commit();
  types_.commit();
  ids_.commit();
  ++counters_["broker.groups"];
  counters_["broker.events"] += group.head() - head_;
  head_ = group.head();
  group.move_to(out);
  return out;
}

// Nothing of the group is stored: refuses its requests, when the broker can go on.
Result<Outgoing> Ingest::undo(std::span<const IncomingRef> requests, const Error& error,
                              Timestamp now) {
  store_.rollback();
  registry_.rollback();
  types_.rollback();
  ids_.rollback();
  audit_.undone(now.mono);
  const auto reason = recoverable(error);
  if (!reason) return tl::unexpected(error);
  if (reason->code == Code::nomoreroom) {
    store_.note_full();
    notices_.note_full(requests.size(), now);
  }
  ++counters_["broker.groups.refused"];
  Outgoing out;
  for (const auto& incoming : requests) answer(*incoming, tl::unexpected(*reason), out);
  return out;
}

Status Ingest::load_configured_subscriptions(const std::vector<Subscription>& wanted,
                                             Timestamp now) {
  const auto out = commit_group(configured_changes(registry_, wanted), now);
  if (!out) return tl::unexpected(out.error());
  return check_configured(registry_, wanted);
}

}  // namespace sense
