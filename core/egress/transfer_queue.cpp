// SPDX-License-Identifier: Apache-2.0
#include "core/egress/transfer_queue.hpp"

#include <algorithm>

#include "core/base/check.hpp"
#include "core/base/text.hpp"

namespace sense {

void TransferQueue::enter_turn(Entry& entry) {
  auto& endpoint = entry.second;
  if (endpoint.in_turn || endpoint.waiting.empty() || endpoint.in_flight >= endpoint.limit) return;
  endpoint.in_turn = true;
  turn_.push_back(&entry);
}

bool TransferQueue::may_begin(const Endpoint& endpoint) const {
  return endpoint.proven || unproven_in_flight_ < std::max<std::size_t>(1, limits_.in_flight / 2);
}

Status TransferQueue::push(Id id, const std::string& endpoint, MonoTime now) {
  auto& entry = *endpoints_.try_emplace(endpoint).first;
  if (entry.second.waiting.size() >= limits_.waiting_per_endpoint)
    return fail(Code::nomoreroom, "too many requests wait for " + printable(endpoint) +
                                      " already; it answers too slowly");
  entry.second.waiting.push_back({id, now});
  enter_turn(entry);
  return {};
}

std::optional<TransferQueue::Id> TransferQueue::next() {
  for (std::size_t tried = turn_.size(); tried > 0 && in_flight_ < limits_.in_flight; --tried) {
    auto& entry = *turn_.front();
    auto& endpoint = entry.second;
    turn_.pop_front();
    if (!may_begin(endpoint)) {
      turn_.push_back(&entry);
      continue;
    }
    endpoint.in_turn = false;
    if (endpoint.waiting.empty() || endpoint.in_flight >= endpoint.limit) {
      forget_idle(entry);
      continue;
    }
    const auto id = endpoint.waiting.front().id;
    endpoint.waiting.pop_front();
    ++endpoint.in_flight;
    ++in_flight_;
    if (!endpoint.proven) ++unproven_in_flight_;
    enter_turn(entry);
    return id;
  }
  return std::nullopt;
}

bool TransferQueue::unanswered(const std::string& name) const {
  const auto found = endpoints_.find(name);
  return found != endpoints_.end() && !found->second.proven && found->second.limit < first_limit;
}

void TransferQueue::finished(const std::string& name, bool answered) {
  const auto found = endpoints_.find(name);
  SENSE_CHECK(found != endpoints_.end() && found->second.in_flight > 0);
  auto& endpoint = found->second;
  if (!endpoint.proven) --unproven_in_flight_;
  --endpoint.in_flight;
  --in_flight_;
  if (endpoint.proven != answered) {
    // Its transfers in flight are counted with its new state.
    if (answered) unproven_in_flight_ -= endpoint.in_flight;
    if (!answered) unproven_in_flight_ += endpoint.in_flight;
    endpoint.proven = answered;
  }
  const auto grown = std::max(first_limit, endpoint.limit * 2);
  endpoint.limit = answered ? std::min(grown, limits_.in_flight_per_endpoint) : 1;
  enter_turn(*found);
  forget_idle(*found);
}

void TransferQueue::forget_idle(Entry& entry) {
  const auto& endpoint = entry.second;
  const bool idle = !endpoint.in_turn && endpoint.waiting.empty() && endpoint.in_flight == 0;
  if (idle && endpoints_.size() > limits_.idle_endpoints) endpoints_.erase(entry.first);
}

std::vector<TransferQueue::Id> TransferQueue::expire(MonoTime now) {
  std::vector<Id> ids;
  for (auto& [name, endpoint] : endpoints_) {
    while (!endpoint.waiting.empty() && now - endpoint.waiting.front().since >= limits_.waiting) {
      ids.push_back(endpoint.waiting.front().id);
      endpoint.waiting.pop_front();
    }
  }
  return ids;
}

std::vector<TransferQueue::Id> TransferQueue::clear() {
  std::vector<Id> ids;
  for (auto& [name, endpoint] : endpoints_) {
    for (const auto& waiting : endpoint.waiting) ids.push_back(waiting.id);
    endpoint.waiting.clear();
  }
  return ids;
}

}  // namespace sense
