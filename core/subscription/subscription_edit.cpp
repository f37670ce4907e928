// SPDX-License-Identifier: Apache-2.0
#include "core/subscription/subscription_edit.hpp"

#include <algorithm>
#include <nlohmann/json.hpp>

#include "core/base/json.hpp"
#include "core/base/text.hpp"

namespace sense {

namespace {

using PatchJson = nlohmann::json;

constexpr std::size_t patch_length_max = 1024 * 1024;
constexpr int patch_depth_max = 4;

Result<PatchJson> parse_patch(std::string_view text) {
  if (text.size() > patch_length_max)
    return fail(Code::datatoobig, "subscription: the edit is longer than 1 MiB");
  bool too_deep = false;
  auto json = PatchJson::parse(
      text,
      [&](int depth, PatchJson::parse_event_t, PatchJson&) {
        too_deep = too_deep || depth > patch_depth_max;
        return !too_deep;
      },
      /*allow_exceptions=*/false);
  if (too_deep) return fail(Code::protoerror, "subscription: the edit nests too deep");
  if (!json.is_object())
    return fail(Code::protoerror, "subscription: the edit is not a JSON object");
  return json;
}

Status check_editable(const PatchJson& patch) {
  for (const auto& [key, value] : patch.items()) {
    const auto& all = editable_members;
    if (std::find(all.begin(), all.end(), std::string_view(key)) != all.end()) continue;
    const auto near = nearest(std::string_view(key).substr(0, 64), {all.begin(), all.end()});
    return fail(Code::badparam, "subscription: " + printable(key.substr(0, 64)) +
                                    " cannot be edited" +
                                    (near.empty() ? "" : "; is '" + near + "' meant?"));
  }
  return {};
}

PatchJson members_of(const Subscription& subscription) {
  return PatchJson::parse(to_json(subscription, /*secrets=*/true), nullptr,
                          /*allow_exceptions=*/false);
}

}  // namespace

Result<Subscription> edited(const Subscription& subscription, std::string_view patch) {
  const auto change = parse_patch(patch);
  if (!change) return tl::unexpected(change.error());
  if (auto good = check_editable(*change); !good) return tl::unexpected(good.error());
  auto members = members_of(subscription);
  members.merge_patch(*change);
  auto result = subscription_from_json(json_text(members));
  if (!result || result->callback == subscription.callback) return result;
  result->state = SubscriptionState::pending;
  result->challenge_hash.clear();
  result->reason.clear();
  return result;
}

std::vector<std::string_view> differences(const Subscription& left, const Subscription& right) {
  const auto of_left = members_of(left);
  const auto of_right = members_of(right);
  const auto value = [](const PatchJson& members, std::string_view name) {
    const auto found = members.find(name);
    return found == members.end() ? PatchJson() : *found;
  };
  std::vector<std::string_view> names;
  for (const auto name : editable_members)
    if (value(of_left, name) != value(of_right, name)) names.push_back(name);
  return names;
}

}  // namespace sense
