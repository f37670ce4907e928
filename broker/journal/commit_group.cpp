// SPDX-License-Identifier: Apache-2.0
#include "broker/journal/commit_group.hpp"

#include "core/event/recipients.hpp"
#include "core/event/record.hpp"

namespace sense {

namespace {
// A group below this still fits the journal's row after one more request of the greatest length.
constexpr std::size_t room_for_requests = group_octets_max / 2;
static_assert(room_for_requests + 2 * bus::message_length_max <= group_octets_max);
}  // namespace

CommitGroup::CommitGroup(std::uint64_t head, std::size_t octets, Timestamp now)
    : now_(now), before_(head), next_(head + 1) {
  // The broker's stamp adds less than half to an event.
  records_.reserve(octets + octets / 2);
}

bool CommitGroup::has_room() const { return records_.size() + wholes_.size() < room_for_requests; }
bool CommitGroup::has_room_for_own() const {
  return records_.size() + wholes_.size() < room_for_requests / 4;
}

void CommitGroup::append(std::string_view event, const EventHead& head, std::string_view principal,
                         std::string_view via) {
  const auto start = records_.size();
  append_record(records_, {next_, now_.wall, principal, event, via});
  if (!head.has_recipients) publish(head, start);
  count_type(head.type);
  ++next_;
}

// Consecutive records of one topic share a message, of a size that every subscriber accepts.
void CommitGroup::publish(const EventHead& head, std::size_t start) {
  const auto length = records_.size() - start;
  if (!publications_.empty()) {
    auto& last = publications_.back();
    if (last.from + last.length == start && is_topic(last.topic, head.type, head.source) &&
        last.length + length <= bus::publication_octets_max) {
      last.length += length;
      return;
    }
  }
  publications_.push_back({topic_of(head.type, head.source), start, length});
}

void CommitGroup::append(const Event& event) {
  append(encode(event), {event.id, event.type.clark(), event.source, has_recipients(event)},
         principal_broker);
}

void CommitGroup::append_unannounced(const Event& event) {
  append_record(records_, {next_++, now_.wall, principal_broker, encode(event), {}});
}

void CommitGroup::add(const Registry::Change& change) {
  rows_.push_back(change.row);
  if (change.event) append(*change.event);
  if (!change.whole) return;
  const auto before = wholes_.size();
  append_event(wholes_, *change.whole);
  whole_lengths_.push_back(wholes_.size() - before);
}

void CommitGroup::settle() {
  auto rest = std::string_view(wholes_);
  for (const auto length : whole_lengths_) {
    const auto event = rest.substr(0, length);
    rest.remove_prefix(length);
    if (const auto head = head_of(event)) append(event, *head, principal_broker);
  }
  wholes_.clear();
  whole_lengths_.clear();
}

// Consecutive events mostly share their type: the last one is compared first.
void CommitGroup::count_type(std::string_view type) {
  if (last_tally_ == nullptr || last_tally_->first != type)
    last_tally_ = &*tally_.try_emplace(std::string(type), 0).first;
  ++last_tally_->second;
}

bool CommitGroup::is_other_source(std::string_view source) {
  if (source == last_source_) return false;
  last_source_ = source;
  return true;
}

Status CommitGroup::write(Store& store) const {
  if (records_.empty() && rows_.empty()) return {};
  if (auto status = store.begin(); !status) return status;
  if (!records_.empty())
    if (auto status = store.journal().append({before_ + 1, head(), now_.wall, records_, false});
        !status)
      return status;
  for (const auto& row : rows_)
    if (auto status = store.save(row); !status) return status;
  for (const auto& damage : damage_)
    if (auto status = store.journal().quarantine(damage, now_.wall); !status) return status;
  return store.commit();
}

void CommitGroup::move_to(Outgoing& out) {
  out.head = head();
  if (records_.empty()) return;
  bus::Watermark watermark{before_, head(), {}};
  for (const auto& [type, count] : tally_) watermark.tally.emplace_back(type, count);
  out.publications = std::move(publications_);
  out.records = std::move(records_);
  out.watermark = bus::encode(watermark);
}

}  // namespace sense
