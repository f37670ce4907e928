// SPDX-License-Identifier: Apache-2.0
#include "broker/journal/reader.hpp"

#include <algorithm>

#include "broker/journal/store.hpp"
#include "core/base/log.hpp"
#include "core/event/codec.hpp"
#include "core/event/event.hpp"
#include "core/event/recipients.hpp"
#include "core/event/record.hpp"
#include "core/subscription/management_event.hpp"

namespace sense {

namespace {

constexpr std::size_t reported_max = 10'000;

// What a FETCH asks for and its sender may read. The prefixes are sorted and none includes another,
// so that only the greatest prefix that is not above a topic can select it.
class Selection {
 public:
  Selection(std::vector<std::string_view> prefixes, const Sender& sender)
      : rights_(*sender.rights), names_{sender.principal} {
    if (sender.groups) names_.insert(names_.end(), sender.groups->begin(), sender.groups->end());
    std::sort(prefixes.begin(), prefixes.end());
    for (const auto prefix : prefixes)
      if (prefixes_.empty() || !prefix.starts_with(prefixes_.back())) prefixes_.push_back(prefix);
    all_topics_ = rights_.may_read_all() && !prefixes_.empty() &&
                  (prefixes_.front().empty() || prefixes_.front() == "{");
  }
  // Whether all records are served, unchanged.
  [[nodiscard]] bool all() const { return all_topics_ && rights_.may_manage(); }

  // The event as it is served; empty: it is not. Valid until the next call.
  [[nodiscard]] std::string_view served(std::string_view event) {
    if (!selects(event)) return {};
    return rights_.may_manage() ? event : octets_for(names_, event, without_);
  }

 private:
  [[nodiscard]] bool selects(std::string_view event) const {
    if (all_topics_) return true;
    const auto head = head_of(event);
    if (!head) return rights_.may_subscribe_all();  // the reader of the record reports it
    if (!rights_.may_read(head->type, head->source)) return false;
    if (rights_.reads_own_only(head->type) && !is_own(event)) return false;
    const auto topic = topic_of(head->type, head->source);
    const auto above =
        std::upper_bound(prefixes_.begin(), prefixes_.end(), std::string_view(topic));
    return above != prefixes_.begin() && bus::selects(*std::prev(above), topic);
  }

  [[nodiscard]] bool is_own(std::string_view octets) const {
    const auto event = decode_event(octets);
    return event && is_about(*event, names_.front());
  }

  const Rights& rights_;
  std::vector<std::string> names_;  // of the sender: its principal, and its groups
  std::vector<std::string_view> prefixes_;
  bool all_topics_ = false;
  std::string without_;
};

void append_served(std::string& records, const Record& record, std::string_view octets,
                   Selection& selection) {
  const auto event = selection.served(record.event);
  if (event.empty()) return;
  if (event.data() == record.event.data())
    records += octets;
  else
    append_record(records,
                  {record.sequence, record.observedtime, record.principal, event, record.via});
}

// Adds the group's records from reply.next on. False: the reply is full.
bool serve(const JournalGroup& group, Selection& selection, std::uint64_t octets_max,
           bus::Reply& reply) {
  if (selection.all() && group.first == reply.next &&
      reply.records.size() + group.octets.size() <= octets_max) {
    reply.records += group.octets;
    reply.next = group.last + 1;
    return true;
  }
  RecordReader in(group.octets);
  while (const auto record = in.next()) {
    if (record->sequence < reply.next) continue;
    if (reply.records.size() >= octets_max) return false;
    append_served(reply.records, *record, in.octets(), selection);
    reply.next = record->sequence + 1;
  }
  return true;
}

}  // namespace

Reader::Reader(std::unique_ptr<Database> database, Journal journal, Counters& counters)
    : database_(std::move(database)), journal_(std::move(journal)), counters_(counters) {}

Result<Reader> Reader::open(const std::string& data, Counters& counters) {
  auto opened = Database::open_read_only(Store::path_in(data));
  if (!opened) return tl::unexpected(opened.error());
  auto database = std::make_unique<Database>(std::move(*opened));
  auto journal = Journal::open_read_only(*database, Store::intact);
  if (!journal) return tl::unexpected(journal.error());
  return Reader(std::move(database), std::move(*journal), counters);
}

std::size_t Reader::octets_for(const bus::Request& request) {
  if (request.operation != bus::Operation::fetch) return 0;
  return std::clamp<std::uint64_t>(request.bytes_max, 1, reply_octets_max);
}

Result<bus::Reply> Reader::answer(const bus::Request& request, const Sender& sender,
                                  std::size_t octets_max) {
  if (request.operation == bus::Operation::fetch)
    return fetch(request, sender, std::min(octets_max, octets_for(request)));
  return with_range(request);
}

Result<bus::Reply> Reader::with_range(const bus::Request& request) {
  const auto range = journal_.range();
  if (!range) return tl::unexpected(range.error());
  bus::Reply reply;
  reply.id = request.id;
  reply.first = range->first;
  reply.head = range->last;
  return reply;
}

Result<bus::Reply> Reader::fetch(const bus::Request& request, const Sender& sender,
                                 std::size_t octets_max) {
  auto begun = with_range(request);
  if (!begun) return begun;
  auto& reply = *begun;
  reply.next = std::max(request.from, reply.first);
  Selection selection(request.prefixes, sender);
  std::size_t scanned = 0;
  bool served = false;
  const auto status = journal_.read(reply.next, [&](const JournalGroup& group) {
    // Readable groups are served first. A damaged or meanwhile trimmed group begins the next reply,
    // which reports it by `first`: events before that are not available any more.
    if (group.damaged) note_damage(group);
    if (group.damaged || group.first > reply.next) {
      if (served) return false;
      reply.first = reply.next = group.damaged ? group.last + 1 : group.first;
    }
    if (group.damaged) return true;
    served = true;
    scanned += group.octets.size();
    return serve(group, selection, octets_max, reply) && scanned < scan_octets_max;
  });
  if (!status) return tl::unexpected(status.error());
  // A group may have been committed since the range was read.
  if (served) reply.head = std::max(reply.head, reply.next - 1);
  return begun;
}

void Reader::note_damage(const JournalGroup& group) {
  if (reported_.size() >= reported_max) reported_.clear();
  if (!reported_.emplace(group.first, group.last).second) return;
  found_.push_back({group.first, group.last});
  ++counters_["broker.journal.damaged"];
  log::error("a group of the journal is damaged; its events are reported as lost",
             {{"first", std::to_string(group.first)}, {"last", std::to_string(group.last)}});
}

}  // namespace sense
