// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <memory>
#include <string>

#include "core/base/clock.hpp"
#include "core/base/error.hpp"
#include "core/storage/database.hpp"

namespace sense {

// Which callbacks have agreed to be called, for which owner, and when: remembered for a while, so
// that another subscription of the same owner need not ask again. One SQLite file that survives
// restarts; what the disk does not take is forgotten, and the callback asked again. One thread.
class CallbackMemory {
 public:
  static constexpr std::size_t callbacks_max = 1'000'000;

  // Opens DATA/callbacks.db, made when it is not there; DATA must be locked by the caller. `span`
  // 0: nothing is remembered, and what was is forgotten.
  [[nodiscard]] static Result<CallbackMemory> open(const std::string& data, Duration span,
                                                   WallTime now);

  [[nodiscard]] bool knows(const std::string& owner, const std::string& callback, WallTime now);
  // It agreed just now, unless that is known already: then its time stays.
  void note(const std::string& owner, const std::string& callback, WallTime now);
  // It has said no, or is no more: for every owner.
  void forget(const std::string& callback);

 private:
  CallbackMemory(std::unique_ptr<Database> database, Duration span)
      : database_(std::move(database)), span_(span) {}
  [[nodiscard]] Result<bool> look(const std::string& owner, const std::string& callback,
                                  WallTime now);
  [[nodiscard]] Status insert(const std::string& owner, const std::string& callback, WallTime now);
  [[nodiscard]] Status remove_expired(WallTime now);
  [[nodiscard]] Result<std::size_t> count();

  std::unique_ptr<Database> database_;
  Duration span_;
  std::size_t count_ = 0;
};

}  // namespace sense
