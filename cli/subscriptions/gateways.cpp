// SPDX-License-Identifier: Apache-2.0
#include "cli/base/commands.hpp"
#include "cli/base/output.hpp"
#include "cli/subscriptions/registry_session.hpp"
#include "core/base/json.hpp"
#include "core/base/text.hpp"
#include "core/registry/management_change.hpp"

namespace sense::cli {

namespace {

std::string span_of(const char* name, const std::optional<Bounds>& bounds) {
  if (!bounds) return {};
  return std::string(" ") + name + "=" + to_text(bounds->lowest) + ".." + to_text(bounds->highest);
}

std::string text_of(const Capabilities& can) {
  std::string text =
      span_of("latency", can.latency) + span_of("digest-latency", can.digest_latency);
  const auto put = [&](const char* name, std::string_view word) {
    text.append(" ").append(name).append("=").append(word);
  };
  put("initiator", to_text(can.initiator));
  put("intermediation", to_text(can.intermediation));
  put("acknowledgement", to_text(can.acknowledgement));
  put("privacy", to_text(can.privacy));
  put("consent", to_text(can.consent));
  put("payload-max", std::to_string(can.payload_max));
  return text + span_of("poll", can.poll);
}

// The value may be that of another version: what is not text of ours is not passed on.
bool show_gateway(const RegistryEntry& entry, bool json) {
  const auto schemes = schemes_of_entry(entry.value);
  if (json) {
    JsonObject line;
    line.put_raw("name", json_string_ascii(entry.key));
    put_schemes(line, schemes);
    return print_line(line.take());
  }
  for (const auto& scheme : schemes)
    if (!print_line(printable(entry.key + " " + scheme.name + ":") +
                    (scheme.capabilities ? text_of(*scheme.capabilities) : " not declared")))
      return false;
  return true;
}

}  // namespace

Command gateways_command(const Global& global) {
  return {.name = "gateways",
          .summary = "List the gateways, their schemes, and what each can do",
          .notes =
              "A line is: GATEWAY SCHEME: what a subscriber may expect of callbacks with that "
              "scheme\n(docs/writing-a-gateway.md); with --json a gateway is a line.\n\n"
              "Examples:\n"
              "  sense gateways\n"
              "  sense gateways --json | jq '.capabilities.mailto.latency'",
          .run = [&global] {
            return with_registry_session(global, [](const RegistrySession& session) {
              list_entries(session, "gateway", [json = session.json](const auto& entry) {
                return show_gateway(entry, json);
              });
            });
          }};
}

}  // namespace sense::cli
