#include "gateways/sense/replies.hpp"

#include <algorithm>

namespace sense::datagram {

const Replies::Entry* Replies::find(const Endpoint& address, std::string_view tag,
                                    MonoTime now) const {
  const auto tags = index_.find(address);
  if (tags == index_.end()) return nullptr;
  const auto found = tags->second.find(tag);
  if (found == tags->second.end() || now - found->second->since > kept) return nullptr;
  return &*found->second;
}

void Replies::begin(const Endpoint& address, std::string_view tag, std::string_view cookie,
                    MonoTime now) {
  if (const auto tags = index_.find(address); tags != index_.end()) {
    const auto& by_tag = tags->second;
    if (const auto old = by_tag.find(tag); old != by_tag.end()) {
      drop(old->second);
    } else if (by_tag.size() >= per_address_max) {
      drop(std::min_element(by_tag.begin(), by_tag.end(), [](const auto& left, const auto& right) {
             return left.second->since < right.second->since;
           })->second);
    }
  }
  if (entries_.size() >= all_max) drop(entries_.begin());
  entries_.push_back({address, std::string(tag), std::string(cookie), now, std::nullopt});
  index_[address].emplace(tag, std::prev(entries_.end()));
}

void Replies::finish(const Endpoint& address, std::string_view tag, std::string octets) {
  const auto tags = index_.find(address);
  if (tags == index_.end()) return;
  const auto found = tags->second.find(tag);
  if (found != tags->second.end()) found->second->octets = std::move(octets);
}

void Replies::expire(MonoTime now) {
  while (!entries_.empty() && now - entries_.front().since > kept) drop(entries_.begin());
}

void Replies::drop(Entries::iterator entry) {
  const auto tags = index_.find(entry->address);
  tags->second.erase(entry->tag);
  if (tags->second.empty()) index_.erase(tags);
  entries_.erase(entry);
}

}  // namespace sense::datagram
