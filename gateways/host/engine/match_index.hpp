// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <array>
#include <cstdint>
#include <map>
#include <string>
#include <string_view>
#include <unordered_map>
#include <vector>

#include "core/subscription/subscription.hpp"

namespace sense {

// Finds the subscriptions that may match an event without evaluating all of them, by its type and
// the segments of its source. Subscriptions are known by a number that the owner gives them. Pure;
// one thread.
//
// A subscription is listed under every pair of one of its types (or namespaces, or any) and the
// fixed prefix of one of its sources. An event is looked up under its own type, namespace and any,
// each with every prefix of its source that ends in a slash, and the whole source.
class MatchIndex {
 public:
  using Handle = std::uint32_t;

  // REQUIRES: remove() is called with the arguments of add().
  void add(Handle handle, const Subscription& subscription);
  void remove(Handle handle, const Subscription& subscription);

  // Subscriptions whose patterns may select type and source, ascending, each once: all that do, and
  // a few that do not. matches() decides.
  void candidates(const QName& type, std::string_view source, std::vector<Handle>& found) const;

  // The topics to subscribe to on the bus for all of them; "{" alone when they are more than `max`.
  [[nodiscard]] std::vector<std::string> topic_prefixes(std::size_t max) const;

 private:
  using Key = std::uint64_t;  // hashed: a collision only adds a candidate
  using Counts = std::map<std::string, std::uint32_t, std::less<>>;
  static constexpr std::size_t depth_max = 8;  // slashes in the fixed prefix of a source
  static constexpr std::size_t exact = depth_max + 1;
  static constexpr std::size_t sources_max = 8;  // with more, a subscription is listed under all

  struct Anchor {
    std::size_t depth = 0;
    std::string_view text;
  };
  [[nodiscard]] static Anchor anchor_of(std::string_view pattern);
  [[nodiscard]] static std::vector<Anchor> anchors_of(const Subscription& subscription);
  [[nodiscard]] static std::vector<Key> types_of(const Subscription& subscription);
  [[nodiscard]] static std::vector<Key> keys_of(const Subscription& subscription);
  void count(const Subscription& subscription, int by);
  void collect(Key type, const std::vector<Anchor>& anchors, std::vector<Handle>& found) const;

  std::unordered_map<Key, std::vector<Handle>> postings_;  // ascending
  std::array<std::uint32_t, exact + 1> by_depth_{};        // anchors per depth: 0 is skipped
  Counts types_;                                           // as TypePattern::text()
  Counts namespaces_;
  std::uint32_t any_ = 0;
};

}  // namespace sense
