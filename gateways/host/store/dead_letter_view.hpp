// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <memory>
#include <string>

#include "gateways/host/store/dead_letter_table.hpp"

namespace sense {

// The dead letters of a gateway for who looks at them: its store, opened for reading only, whether
// the gateway runs or not. It sees what is stored, so at most a checkpoint late. One thread.
class LetterView {
 public:
  // `folder`: the gateway's. Says so when there is no store in it, or not of a gateway; makes none.
  [[nodiscard]] static Result<LetterView> open(const std::string& folder);

  // Each page is a transaction of its own: however long somebody reads, the gateway goes on.
  [[nodiscard]] Result<LetterPage> letters(const LetterQuery& query) {
    return read_letters(*database_, query);
  }
  // Fails with notfound when there is no such letter, with protoerror when its event is lost.
  [[nodiscard]] Result<EventRef> event(std::int64_t id) {
    return read_letter_event(*database_, id);
  }

 private:
  explicit LetterView(std::unique_ptr<Database> database) : database_(std::move(database)) {}
  std::unique_ptr<Database> database_;
};

}  // namespace sense
