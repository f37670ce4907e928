// SPDX-License-Identifier: Apache-2.0
#include "gateways/sense/admission/keys.hpp"

#include <algorithm>

#include "core/base/check.hpp"
#include "core/base/random.hpp"

namespace sense::datagram {

namespace {

constexpr std::size_t share_min = 256;

Keys::Mark mark_of(const Claim& claim) {
  Keys::Mark mark{};
  std::copy_n(claim.mac.begin(), std::min(mark.size(), claim.mac.size()), mark.begin());
  return mark;
}

}  // namespace

Keys::Keys(std::vector<SharedKey> keys, Duration window)
    : window_(window), nobodys_secret_(make_shared_key("-").secret) {
  replace(std::move(keys));
}

void Keys::replace(std::vector<SharedKey> keys) {
  std::map<std::string, Held, std::less<>> next;
  for (auto& key : keys) {
    const auto before = keys_.find(key.name);
    auto& held = next[key.name];
    // Messages of another secret are refused anyway.
    if (before != keys_.end() && before->second.key == key) held = std::move(before->second);
    held.key = std::move(key);
  }
  keys_ = std::move(next);
}

Keys::Verdict Keys::check(const Message& message, std::string_view octets, WallTime now) const {
  Verdict verdict;
  const auto claim = read_claim(message, octets);
  if (!claim) {
    verdict.refusal = claim.error();
    return verdict;
  }
  const auto found = keys_.find(claim->key);
  const bool known = found != keys_.end();
  const bool proved = proves(*claim, known ? found->second.key.secret : nobodys_secret_) && known;
  if (!proved) {
    verdict.refusal = Error{Code::noaccess, "the key is not known here, or the Mac is not its"};
    return verdict;
  }
  verdict.key = claim->key;
  verdict.time = claim->time;
  verdict.mark = mark_of(*claim);
  if (claim->time > now + window_ || claim->time < now - window_)
    verdict.refusal =
        Error{Code::noaccess, "Time is more than " +
                                  sense::to_text(std::chrono::ceil<std::chrono::seconds>(window_)) +
                                  " from this server's, which is " +
                                  to_rfc3339(std::chrono::floor<std::chrono::milliseconds>(now))};
  return verdict;
}

std::size_t Keys::share() const {
  return std::clamp(seen_max / std::max<std::size_t>(keys_.size(), 1), share_min, seen_per_key_max);
}

// What is forgotten is the lowest Time, and never one ahead of our clock: else a device whose clock
// is ahead would shut out the others that have the same key.
Status Keys::admit(const Verdict& verdict, Timestamp now) {
  const auto found = keys_.find(verdict.key);
  SENSE_CHECK(found != keys_.end());
  auto& held = found->second;
  auto& seen = held.seen;
  while (!seen.empty() && now.mono - seen.begin()->since > seen_for) seen.erase(seen.begin());
  if (held.floor && verdict.time <= *held.floor)
    return fail(Code::noaccess, "the message is too old; sign it anew");
  const auto [entry, fresh] = seen.insert({verdict.time, verdict.mark, now.mono});
  if (!fresh) return fail(Code::noaccess, "this message came before; sign it anew");
  if (seen.size() > share() && seen.begin()->time > now.wall) {
    seen.erase(entry);
    return fail(Code::nomoreroom, "too many messages of this key are dated ahead; set the clock");
  }
  while (seen.size() > share() && seen.begin()->time <= now.wall) {
    held.floor = std::max(held.floor.value_or(seen.begin()->time), seen.begin()->time);
    seen.erase(seen.begin());
  }
  return {};
}

bool Keys::sign(std::string_view name, std::string& octets, WallTime now) const {
  const auto found = keys_.find(name);
  if (found == keys_.end()) return false;
  octets = datagram::sign(octets, found->second.key, now);
  return true;
}

std::size_t Keys::seen() const {
  std::size_t all = 0;
  for (const auto& [name, held] : keys_) all += held.seen.size();
  return all;
}

}  // namespace sense::datagram
