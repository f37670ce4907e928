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

// Serves FETCH and HEAD from its own read-only connection, so that readers never wait for a sync
// nor hold one up. One thread.
class Reader {
 public:
  static constexpr std::size_t reply_octets_max = 8 * 1024 * 1024;
  static constexpr std::size_t scan_octets_max = 64 * 1024 * 1024;  // for one request

  [[nodiscard]] static Result<Reader> open(const std::string& data, Counters& counters);
  // The encoded reply. Records that may not be read are left out, as if no prefix selected them.
  // Holds no transaction open afterwards, so that the WAL can begin anew.
  [[nodiscard]] std::string answer(const bus::Request& request,
                                   const Rights& rights = *Rights::all());
  // The damage that was met since the last call: for the writer, who alone can quarantine it.
  [[nodiscard]] std::vector<Journal::Range> take_damage() { return std::exchange(found_, {}); }

 private:
  Reader(std::unique_ptr<Database> database, Journal journal, Counters& counters);
  [[nodiscard]] Result<bus::Reply> fetch(const bus::Request& request, const Rights& rights);
  void note_damage(const JournalGroup& group);

  std::unique_ptr<Database> database_;
  Journal journal_;
  Counters& counters_;
  std::set<std::pair<std::uint64_t, std::uint64_t>> told_;
  std::vector<Journal::Range> found_;
};

}  // namespace sense
