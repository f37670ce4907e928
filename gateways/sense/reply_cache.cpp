// SPDX-License-Identifier: Apache-2.0
#include "gateways/sense/reply_cache.hpp"

#include "gateways/sense/model/peer_identity.hpp"

namespace sense::datagram {

const ReplyCache::Entry* ReplyCache::find(const Endpoint& address, std::string_view tag,
                                          MonoTime now) const {
  const auto of = addresses_.find(address);
  if (of == addresses_.end()) return nullptr;
  const auto found = of->second.by_tag.find(tag);
  if (found == of->second.by_tag.end() || now - found->second->since > kept) return nullptr;
  return &*found->second;
}

void ReplyCache::begin(const Endpoint& address, std::string_view tag, std::string_view cookie,
                       std::string_view key, MonoTime now) {
  if (const auto of = addresses_.find(address); of != addresses_.end()) {
    const auto old = of->second.by_tag.find(tag);
    if (old != of->second.by_tag.end())
      drop(old->second);
    else if (of->second.by_tag.size() >= per_address_max)
      drop(of->second.oldest_first.front());
  }
  StoredEntry entry;
  entry.address = address;
  entry.tag = tag;
  entry.cookie = cookie;
  entry.key = key;
  entry.since = now;
  entry.number = ++numbers_;
  entry.host = host_identity(address);
  const auto at = entries_.insert(entries_.end(), std::move(entry));
  auto& of_address = addresses_[address];
  of_address.by_tag.emplace(tag, at);
  at->of_address = of_address.oldest_first.insert(of_address.oldest_first.end(), at);
  auto& of_host = hosts_[at->host];
  ranks_.erase(rank_of(at->host, of_host));
  at->of_host = of_host.insert(of_host.end(), at);
  ranks_.insert(rank_of(at->host, of_host));
  make_room();
}

void ReplyCache::finish(const Endpoint& address, std::string_view tag, std::string octets) {
  const auto of = addresses_.find(address);
  if (of == addresses_.end()) return;
  const auto found = of->second.by_tag.find(tag);
  if (found == of->second.by_tag.end() || found->second->octets) return;
  octets_ += octets.size();
  found->second->octets = std::move(octets);
  make_room();
}

void ReplyCache::expire(MonoTime now) {
  while (!entries_.empty() && now - entries_.front().since > kept) drop(entries_.begin());
}

void ReplyCache::make_room() {
  while (entries_.size() > all_max || octets_ > octets_max)
    drop(hosts_.at(ranks_.rbegin()->host).front());
}

ReplyCache::Rank ReplyCache::rank_of(const std::string& host, const EntryRefs& refs) {
  return {refs.size(), refs.empty() ? 0 : refs.front()->number, host};
}

void ReplyCache::drop(Entries::iterator entry) {
  const auto of = addresses_.find(entry->address);
  of->second.by_tag.erase(entry->tag);
  of->second.oldest_first.erase(entry->of_address);
  if (of->second.by_tag.empty()) addresses_.erase(of);
  const auto host = hosts_.find(entry->host);
  ranks_.erase(rank_of(host->first, host->second));
  host->second.erase(entry->of_host);
  if (host->second.empty())
    hosts_.erase(host);
  else
    ranks_.insert(rank_of(host->first, host->second));
  if (entry->octets) octets_ -= entry->octets->size();
  entries_.erase(entry);
}

}  // namespace sense::datagram
