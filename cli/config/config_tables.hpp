// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <algorithm>
#include <array>

#include "core/base/text.hpp"
#include "core/config/settings.hpp"
#include "core/egress/policy.hpp"
#include "core/event/pattern.hpp"

// The keys of the configuration file that all programs share. Static data and pure functions.
namespace sense::cli {

inline constexpr std::array<std::string_view, 4> log_levels{"debug", "info", "warn", "error"};

[[nodiscard]] inline Status check_log_level(const std::string& text) {
  if (std::find(log_levels.begin(), log_levels.end(), text) != log_levels.end()) return {};
  return fail(Code::badparam,
              "'level' is debug, info, warn or error, not '" + printable(text) + "'");
}

[[nodiscard]] inline Status check_log_format(const std::string& text) {
  if (text == "text" || text == "json") return {};
  return fail(Code::badparam, "'format' is text or json, not '" + printable(text) + "'");
}

[[nodiscard]] inline Status check_network(const std::string& text) {
  if (auto policy = EgressPolicy::make({text}); !policy) return tl::unexpected(policy.error());
  return {};
}

inline constexpr std::array top_options{
    Option{"data", OptionType::path, "/var/lib/sense",
           "Folder for everything that is kept: journal, registry, progress. Made when it is not "
           "there. Relative to this file's folder.",
           1, 1024},
    Option{"plugins", OptionType::path, "",
           "Folder of gateway-NAME.so and adapter-NAME.so. Relative to this file's folder; empty: "
           "where they were installed.",
           0, 1024},
};

inline constexpr std::array log_options{
    Option{"level", OptionType::text, "info", "The least that is said: debug, info, warn or error."}
        .checked(check_log_level),
    Option{"format", OptionType::text, "text", "Lines of text, or json: one object a line."}
        .checked(check_log_format),
};

inline constexpr std::array egress_options{
    Option{"allow", OptionType::list, "",
           "Networks that may be called back although they are private or this machine, e.g. "
           "10.0.0.0/8; with ports only these, e.g. 10.0.0.0/8:443 or [fd00::/8]:8080-8090."}
        .checked(check_network),
};

inline constexpr std::array part_options{
    Option{"plugin", OptionType::text, "",
           "Which plugin this is; empty: the one with the entry's name.", 0, 64},
};

inline constexpr std::array subscription_options{
    Option{"id", OptionType::text, "", "Name of the subscription, unique in this file.", 0, 64},
    Option{"callback", OptionType::text, "", "URI to call back.", 0, 2048},
    Option{"types", OptionType::list, "", "Patterns of types; none: all types.", 0, 256}.checked(
        checked_by<TypePattern::parse>),
    Option{"sources", OptionType::list, "", "Patterns of sources; none: all sources.", 0, 256}
        .checked(checked_by<SourcePattern::parse>),
    Option{"filter", OptionType::text, "", "CloudEvents SQL expression.", 0, 4096},
    Option{"edition", OptionType::text, "", "Wanted form of the payload.", 0, 256},
    Option{"language", OptionType::text, "", "Wanted language, a BCP 47 tag.", 0, 64},
};

}  // namespace sense::cli
