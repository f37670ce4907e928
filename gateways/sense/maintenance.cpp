// SPDX-License-Identifier: Apache-2.0
#include "gateways/sense/maintenance.hpp"

namespace sense::datagram {

namespace {
constexpr std::chrono::milliseconds keys_check_interval{200};
constexpr std::chrono::minutes log_interval{1};
}  // namespace

Maintenance::Maintenance(boost::asio::io_context& reactor, const Clock& clock, Counters& counters,
                         std::string keys_file, std::vector<SharedKey> keys, OnKeys on_keys)
    : timer_(reactor),
      clock_(clock),
      counters_(counters),
      file_(std::move(keys_file)),
      keys_(std::move(keys)),
      on_keys_(std::move(on_keys)),
      watched_{{"too many requests from one address", counters["sense.requests.too-many"]},
               {"too many replies to unproved addresses", counters["sense.answers.too-many"]},
               {"keyed messages refused", counters["sense.keys.refused"]},
               {"no place for another DTLS session", counters["sense.dtls.refused"]},
               {"sender outside of the networks of the listener (from=)",
                counters["sense.datagrams.outside"]}} {
  for (auto& watched : watched_) watched.logged = watched.counter.load();
}

void Maintenance::start() {
  next_log_ = clock_.now().mono + log_interval;
  wait();
}

void Maintenance::wait() {
  timer_.expires_after(keys_check_interval);
  timer_.async_wait(
      [this, open = std::weak_ptr<bool>(open_)](const boost::system::error_code& problem) {
        if (problem || !open.lock()) return;
        const auto now = clock_.now();
        reload_keys(now);
        log_rejected(now);
        wait();
      });
}

void Maintenance::reload_keys(Timestamp now) {
  if (file_.path().empty() || !file_.changed(now.wall)) return;
  auto keys = read_shared_keys(file_.path());
  if (!keys) {
    ++counters_["sense.keys-file.refused"];
    if (log_limit_.check(keys.error().message, now.mono).allowed)
      log::error("the file of keys has changed, but cannot be used: the previous keys stay in use",
                 {{"reason", keys.error().message}});
    return;
  }
  if (*keys == keys_) return;
  keys_ = *keys;
  log::info("the file of keys has changed and was read again",
            {{"file", file_.path()}, {"keys", std::to_string(keys_.size())}});
  on_keys_(std::move(*keys));
}

void Maintenance::log_rejected(Timestamp now) {
  if (now.mono < next_log_) return;
  next_log_ = now.mono + log_interval;
  for (auto& watched : watched_) {
    const auto count = watched.counter.load();
    if (count != watched.logged)
      log::warn("datagrams were not served, in the last minute",
                {{"why", std::string(watched.reason)},
                 {"datagrams", std::to_string(count - watched.logged)}});
    watched.logged = count;
  }
}

}  // namespace sense::datagram
