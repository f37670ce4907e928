#include "broker/reader.hpp"

#include <algorithm>

#include "broker/store.hpp"
#include "core/base/log.hpp"
#include "core/event/codec.hpp"

namespace sense {

namespace {

bool selected(const std::vector<std::string_view>& prefixes, const Rights& rights,
              const Record& record) {
  if (rights.may_subscribe_all())
    for (const auto prefix : prefixes)
      if (prefix == "{" || prefix.empty()) return true;
  const auto head = peek_event(record.event);
  if (!head) return rights.may_subscribe_all();  // let the reader report it
  if (!rights.may_read(head->type, head->source)) return false;
  std::string topic(head->type);
  topic += ' ';
  topic += head->source;
  topic += '\0';
  return std::any_of(prefixes.begin(), prefixes.end(),
                     [&](auto prefix) { return bus::selects(prefix, topic); });
}

}  // namespace

Reader::Reader(std::unique_ptr<Database> database, Journal journal, Counters& counters)
    : database_(std::move(database)), journal_(std::move(journal)), counters_(counters) {}

Result<Reader> Reader::open(const std::string& data, Counters& counters) {
  auto opened = Database::open_read_only(Store::path_in(data));
  if (!opened) return tl::unexpected(opened.error());
  auto database = std::make_unique<Database>(std::move(*opened));
  auto journal = Journal::open_read_only(*database);
  if (!journal) return tl::unexpected(journal.error());
  return Reader(std::move(database), std::move(*journal), counters);
}

std::string Reader::answer(const bus::Request& request, const Rights& rights) {
  Result<bus::Reply> reply = bus::Reply{};
  if (request.operation == bus::Operation::fetch) {
    reply = fetch(request, rights);
  } else {
    const auto range = journal_.range();
    if (range) {
      reply->first = range->first;
      reply->head = range->last;
    } else {
      reply = tl::unexpected(range.error());
    }
  }
  if (!reply) {
    bus::Reply refused;
    refused.code = reply.error().code;
    refused.reason = reply.error().message;
    reply = std::move(refused);
  }
  reply->id = request.id;
  return bus::encode(*reply, request.operation);
}

Result<bus::Reply> Reader::fetch(const bus::Request& request, const Rights& rights) {
  const auto range = journal_.range();
  if (!range) return tl::unexpected(range.error());
  bus::Reply reply;
  reply.first = range->first;
  reply.head = range->last;
  reply.next = std::max(request.from, range->first);
  const auto octets_max = std::clamp<std::uint64_t>(request.bytes_max, 1, reply_octets_max);
  std::size_t scanned = 0;
  bool served = false;
  const auto status = journal_.read(reply.next, [&](const JournalGroup& group) {
    const auto records = records_of(group);
    // What can be read is served first. Then what cannot, or was trimmed since, is told like what
    // has left the journal: nothing before `first` can be had.
    if (!records || group.first > reply.next) {
      if (served) return false;
      reply.first = reply.next = records ? group.first : group.last + 1;
    }
    if (!records) return true;
    served = true;
    scanned += group.octets.size();
    for (const auto& record : *records) {
      if (record.sequence < reply.next) continue;
      if (reply.records.size() >= octets_max) return false;
      if (selected(request.prefixes, rights, record)) append_record(reply.records, record);
      reply.next = record.sequence + 1;
    }
    return scanned < scan_octets_max;
  });
  if (!status) return tl::unexpected(status.error());
  // A group may have been committed since `range` was read.
  if (served) reply.head = std::max(reply.head, reply.next - 1);
  return reply;
}

std::optional<std::vector<Record>> Reader::records_of(const JournalGroup& group) {
  if (!group.damaged)
    if (auto records = split_records(group.octets)) return std::move(*records);
  ++counters_["broker.journal.damaged"];
  log::error("a record of the journal is damaged; its events are reported as lost",
             {{"first", std::to_string(group.first)}, {"last", std::to_string(group.last)}});
  return std::nullopt;
}

}  // namespace sense
