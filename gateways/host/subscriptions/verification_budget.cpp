// SPDX-License-Identifier: Apache-2.0
#include "gateways/host/subscriptions/verification_budget.hpp"

#include <algorithm>

namespace sense {

namespace {

constexpr Duration budget_hour = std::chrono::hours{1};
constexpr Duration budget_day = std::chrono::hours{24};

tl::unexpected<Error> no_room(const char* of) {
  return fail(Code::nomoreroom, std::string("too many callbacks are being verified ") + of +
                                    "; try again in an hour, or a day");
}

}  // namespace

VerificationBudget::Limits VerificationBudget::limits_of(const Settings& host) {
  const auto count = [&](const char* key) { return static_cast<std::uint32_t>(host.integer(key)); };
  Limits limits;
  limits.address = {count("verifications-per-address-hour"),
                    count("verifications-per-address-day")};
  limits.owner = {count("verifications-per-owner-hour"), count("verifications-per-owner-day")};
  limits.all = {count("verifications-hour"), count("verifications-day")};
  return limits;
}

bool VerificationBudget::has_room(const Limit& limit, const Spent& spent, std::uint32_t under_way,
                                  MonoTime now) {
  const auto fits = [&](const Window& window, std::uint32_t most, Duration span) {
    if (most == 0 || window.count == 0 || now - window.since >= span) return true;
    return window.count - std::min(window.count, under_way) < most;
  };
  return fits(spent.hour, limit.hour, budget_hour) && fits(spent.day, limit.day, budget_day);
}

Status VerificationBudget::check(const std::string& owner, const std::string& address,
                                 MonoTime now) const {
  const auto full = [now](const Table& table, const std::string& key, const Limit& limit) {
    const auto found = table.find(key);
    return found != table.end() && !has_room(limit, found->second, found->second.under_way, now);
  };
  if (full(addresses_, address, limits_.address)) return no_room("at this address");
  if (full(owners_, owner, limits_.owner)) return no_room("for this owner");
  if (!has_room(limits_.all, all_, all_.under_way, now)) return no_room("here");
  return {};
}

// What has no window open any more is forgotten, when room is needed.
bool VerificationBudget::may_track(Table& table, const std::string& key, MonoTime now) const {
  if (table.size() < limits_.tracked || table.contains(key)) return true;
  std::erase_if(table, [now](const auto& entry) {
    const auto& spent = entry.second;
    return spent.under_way == 0 && (spent.day.count == 0 || now - spent.day.since >= budget_day);
  });
  return table.size() < limits_.tracked;
}

Status VerificationBudget::take(const std::string& owner, const std::string& address,
                                MonoTime now) {
  if (!may_track(addresses_, address, now) || !may_track(owners_, owner, now))
    return no_room("here");
  auto& at = addresses_[address];
  auto& by = owners_[owner];
  if (!has_room(limits_.address, at, 0, now)) return no_room("at this address");
  if (!has_room(limits_.owner, by, 0, now)) return no_room("for this owner");
  if (!has_room(limits_.all, all_, 0, now)) return no_room("here");
  for (auto* spent : {&at, &by, &all_}) charge(*spent, now);
  return {};
}

void VerificationBudget::charge(Spent& spent, MonoTime now) {
  const auto count = [now](Window& window, Duration span) {
    if (window.count == 0 || now - window.since >= span) window = {now, 0};
    ++window.count;
  };
  count(spent.hour, budget_hour);
  count(spent.day, budget_day);
  ++spent.under_way;
}

void VerificationBudget::settle(Spent& spent, bool agreed) {
  spent.under_way -= std::min(spent.under_way, 1U);
  if (!agreed) return;
  spent.hour.count -= std::min(spent.hour.count, 1U);
  spent.day.count -= std::min(spent.day.count, 1U);
}

void VerificationBudget::settle(const std::string& owner, const std::string& address, bool agreed) {
  if (const auto found = addresses_.find(address); found != addresses_.end())
    settle(found->second, agreed);
  if (const auto found = owners_.find(owner); found != owners_.end()) settle(found->second, agreed);
  settle(all_, agreed);
}

}  // namespace sense
