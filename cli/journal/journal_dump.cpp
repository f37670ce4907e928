// SPDX-License-Identifier: Apache-2.0
#include <algorithm>

#include "cli/base/output.hpp"
#include "cli/journal/journal.hpp"
#include "core/event/cloudevents_json.hpp"
#include "core/event/pattern.hpp"
#include "core/event/record.hpp"
#include "core/subscription/management_event.hpp"
#include "core/subscription/webhook_secrets.hpp"

namespace sense::cli {

namespace {

template <class Pattern, class Value>
bool matches(const std::vector<Pattern>& patterns, const Value& value) {
  return patterns.empty() || std::any_of(patterns.begin(), patterns.end(),
                                         [&](const auto& p) { return p.matches(value); });
}

class Dump {
 public:
  explicit Dump(const JournalDumpOptions& options) : options_(options) {
    for (const auto& text : options.types) types_.push_back(*TypePattern::parse(text));
    for (const auto& text : options.sources) sources_.push_back(*SourcePattern::parse(text));
  }

  // False: no further group is needed.
  bool print_group(const JournalGroup& group) {
    if (group.first > options_.to) return false;
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
    if (record.sequence < options_.from) return true;
    if (record.sequence > options_.to) return false;
    auto event = decode_record(record);
    if (!event) {
      complain("event " + std::to_string(record.sequence) +
               " cannot be read: " + event.error().message);
      return true;
    }
    if (!matches(types_, event->type) || !matches(sources_, event->source)) return true;
    if (event->type.clark() == whole_change_type)
      event->data = without_webhook_secrets_of_change(std::move(event->data));
    // The reader (a pager, `head`) may have closed the pipe.
    if (!print_line(to_cloudevents_json(*event))) return false;
    return ++shown_ != options_.limit;
  }

  const JournalDumpOptions& options_;
  std::vector<TypePattern> types_;
  std::vector<SourcePattern> sources_;
  std::uint64_t shown_ = 0;
  bool good_ = true;
};

}  // namespace

int dump_journal(const Global& global, const JournalDumpOptions& options) {
  auto view = open_journal(global);
  if (!view) return failed(view.error());
  const auto range = view->journal().range();
  Dump dump(options);
  const auto from = std::max(options.from, range ? range->first : 1);
  const auto status =
      view->read(from, [&](const JournalGroup& group) { return dump.print_group(group); });
  return status ? dump.exit_code() : failed(status.error());
}

}  // namespace sense::cli
