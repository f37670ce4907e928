// SPDX-License-Identifier: Apache-2.0
#include "gateways/host/failover/lease.hpp"

#include <nlohmann/json.hpp>

#include "core/base/json.hpp"
#include "core/base/log.hpp"

namespace sense {

namespace {

using Json = nlohmann::ordered_json;

std::string holder_of(const RegistryEntry& entry) {
  const auto json = Json::parse(entry.value, nullptr, false);
  if (!json.is_object() || !json.contains("holder") || !json["holder"].is_string()) return {};
  return json["holder"].get<std::string>();
}

}  // namespace

RegistryEntry Leadership::entry(std::uint64_t revision) const {
  return {"leader", kind_, revision, json_text(Json{{"holder", name_}, {"ttl", ttl_seconds}})};
}

void Leadership::seek() {
  if (stopped_) return;
  bus_.registry_get("leader", kind_, [this](Result<RegistryEntry> found) {
    if (stopped_) return;
    if (!found) return found.error().code == Code::notfound ? take(0) : look_later();
    const auto holder = holder_of(*found);
    // Nobody has led since: what is stored here is all that was done.
    if (holder == name_) return take(found->revision);
    if (std::exchange(followed_, found->revision) != found->revision)
      ways_.stand_by(holder, found->revision);
    if (ways_.may_follow(found->revision)) return take(found->revision);
    look_later();
  });
}

void Leadership::look_later() {
  ways_.after(renewal, [this] { seek(); });
}

void Leadership::take(std::uint64_t revision) {
  const auto asked = clock_.now().mono;
  bus_.registry_put(entry(revision), "leads", [this, asked](Result<std::uint64_t> answer) {
    if (stopped_) return;
    if (!answer) return look_later();
    token_ = *answer;
    until_ = asked + std::chrono::seconds{ttl_seconds};
    ways_.after(renewal, [this] { renew(); });
    ways_.lead(token_);
  });
}

void Leadership::renew() {
  if (stopped_) return;
  const auto asked = clock_.now().mono;
  bus_.registry_put(entry(token_), "leads", [this, asked](Result<std::uint64_t> answer) {
    if (stopped_) return;
    if (!answer && answer.error().code == Code::badcontext) {
      stopped_ = true;
      return ways_.lost(answer.error().message);
    }
    if (answer) {
      until_ = asked + std::chrono::seconds{ttl_seconds};
      ways_.renewed();
    }
    ways_.after(renewal, [this] { renew(); });
  });
}

bool Leadership::holds() const {
  if (token_ == 0 || stopped_) return false;
  return !guarded_ || clock_.now().mono + reserve < until_;
}

void Leadership::release(std::function<void()> done) {
  stopped_ = true;
  if (token_ == 0) return done();
  bus_.registry_remove("leader", kind_, token_, "stopped",
                       [done = std::move(done)](const auto&) { done(); });
}

}  // namespace sense
