// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <boost/asio/io_context.hpp>
#include <boost/asio/steady_timer.hpp>
#include <cstdint>
#include <functional>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "core/base/clock.hpp"
#include "core/base/counters.hpp"
#include "core/base/log.hpp"
#include "core/base/file.hpp"
#include "core/sense/shared_keys.hpp"

namespace sense::datagram {

// Periodic work of a gateway: every 200 ms it checks whether the file of keys has changed, and once
// a minute it logs how many datagrams its limits rejected, if any. Reactor thread only.
class Maintenance {
 public:
  using OnKeys = std::function<void(std::vector<SharedKey>)>;

  // `keys_file` empty: no file is watched. `keys`: its contents as last read. `on_keys` is called
  // with the new keys whenever the file holds others. A file that has become unusable is counted
  // and logged, and the previous keys stay in use. The references must outlive this; nothing is
  // called after destruction.
  Maintenance(boost::asio::io_context& reactor, const Clock& clock, Counters& counters,
              std::string keys_file, std::vector<SharedKey> keys, OnKeys on_keys);
  void start();

 private:
  struct Watched {
    std::string_view reason;
    Counters::Counter& counter;
    std::uint64_t logged = 0;  // value of the counter in the last log line
  };
  void wait();
  void reload_keys(Timestamp now);
  void log_rejected(Timestamp now);

  boost::asio::steady_timer timer_;
  const Clock& clock_;
  Counters& counters_;
  FileWatch file_;
  std::vector<SharedKey> keys_;
  OnKeys on_keys_;
  std::vector<Watched> watched_;
  MonoTime next_log_{};
  log::RateLimiter log_limit_{std::chrono::minutes{1}};
  std::shared_ptr<bool> open_ = std::make_shared<bool>(true);
};

}  // namespace sense::datagram
