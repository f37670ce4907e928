// SPDX-License-Identifier: Apache-2.0
#include "broker/journal/answer_budget.hpp"

#include <algorithm>

namespace sense {

namespace {

std::size_t held_by(const std::unordered_map<std::string, std::size_t>& all,
                    const std::string& name) {
  const auto found = all.find(name);
  return found == all.end() ? 0 : found->second;
}

void remove_octets(std::unordered_map<std::string, std::size_t>& all, const std::string& name,
                   std::size_t octets) {
  const auto found = all.find(name);
  if (found != all.end() && (found->second -= octets) == 0) all.erase(found);
}

std::size_t rest(std::size_t limit, std::size_t used) { return limit - std::min(limit, used); }

}  // namespace

AnswerBudget::Hold& AnswerBudget::Hold::operator=(Hold&& other) noexcept {
  std::swap(budget_, other.budget_);
  std::swap(client_, other.client_);
  std::swap(principal_, other.principal_);
  std::swap(octets_, other.octets_);
  return *this;
}

AnswerBudget::Hold::~Hold() { resize(0); }

void AnswerBudget::Hold::resize(std::size_t octets) {
  if (budget_ == nullptr || octets == octets_) return;
  if (octets > octets_)
    budget_->add(client_, principal_, octets - octets_);
  else
    budget_->give_back(client_, principal_, octets_ - octets);
  octets_ = octets;
}

AnswerBudget::AnswerBudget(Limits limits, Counters& counters)
    : limits_(limits), held_(counters["broker.answers.octets"]) {}

std::size_t AnswerBudget::room(const std::string& client, const std::string& principal,
                               std::size_t wanted) const {
  const auto held = held_by(clients_, client);
  const auto room =
      std::min({rest(limits_.client / 2, held),
                rest(limits_.principal, held_by(principals_, principal)), rest(limits_.all, all_)});
  if (held == 0) return std::min(wanted, std::max(room, small_octets_max));
  return room >= std::min(wanted, small_octets_max) ? std::min(wanted, room) : 0;
}

AnswerBudget::Hold AnswerBudget::reserve(const std::string& client, const std::string& principal,
                                         std::size_t wanted) {
  {
    const std::lock_guard lock(mutex_);
    wanted = room(client, principal, wanted);
    if (wanted == 0) awaited_ = true;
  }
  return hold(client, principal, wanted);
}

AnswerBudget::Hold AnswerBudget::hold(const std::string& client, const std::string& principal,
                                      std::size_t octets) {
  Hold hold(*this, client, principal, 0);
  hold.resize(octets);
  return hold;
}

void AnswerBudget::add(const std::string& client, const std::string& principal,
                       std::size_t octets) {
  const std::lock_guard lock(mutex_);
  clients_[client] += octets;
  principals_[principal] += octets;
  all_ += octets;
  held_ = all_;
}

void AnswerBudget::give_back(const std::string& client, const std::string& principal,
                             std::size_t octets) {
  bool awaited = false;
  {
    const std::lock_guard lock(mutex_);
    remove_octets(clients_, client, octets);
    remove_octets(principals_, principal, octets);
    all_ -= octets;
    held_ = all_;
    awaited = std::exchange(awaited_, false);
  }
  if (awaited && on_room_) on_room_();
}

bool AnswerBudget::is_full(const std::string& client) const {
  const std::lock_guard lock(mutex_);
  return held_by(clients_, client) >= limits_.client;
}

std::size_t AnswerBudget::octets() const {
  const std::lock_guard lock(mutex_);
  return all_;
}

}  // namespace sense
