// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <memory>
#include <set>
#include <string>
#include <utility>
#include <vector>

#include "broker/journal/request.hpp"
#include "broker/security/sender.hpp"
#include "core/base/counters.hpp"
#include "core/storage/journal.hpp"

namespace sense {

// Serves FETCH and HEAD from its own read-only connection, so that reading and syncing do not wait
// for each other. One thread; blocks while it reads. The counters must outlive it.
class Reader {
 public:
  // For one request, so that the next one waits for some milliseconds only.
  static constexpr std::size_t reply_octets_max = 2 * 1024 * 1024;
  static constexpr std::size_t scan_octets_max = 16 * 1024 * 1024;

  // `data` is the broker's folder. Fails when its journal cannot be read.
  [[nodiscard]] static Result<Reader> open(const std::string& data, Counters& counters);
  // The reply to FETCH or HEAD. Records that the rights of the sender do not cover, and those that
  // are for other principals (core/event/recipients.hpp), are omitted, as if no prefix selected
  // them; but with the right to manage all are served, and with their recipients. At most about
  // `octets_max` octets. No transaction is open afterwards, so that the WAL can restart.
  [[nodiscard]] Result<bus::Reply> answer(const bus::Request& request, const Sender& sender = {},
                                          std::size_t octets_max = reply_octets_max);
  // The octets that answer() would need at most, but for the end of one record; 0: few.
  [[nodiscard]] static std::size_t octets_for(const bus::Request& request);
  // The damaged ranges met since the last call, each reported once; after 10,000 of them, again.
  // Only the writing connection can quarantine them.
  [[nodiscard]] std::vector<Journal::Range> take_damage() { return std::exchange(found_, {}); }

 private:
  Reader(std::unique_ptr<Database> database, Journal journal, Counters& counters);
  // What HEAD answers, and FETCH begins with.
  [[nodiscard]] Result<bus::Reply> with_range(const bus::Request& request);
  [[nodiscard]] Result<bus::Reply> fetch(const bus::Request& request, const Sender& sender,
                                         std::size_t octets_max);
  void note_damage(const JournalGroup& group);

  std::unique_ptr<Database> database_;
  Journal journal_;
  Counters& counters_;
  std::set<std::pair<std::uint64_t, std::uint64_t>> reported_;
  std::vector<Journal::Range> found_;
};

}  // namespace sense
