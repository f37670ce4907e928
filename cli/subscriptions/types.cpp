// SPDX-License-Identifier: Apache-2.0
#include "cli/base/commands.hpp"
#include "cli/base/output.hpp"
#include "cli/subscriptions/registry_session.hpp"
#include "core/base/json.hpp"
#include "core/base/text.hpp"

namespace sense::cli {

namespace {

std::string names_in(JsonView attributes) {
  std::string names;
  attributes.each_member([&](const std::string& name, JsonView) {
    names.append(names.empty() ? "" : ",").append(name);
    return true;
  });
  return names.empty() ? "none" : names;
}

bool show_type(const RegistryEntry& entry, bool json) {
  const auto about = JsonDocument::parse(entry.value);
  const auto seen = about ? about->root() : JsonView();
  const auto count = seen.find("count").natural().value_or(0);
  const auto last = seen.find("last").text().value_or("");
  const auto attributes = seen.find("attributes");
  if (!json)
    return print_line(printable(entry.key + " count=" + std::to_string(count) + " last=" + last +
                                " attributes=" + names_in(attributes)));
  JsonObject line;
  line.put_raw("type", json_string_ascii(entry.key)).put("count", count).put("last", last);
  return print_line(
      line.put_raw("attributes", attributes.is_object() ? attributes.dump() : "{}").take());
}

}  // namespace

Command types_command(const Global& global) {
  return {.name = "types",
          .summary = "List the types of the events seen so far",
          .notes =
              "How many there were, when the last one came, and which attributes the first one had "
              "besides\nthose that every event has; with --json also of which kind.\n\n"
              "Examples:\n"
              "  sense types\n"
              "  sense types --json | jq 'select(.count > 1000) | .type'",
          .run = [&global] {
            return with_registry_session(global, [](const RegistrySession& session) {
              list_entries(session, "type", [json = session.json](const auto& entry) {
                return show_type(entry, json);
              });
            });
          }};
}

}  // namespace sense::cli
