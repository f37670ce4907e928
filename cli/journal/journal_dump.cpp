// SPDX-License-Identifier: Apache-2.0
#include <algorithm>

#include "cli/base/output.hpp"
#include "cli/journal/journal.hpp"
#include "core/event/cloudevents_json.hpp"
#include "core/event/codec.hpp"
#include "core/event/pattern.hpp"

namespace sense::cli {

namespace {

template <class Pattern, class Value>
bool matches(const std::vector<Pattern>& patterns, const Value& value) {
  return patterns.empty() || std::any_of(patterns.begin(), patterns.end(),
                                         [&](const auto& p) { return p.matches(value); });
}

class Dump {
 public:
  explicit Dump(const JournalDump& wanted) : wanted_(wanted) {
    for (const auto& text : wanted.types) types_.push_back(*TypePattern::parse(text));
    for (const auto& text : wanted.sources) sources_.push_back(*SourcePattern::parse(text));
  }

  // False: enough.
  bool take(const JournalGroup& group) {
    if (group.first > wanted_.to) return false;
    if (group.damaged) {
      complain("events " + std::to_string(group.first) + " to " + std::to_string(group.last) +
               " are damaged and left out");
      return true;
    }
    const auto records = split_records(group.octets);
    if (!records) {
      complain("events " + std::to_string(group.first) + " to " + std::to_string(group.last) +
               " cannot be read: " + records.error().message);
      return true;
    }
    return std::all_of(records->begin(), records->end(),
                       [&](const Record& record) { return show(record); });
  }
  [[nodiscard]] int exit_code() const { return good_ ? exit_ok : exit_failed; }

 private:
  void complain(const std::string& sentence) {
    good_ = false;
    say(sentence);
  }
  bool show(const Record& record) {
    if (record.sequence < wanted_.from) return true;
    if (record.sequence > wanted_.to) return false;
    const auto event = decode_record(record);
    if (!event) {
      complain("event " + std::to_string(record.sequence) +
               " cannot be read: " + event.error().message);
      return true;
    }
    if (!matches(types_, event->type) || !matches(sources_, event->source)) return true;
    // Who reads this (a pager, `head`) may have enough.
    if (!print_line(to_cloudevents_json(*event))) return false;
    return ++shown_ != wanted_.limit;
  }

  const JournalDump& wanted_;
  std::vector<TypePattern> types_;
  std::vector<SourcePattern> sources_;
  std::uint64_t shown_ = 0;
  bool good_ = true;
};

}  // namespace

int dump_journal(const Global& global, const JournalDump& wanted) {
  auto view = open_journal(global);
  if (!view) return failed(view.error());
  const auto range = view->journal().range();
  Dump dump(wanted);
  const auto from = std::max(wanted.from, range ? range->first : 1);
  const auto status = view->read(from, [&](const JournalGroup& group) { return dump.take(group); });
  return status ? dump.exit_code() : failed(status.error());
}

}  // namespace sense::cli
