// SPDX-License-Identifier: Apache-2.0
#include "gateways/host/subscriptions/verification_budget.hpp"

#include <algorithm>
#include <boost/asio/ip/address.hpp>

#include "core/base/encoding.hpp"
#include "core/base/random.hpp"
#include "core/base/text.hpp"
#include "core/base/uri.hpp"
#include "core/egress/network.hpp"

namespace sense {

namespace {

constexpr Duration budget_hour = std::chrono::hours{1};
constexpr Duration budget_day = std::chrono::hours{24};
constexpr std::size_t budget_key_max = 128;
constexpr std::size_t network_octets = 8;  // of an IPv6 address

// Long texts are kept as their hash: what a table takes is bounded by its entries.
std::string budget_key(std::string_view text) {
  return text.size() <= budget_key_max ? std::string(text) : sha256_hex(text);
}

std::string mailbox_of(const Uri& uri) {
  const auto written = uri.path.substr(0, uri.path.find('?'));
  const auto mailbox = lower(percent_decode(written).value_or(written));
  const auto at = mailbox.rfind('@');
  if (at == std::string::npos) return mailbox;
  // A plus sign in front is the whole name.
  const auto plus = mailbox.find('+', 1);
  return mailbox.substr(0, std::min(plus, at)) + mailbox.substr(at);
}

std::string host_of_budget(const Uri& uri) {
  boost::system::error_code error;
  const auto address = unmapped(boost::asio::ip::make_address(uri.host, error));
  const bool local = error ? uri.host == "localhost" : address.is_loopback();
  if (local) return uri.authority();
  if (!error && address.is_v6()) {
    const auto bytes = address.to_v6().to_bytes();
    return "v6/" + std::string(bytes.begin(), bytes.begin() + network_octets);
  }
  auto host = error ? uri.host : address.to_string();
  while (host.ends_with('.')) host.pop_back();
  return host;
}

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

std::string VerificationBudget::address_of(std::string_view callback) {
  const auto uri = parse_uri(callback);
  if (!uri) return budget_key(callback);
  if (uri->scheme == "mailto") return budget_key(mailbox_of(*uri));
  return budget_key(uri->host.empty() ? callback : host_of_budget(*uri));
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
    const auto found = table.find(budget_key(key));
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
  const auto address_key = budget_key(address);
  const auto owner_key = budget_key(owner);
  if (!may_track(addresses_, address_key, now) || !may_track(owners_, owner_key, now))
    return no_room("here");
  auto& at = addresses_[address_key];
  auto& by = owners_[owner_key];
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
  if (const auto found = addresses_.find(budget_key(address)); found != addresses_.end())
    settle(found->second, agreed);
  if (const auto found = owners_.find(budget_key(owner)); found != owners_.end())
    settle(found->second, agreed);
  settle(all_, agreed);
}

}  // namespace sense
