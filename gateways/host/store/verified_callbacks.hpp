// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <memory>
#include <string>

#include "core/base/clock.hpp"
#include "core/base/error.hpp"
#include "core/storage/database.hpp"

namespace sense {

// The callbacks that were verified, for which owner, and when: kept for a while, so that another
// subscription of the same owner needs no verification. Of owners that have proved nothing, who may
// be many, nothing is kept. One SQLite file that survives restarts; an
// entry that cannot be stored is lost, and the callback verified again. One thread.
class VerifiedCallbacks {
 public:
  static constexpr std::size_t callbacks_max = 1'000'000;

  // Opens DATA/callbacks.db, made when it does not exist; DATA must be locked by the caller. `span`
  // 0: nothing is kept, and existing entries are removed.
  [[nodiscard]] static Result<VerifiedCallbacks> open(const std::string& data, Duration span,
                                                      WallTime now);

  [[nodiscard]] bool contains(const std::string& owner, const std::string& callback, WallTime now);
  // It was verified now. An existing entry keeps its time.
  void add(const std::string& owner, const std::string& callback, WallTime now);
  // It has refused or is gone: removed for every owner.
  void remove(const std::string& callback);
  // The owner has cancelled: the callback is verified again before it gets more from this owner.
  void remove(const std::string& owner, const std::string& callback);

 private:
  VerifiedCallbacks(std::unique_ptr<Database> database, Duration span)
      : database_(std::move(database)), span_(span) {}
  [[nodiscard]] bool keeps(const std::string& owner) const;
  [[nodiscard]] Result<bool> lookup(const std::string& owner, const std::string& callback,
                                    WallTime now);
  [[nodiscard]] Status insert(const std::string& owner, const std::string& callback, WallTime now);
  [[nodiscard]] Status remove_expired(WallTime now);
  [[nodiscard]] Result<std::size_t> count();

  std::unique_ptr<Database> database_;
  Duration span_;
  std::size_t count_ = 0;
};

}  // namespace sense
