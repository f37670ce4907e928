// SPDX-License-Identifier: Apache-2.0
#include "cli/listen/received_event.hpp"

#include <nlohmann/json.hpp>

#include "cli/base/command.hpp"
#include "cli/base/output.hpp"
#include "core/base/json.hpp"
#include "core/base/text.hpp"

namespace sense::cli {

namespace {

std::string json_line(const Arrival& arrival) {
  nlohmann::ordered_json line{{"callback", arrival.callback},
                              {"type", arrival.type},
                              {"source", arrival.source},
                              {"number", arrival.number},
                              {"id", arrival.id},
                              {"subscription", arrival.subscription},
                              {"data", arrival.data}};
  const auto add = [&](const char* name, const std::string& value) {
    if (!value.empty()) line[name] = value;
  };
  add("datacontenttype", arrival.content_type);
  add("edition", arrival.edition);
  add("language", arrival.language);
  if (arrival.truncated_length) line["truncated"] = *arrival.truncated_length;
  return json_ascii(line);
}

}  // namespace

Arrivals::Arrivals(Loop& loop, const ListenOptions& options) : loop_(loop), options_(options) {
  loop.set_interrupted_code(options.count == 0 ? exit_ok : exit_failed);
  loop.set_deadline(*parse_duration(options.timeout), [this] {
    loop_.finish(failed("within " + options_.timeout + " only " + std::to_string(seen_) + " of " +
                        std::to_string(options_.count) + " events arrived at " + options_.uri));
  });
}

void Arrivals::arrived(const Arrival& arrival) {
  if (loop_.finishing()) return;
  if (!print_line(line_of(arrival, options_.json))) return loop_.finish(exit_failed);
  if (++seen_ == options_.count) loop_.finish(exit_ok);
}

std::string line_of(const Arrival& arrival, bool json) {
  if (json) return json_line(arrival);
  return "delivered " + printable(arrival.callback) + " " + printable(arrival.type) + " " +
         printable(arrival.source) + " #" + printable(arrival.number) + " " + printable(arrival.id);
}

}  // namespace sense::cli
