// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <memory>
#include <set>
#include <string>
#include <utility>
#include <vector>

#include "broker/journal/request.hpp"
#include "broker/security/rights.hpp"
#include "core/base/counters.hpp"
#include "core/storage/journal.hpp"

namespace sense {

// Serves FETCH and HEAD from its own read-only connection, so that reading and syncing do not wait
// for each other. One thread; blocks while it reads. The counters must outlive it.
class Reader {
 public:
  static constexpr std::size_t reply_octets_max = 8 * 1024 * 1024;
  static constexpr std::size_t scan_octets_max = 64 * 1024 * 1024;  // for one request

  // `data` is the broker's folder. Fails when its journal cannot be read.
  [[nodiscard]] static Result<Reader> open(const std::string& data, Counters& counters);
  // The encoded reply. Records that the rights do not cover are omitted, as if no prefix selected
  // them. No transaction is open afterwards, so that the WAL can restart.
  [[nodiscard]] std::string answer(const bus::Request& request,
                                   const Rights& rights = *Rights::all());
  // The damaged ranges met since the last call, each reported once; after 10,000 of them, again.
  // Only the writing connection can quarantine them.
  [[nodiscard]] std::vector<Journal::Range> take_damage() { return std::exchange(found_, {}); }

 private:
  Reader(std::unique_ptr<Database> database, Journal journal, Counters& counters);
  [[nodiscard]] Result<bus::Reply> fetch(const bus::Request& request, const Rights& rights);
  void note_damage(const JournalGroup& group);

  std::unique_ptr<Database> database_;
  Journal journal_;
  Counters& counters_;
  std::set<std::pair<std::uint64_t, std::uint64_t>> reported_;
  std::vector<Journal::Range> found_;
};

}  // namespace sense
