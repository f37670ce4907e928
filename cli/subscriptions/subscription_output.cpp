// SPDX-License-Identifier: Apache-2.0
#include "cli/subscriptions/subscription_output.hpp"

#include "core/base/json.hpp"
#include "core/base/text.hpp"
#include "core/subscription/delivery_latency.hpp"

namespace sense::cli {

namespace {

template <class Pattern>
std::string joined(const std::vector<Pattern>& patterns) {
  std::string text;
  for (const auto& pattern : patterns) text += (text.empty() ? "" : ",") + pattern.text();
  return text.empty() ? "all" : text;
}

}  // namespace

std::string line_of(const Subscription& subscription, bool json) {
  if (json) return to_shown_json(subscription);
  std::string line =
      subscription.id + " " + std::string(to_text(subscription.state)) + " " +
      subscription.callback + " types=" + joined(subscription.types) +
      " sources=" + joined(subscription.sources) + " owner=" + subscription.owner +
      " expires=" + (subscription.expires ? to_rfc3339(*subscription.expires) : "never");
  if (!subscription.filter.text().empty())
    line += " filter=" + std::string(subscription.filter.text());
  if (!subscription.filter.filters().empty())
    line += " filters=" + std::string(subscription.filter.filters());
  if (const auto added = added_latency(subscription.delivery))
    line += " latency=" + (added->typical ? to_text(*added->typical) + ".." : "") +
            (added->worst ? to_text(*added->worst) : "unbounded");
  if (!subscription.reason.empty()) line += " reason=" + subscription.reason;
  return printable(line);
}

std::string unreadable_line(const std::string& id, const std::string& reason, bool json) {
  if (!json) return printable(id + " unreadable: " + reason);
  return JsonObject()
      .put_raw("id", json_string_ascii(id))
      .put_raw("unreadable", json_string_ascii(reason))
      .take();
}

}  // namespace sense::cli
