#include "broker/recent_ids.hpp"

#include <string>

namespace sense {

Hash128 RecentIds::key_of(std::string_view source, std::string_view id) const {
  // A source has no NUL, so that no two pairs make the same text.
  std::string text;
  text.reserve(source.size() + id.size() + 1);
  text += source;
  text += '\0';
  text += id;
  return keyed_hash(secret_, text);
}

std::uint64_t RecentIds::find(std::string_view source, std::string_view id) const {
  const auto found = sequences_.find(key_of(source, id));
  return found == sequences_.end() ? 0 : found->second;
}

void RecentIds::insert(std::string_view source, std::string_view id, std::uint64_t sequence,
                       WallTime time) {
  const auto key = key_of(source, id);
  if (!sequences_.emplace(key, sequence).second) return;
  order_.push_back({key, time});
  pending_.push_back(key);
}

void RecentIds::expire(WallTime now) {
  while (!order_.empty() && (order_.size() > count_max_ || order_.front().time + window_ < now)) {
    sequences_.erase(order_.front().key);
    order_.pop_front();
  }
}

void RecentIds::rollback() {
  for (const auto& key : pending_) {
    sequences_.erase(key);
    order_.pop_back();
  }
  pending_.clear();
}

}  // namespace sense
