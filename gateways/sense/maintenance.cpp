// SPDX-License-Identifier: Apache-2.0
#include "gateways/sense/maintenance.hpp"

namespace sense::datagram {

namespace {
constexpr std::chrono::milliseconds look_interval{200};
constexpr std::chrono::minutes tell_interval{1};
}  // namespace

Upkeep::Upkeep(boost::asio::io_context& reactor, const Clock& clock, Counters& counters,
               std::string keys_file, std::vector<SharedKey> keys, OnKeys on_keys)
    : timer_(reactor),
      clock_(clock),
      counters_(counters),
      file_(std::move(keys_file)),
      keys_(std::move(keys)),
      on_keys_(std::move(on_keys)),
      watched_{{"too many requests of one address", counters["sense.requests.too-many"]},
               {"too many answers to unproved addresses", counters["sense.answers.too-many"]},
               {"keyed messages refused", counters["sense.keys.refused"]},
               {"from outside of the listener's networks", counters["sense.datagrams.outside"]}} {
  for (auto& watched : watched_) watched.told = watched.counter.load();
}

void Upkeep::start() {
  next_told_ = clock_.now().mono + tell_interval;
  wait();
}

void Upkeep::wait() {
  timer_.expires_after(look_interval);
  timer_.async_wait(
      [this, open = std::weak_ptr<bool>(open_)](const boost::system::error_code& problem) {
        if (problem || !open.lock()) return;
        const auto now = clock_.now();
        look_at_keys(now);
        tell(now);
        wait();
      });
}

void Upkeep::look_at_keys(Timestamp now) {
  if (file_.path().empty() || !file_.changed(now.wall)) return;
  auto keys = read_shared_keys(file_.path());
  if (!keys) {
    ++counters_["sense.keys-file.refused"];
    if (log_limit_.check(keys.error().message, now.mono).allowed)
      log::error("the file of keys has changed, but cannot be used: the keys of before still hold",
                 {{"reason", keys.error().message}});
    return;
  }
  if (*keys == keys_) return;
  keys_ = *keys;
  log::info("the file of keys has changed and holds from now on",
            {{"file", file_.path()}, {"keys", std::to_string(keys_.size())}});
  on_keys_(std::move(*keys));
}

void Upkeep::tell(Timestamp now) {
  if (now.mono < next_told_) return;
  next_told_ = now.mono + tell_interval;
  for (auto& watched : watched_) {
    const auto count = watched.counter.load();
    if (count != watched.told)
      log::warn("datagrams were not served, in the last minute",
                {{"why", std::string(watched.what)},
                 {"datagrams", std::to_string(count - watched.told)}});
    watched.told = count;
  }
}

}  // namespace sense::datagram
