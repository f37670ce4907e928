// SPDX-License-Identifier: Apache-2.0
#include "core/subscription/subscription_edit.hpp"

#include <algorithm>

#include "core/base/check.hpp"
#include "core/base/json.hpp"
#include "core/base/text.hpp"

namespace sense {

namespace {

constexpr std::size_t patch_length_max = 1024 * 1024;
constexpr int patch_depth_max = 16;

// The names of the patch's members.
Result<std::vector<std::string>> members_of_patch(std::string_view text) {
  if (text.size() > patch_length_max)
    return fail(Code::datatoobig, "subscription: the edit is longer than 1 MiB");
  auto outline = outline_json(text, patch_depth_max);
  if (outline.too_deep) return fail(Code::protoerror, "subscription: the edit nests too deep");
  if (!outline.is_object)
    return fail(Code::protoerror, "subscription: the edit is not a JSON object");
  return std::move(outline.names);
}

Status check_editable(const std::vector<std::string>& names) {
  for (const auto& key : names) {
    const auto& all = editable_members;
    if (std::find(all.begin(), all.end(), std::string_view(key)) != all.end()) continue;
    const auto near = nearest(std::string_view(key).substr(0, 64), {all.begin(), all.end()});
    return fail(Code::badparam,
                "subscription: " + printable(key.substr(0, 64)) + " cannot be edited" +
                    (near.empty() ? "" : "; is '" + near + "' meant?"),
                key);
  }
  return {};
}

// They are what the subscriber names it by.
Status check_topic_kept(const Subscription& before, const Subscription& after) {
  if (!is_websub(before) || (before.callback == after.callback && before.types == after.types &&
                             before.sources == after.sources))
    return {};
  return fail(Code::badparam,
              "subscription: of one by WebSub callback, types and sources cannot be edited: "
              "subscribe to another topic, or with another callback",
              "websub");
}

// The text of a member; empty: there is none.
std::string member_of(const JsonDocument& subscription, std::string_view name) {
  const auto member = subscription.root().find(name);
  return member.exists() ? member.dump() : std::string();
}

}  // namespace

Result<Subscription> edited(const Subscription& subscription, std::string_view patch) {
  const auto names = members_of_patch(patch);
  if (!names) return tl::unexpected(names.error());
  if (auto good = check_editable(*names); !good) return tl::unexpected(good.error());
  auto result =
      subscription_from_json(merge_json_patch(to_json(subscription, /*secrets=*/true), patch));
  if (!result) return result;
  if (auto good = check_topic_kept(subscription, *result); !good)
    return tl::unexpected(good.error());
  if (result->callback == subscription.callback) return result;
  result->state = SubscriptionState::pending;
  result->challenge_hash.clear();
  result->reason.clear();
  return result;
}

std::vector<std::string_view> differences(const Subscription& left, const Subscription& right) {
  // Equal members have equal texts, since to_json writes both.
  const auto of_left = JsonDocument::parse(to_json(left, /*secrets=*/true));
  const auto of_right = JsonDocument::parse(to_json(right, /*secrets=*/true));
  SENSE_CHECK(of_left && of_right);
  std::vector<std::string_view> names;
  for (const auto name : editable_members)
    if (member_of(*of_left, name) != member_of(*of_right, name)) names.push_back(name);
  return names;
}

}  // namespace sense
