// SPDX-License-Identifier: Apache-2.0
#include "broker/registry/leaders.hpp"

#include "core/base/json.hpp"
#include "core/base/text.hpp"

namespace sense {

namespace {

struct Leader {
  std::string holder;
  Duration ttl{};
};

std::optional<Leader> leader_of(const RegistryEntry& entry) {
  const auto json = JsonDocument::parse(entry.value);
  if (!json || !json->root().is_object() || json->root().size() != 2) return std::nullopt;
  const auto holder = json->root().find("holder").text();
  const auto ttl = json->root().find("ttl").integer();
  if (!holder || holder->empty()) return std::nullopt;
  if (!ttl || *ttl < Leaders::ttl_min || *ttl > Leaders::ttl_max) return std::nullopt;
  return Leader{*holder, std::chrono::seconds{*ttl}};
}

}  // namespace

Status Leaders::check(const RegistryEntry& wanted, const RegistryEntry* current,
                      Timestamp now) const {
  const auto leader = leader_of(wanted);
  if (!leader)
    return fail(Code::badparam,
                R"(registry: a leader is {"holder": "NAME", "ttl": 1 to 60 seconds})");
  const auto before = current != nullptr ? leader_of(*current) : std::nullopt;
  const auto until = until_.find(wanted.key);
  if (before && before->holder != leader->holder && until != until_.end() &&
      until->second > now.mono)
    return fail(Code::badcontext,
                printable(before->holder) + " leads the gateways of kind " + printable(wanted.key));
  if (wanted.revision != (current != nullptr ? current->revision : 0))
    return fail(Code::badcontext,
                "leader " + printable(wanted.key) + " has been changed meanwhile: read it again");
  return {};
}

void Leaders::hold(const RegistryEntry& entry, Timestamp now) {
  if (const auto leader = leader_of(entry)) until_[entry.key] = now.mono + leader->ttl;
}

void Leaders::release(std::string_view key) {
  if (const auto until = until_.find(key); until != until_.end()) until_.erase(until);
}

}  // namespace sense
