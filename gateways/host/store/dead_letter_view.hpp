// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <memory>
#include <string>

#include "gateways/host/store/dead_letter_table.hpp"

namespace sense {

// Read-only access to a gateway's dead letters: its store, whether the gateway runs or not. It
// shows what is stored, so it is at most one checkpoint behind. One thread.
class DeadLetterView {
 public:
  // `folder`: the gateway's. Fails when it holds no store of a gateway; creates none.
  [[nodiscard]] static Result<DeadLetterView> open(const std::string& folder);

  // Each page is a transaction of its own: a slow reader does not block the gateway.
  [[nodiscard]] Result<DeadLetterPage> dead_letters(const DeadLetterQuery& query) {
    return read_dead_letters(*database_, query);
  }
  // Fails with notfound when there is no such dead letter, with protoerror when its event is lost.
  [[nodiscard]] Result<EventRef> event(std::int64_t id) {
    return read_dead_letter_event(*database_, id);
  }

 private:
  explicit DeadLetterView(std::unique_ptr<Database> database) : database_(std::move(database)) {}
  std::unique_ptr<Database> database_;
};

}  // namespace sense
