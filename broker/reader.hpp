#pragma once

#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "broker/access.hpp"
#include "broker/request.hpp"
#include "core/base/counters.hpp"
#include "core/event/codec.hpp"
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
  [[nodiscard]] std::string answer(const bus::Request& request,
                                   const Rights& rights = *Rights::all());

 private:
  Reader(std::unique_ptr<Database> database, Journal journal, Counters& counters);
  [[nodiscard]] Result<bus::Reply> fetch(const bus::Request& request, const Rights& rights);
  // Nothing when the group is damaged, which is then in the log.
  [[nodiscard]] std::optional<std::vector<Record>> records_of(const JournalGroup& group);

  std::unique_ptr<Database> database_;
  Journal journal_;
  Counters& counters_;
};

}  // namespace sense
