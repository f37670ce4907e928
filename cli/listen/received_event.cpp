// SPDX-License-Identifier: Apache-2.0
#include "cli/listen/received_event.hpp"

#include "cli/base/command.hpp"
#include "cli/base/loop.hpp"
#include "cli/base/output.hpp"
#include "cli/listen/listen_options.hpp"
#include "core/base/json.hpp"
#include "core/base/text.hpp"

namespace sense::cli {

namespace {

std::string json_line(const ReceivedEvent& event) {
  JsonObject line;
  const auto put = [&](const char* name, const std::string& value) {
    line.put_raw(name, json_string_ascii(value));
  };
  put("callback", event.callback);
  put("type", event.type);
  put("source", event.source);
  put("number", event.number);
  put("id", event.id);
  put("subscription", event.subscription);
  put("data", event.data);
  if (!event.content_type.empty()) put("datacontenttype", event.content_type);
  if (!event.edition.empty()) put("edition", event.edition);
  if (!event.language.empty()) put("language", event.language);
  if (event.truncated_length) line.put("truncated", *event.truncated_length);
  return line.take();
}

}  // namespace

ReceivedEvents::ReceivedEvents(Loop& loop, const ListenOptions& options)
    : loop_(loop), options_(options) {
  loop.set_interrupted_code(options.count == 0 ? exit_ok : exit_failed);
  loop.set_deadline(*parse_duration(options.timeout), [this] {
    loop_.finish(failed("within " + options_.timeout + " only " + std::to_string(seen_) + " of " +
                        std::to_string(options_.count) + " events arrived at " + options_.uri));
  });
}

void ReceivedEvents::add(const ReceivedEvent& event) {
  if (loop_.finishing()) return;
  if (!print_line(line_of(event, options_.json))) return loop_.finish(exit_failed);
  if (++seen_ == options_.count) loop_.finish(exit_ok);
}

std::string line_of(const ReceivedEvent& event, bool json) {
  if (json) return json_line(event);
  return "delivered " + printable(event.callback) + " " + printable(event.type) + " " +
         printable(event.source) + " #" + printable(event.number) + " " + printable(event.id);
}

}  // namespace sense::cli
