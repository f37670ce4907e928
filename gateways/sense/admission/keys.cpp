// SPDX-License-Identifier: Apache-2.0
#include "gateways/sense/admission/keys.hpp"

#include <algorithm>

#include "core/base/check.hpp"
#include "core/base/random.hpp"

namespace sense::datagram {

namespace {

constexpr std::size_t seen_per_key_min = 256;

Keys::MacPrefix mac_prefix_of(const Claim& claim) {
  Keys::MacPrefix mac_prefix{};
  std::copy_n(claim.mac.begin(), std::min(mac_prefix.size(), claim.mac.size()), mac_prefix.begin());
  return mac_prefix;
}

}  // namespace

Keys::Keys(std::vector<SharedKey> keys, Duration window)
    : window_(window), decoy_secret_(make_shared_key("-").secret) {
  replace(std::move(keys));
}

void Keys::replace(std::vector<SharedKey> keys) {
  std::map<std::string, KeyState, std::less<>> next;
  for (auto& key : keys) {
    const auto before = keys_.find(key.name);
    auto& state = next[key.name];
    // A key with another secret starts without records: its old messages fail the Mac check.
    if (before != keys_.end() && before->second.key == key) state = std::move(before->second);
    state.key = std::move(key);
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
  const bool proved = proves(*claim, known ? found->second.key.secret : decoy_secret_) && known;
  if (!proved) {
    verdict.refusal =
        Error{Code::noaccess, "the key is unknown here, or the Mac is not valid for it"};
    return verdict;
  }
  verdict.key = claim->key;
  verdict.time = claim->time;
  verdict.mac_prefix = mac_prefix_of(*claim);
  if (claim->time > now + window_ || claim->time < now - window_)
    verdict.refusal = Error{
        Code::noaccess,
        "Time is more than " + sense::to_text(std::chrono::ceil<std::chrono::seconds>(window_)) +
            " from this server's, which is " +
            to_rfc3339(WallTime(std::chrono::floor<std::chrono::milliseconds>(now)))};
  return verdict;
}

std::size_t Keys::seen_limit() const {
  return std::clamp(seen_max / std::max<std::size_t>(keys_.size(), 1), seen_per_key_min,
                    seen_per_key_max);
}

// The record with the lowest Time is dropped, but none dated ahead of this clock: dropping those
// would let one device with a fast clock lock out the others that use the same key.
Status Keys::admit(const Verdict& verdict, Timestamp now) {
  const auto found = keys_.find(verdict.key);
  SENSE_CHECK(found != keys_.end());
  auto& state = found->second;
  auto& seen = state.seen;
  while (!seen.empty() && now.mono - seen.begin()->since > seen_for) seen.erase(seen.begin());
  if (now.mono - state.floor_since > seen_for) state.floor.reset();
  if (state.floor && verdict.time <= *state.floor)
    return fail(Code::noaccess, "the message is too old; sign it anew");
  const auto [entry, fresh] = seen.insert({verdict.time, verdict.mac_prefix, now.mono});
  if (!fresh) return fail(Code::noaccess, "this message came before; sign it anew");
  if (seen.size() > seen_limit() && seen.begin()->time > now.wall) {
    seen.erase(entry);
    return fail(Code::nomoreroom, "too many messages of this key are dated ahead; set the clock");
  }
  while (seen.size() > seen_limit() && seen.begin()->time <= now.wall) {
    state.floor = std::max(state.floor.value_or(seen.begin()->time), seen.begin()->time);
    state.floor_since = now.mono;
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
  for (const auto& [name, state] : keys_) all += state.seen.size();
  return all;
}

}  // namespace sense::datagram
