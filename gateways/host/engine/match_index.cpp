// SPDX-License-Identifier: Apache-2.0
#include "gateways/host/engine/match_index.hpp"

#include <algorithm>

#include "core/base/check.hpp"

namespace sense {

namespace {

enum class TypeKind : std::uint64_t { exact = 1, in_namespace = 2, any = 3 };

std::uint64_t mixed(std::uint64_t bits) {
  bits *= 0x9e3779b97f4a7c15U;
  return bits ^ (bits >> 32U);
}

std::uint64_t type_key(TypeKind kind, std::string_view text) {
  return mixed(std::hash<std::string_view>{}(text) + static_cast<std::uint64_t>(kind));
}

std::uint64_t key_of(std::uint64_t type, std::size_t depth, std::string_view anchor) {
  return mixed(type ^ mixed(std::hash<std::string_view>{}(anchor) + depth));
}

std::string_view namespace_of(const TypePattern& pattern) {
  // "{ns}*"
  return std::string_view(pattern.text()).substr(1, pattern.text().size() - 3);
}

template <class T>
void sort_unique(std::vector<T>& values) {
  std::sort(values.begin(), values.end());
  values.erase(std::unique(values.begin(), values.end()), values.end());
}

}  // namespace

// The fixed segments at the beginning of a pattern, at most depth_max.
MatchIndex::Anchor MatchIndex::anchor_of(std::string_view pattern) {
  std::size_t begin = 0;
  for (std::size_t depth = 0; depth <= depth_max; ++depth) {
    const auto slash = pattern.find('/', begin);
    const auto segment = pattern.substr(begin, slash - begin);
    if (segment == "*" || segment == "**" || depth == depth_max)
      return {depth, pattern.substr(0, begin)};
    if (slash == std::string_view::npos) return {exact, pattern};
    begin = slash + 1;
  }
  return {};
}

std::vector<MatchIndex::Anchor> MatchIndex::anchors_of(const Subscription& subscription) {
  if (subscription.sources.empty() || subscription.sources.size() > sources_max) return {Anchor{}};
  std::vector<Anchor> anchors;
  for (const auto& pattern : subscription.sources) anchors.push_back(anchor_of(pattern.text()));
  return anchors;
}

std::vector<MatchIndex::Key> MatchIndex::types_of(const Subscription& subscription) {
  if (subscription.types.empty()) return {type_key(TypeKind::any, {})};
  std::vector<Key> keys;
  for (const auto& pattern : subscription.types) {
    switch (pattern.kind()) {
      case TypePattern::Kind::any: keys.push_back(type_key(TypeKind::any, {})); break;
      case TypePattern::Kind::exact:
        keys.push_back(type_key(TypeKind::exact, pattern.text()));
        break;
      case TypePattern::Kind::in_namespace:
        keys.push_back(type_key(TypeKind::in_namespace, namespace_of(pattern)));
        break;
    }
  }
  return keys;
}

std::vector<MatchIndex::Key> MatchIndex::keys_of(const Subscription& subscription) {
  std::vector<Key> keys;
  const auto anchors = anchors_of(subscription);
  for (const auto type : types_of(subscription))
    for (const auto& anchor : anchors) keys.push_back(key_of(type, anchor.depth, anchor.text));
  sort_unique(keys);
  return keys;
}

void MatchIndex::count(const Subscription& subscription, int by) {
  const auto change = [by](std::uint32_t& counter) {
    return counter = static_cast<std::uint32_t>(static_cast<std::int64_t>(counter) + by);
  };
  const auto change_named = [&](Counts& counts, std::string_view name) {
    const auto found = counts.try_emplace(std::string(name)).first;
    if (change(found->second) == 0) counts.erase(found);
  };
  for (const auto& anchor : anchors_of(subscription)) change(by_depth_[anchor.depth]);
  if (subscription.types.empty()) change(any_);
  for (const auto& pattern : subscription.types) {
    switch (pattern.kind()) {
      case TypePattern::Kind::any: change(any_); break;
      case TypePattern::Kind::exact: change_named(types_, pattern.text()); break;
      case TypePattern::Kind::in_namespace: change_named(namespaces_, namespace_of(pattern)); break;
    }
  }
}

void MatchIndex::add(Handle handle, const Subscription& subscription) {
  count(subscription, 1);
  for (const auto key : keys_of(subscription)) {
    auto& handles = postings_[key];
    // New handles are mostly the highest.
    const auto place = handles.empty() || handles.back() < handle
                           ? handles.end()
                           : std::lower_bound(handles.begin(), handles.end(), handle);
    if (place == handles.end() || *place != handle) handles.insert(place, handle);
  }
}

void MatchIndex::remove(Handle handle, const Subscription& subscription) {
  count(subscription, -1);
  for (const auto key : keys_of(subscription)) {
    const auto found = postings_.find(key);
    SENSE_CHECK(found != postings_.end());
    auto& handles = found->second;
    const auto place = std::lower_bound(handles.begin(), handles.end(), handle);
    if (place != handles.end() && *place == handle) handles.erase(place);
    if (handles.empty()) postings_.erase(found);
  }
}

void MatchIndex::collect(Key type, const std::vector<Anchor>& anchors,
                         std::vector<Handle>& found) const {
  for (const auto& anchor : anchors) {
    const auto handles = postings_.find(key_of(type, anchor.depth, anchor.text));
    if (handles == postings_.end()) continue;
    found.insert(found.end(), handles->second.begin(), handles->second.end());
  }
}

void MatchIndex::candidates(const QName& type, std::string_view source,
                            std::vector<Handle>& found) const {
  found.clear();
  std::vector<Anchor> anchors;
  std::size_t begin = 0;
  for (std::size_t depth = 0; depth <= depth_max; ++depth) {
    if (by_depth_[depth] != 0) anchors.push_back({depth, source.substr(0, begin)});
    const auto slash = source.find('/', begin);
    if (slash == std::string_view::npos) break;
    begin = slash + 1;
  }
  if (by_depth_[exact] != 0) anchors.push_back({exact, source});
  if (!types_.empty()) collect(type_key(TypeKind::exact, type.display()), anchors, found);
  if (!namespaces_.empty()) collect(type_key(TypeKind::in_namespace, type.ns()), anchors, found);
  if (any_ != 0) collect(type_key(TypeKind::any, {}), anchors, found);
  if (!std::is_sorted(found.begin(), found.end(), std::less_equal<>{})) sort_unique(found);
}

std::vector<std::string> MatchIndex::topic_prefixes(std::size_t max) const {
  if (any_ != 0 || types_.size() + namespaces_.size() > max) return {"{"};
  std::vector<std::string> prefixes;
  for (const auto& [ns, count] : namespaces_) prefixes.push_back("{" + ns + "}");
  for (const auto& [type, count] : types_)
    prefixes.push_back(TypePattern::parse(type)->topic_prefix());
  return prefixes;
}

}  // namespace sense
