// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstddef>
#include <cstdint>
#include <map>
#include <string>
#include <string_view>

#include "core/base/clock.hpp"
#include "core/base/error.hpp"
#include "core/config/settings.hpp"

namespace sense {

// How many verifications may ask one address, for one owner, and all together, in an hour and in a
// day, so that no client can have others flooded with questions. A window begins with its first
// question. Questions under way count; those that were agreed to do not. Pure; one thread. In
// memory, bounded by Limits::tracked; after a restart it begins anew.
class VerificationBudget {
 public:
  // Questions in an hour and in a day; 0: no limit.
  struct Limit {
    std::uint32_t hour = 0;
    std::uint32_t day = 0;
  };
  struct Limits {
    Limit address;
    Limit owner;
    Limit all;
    // Addresses, and owners, that are remembered: while there are so many, further ones are
    // refused.
    std::size_t tracked = 50'000;
  };
  explicit VerificationBudget(Limits limits) : limits_(limits) {}
  // REQUIRES: settings of gateway_host_options().
  [[nodiscard]] static Limits limits_of(const Settings& host);

  // Owners and addresses in the following are as of callback_address.

  // nomoreroom when a window is used up by questions that have been answered, or not: for a new
  // subscription. Those under way may still be agreed to.
  [[nodiscard]] Status check(const std::string& owner, const std::string& address,
                             MonoTime now) const;
  // A question begins; nomoreroom when it may not. Each success is followed by one settle().
  [[nodiscard]] Status take(const std::string& owner, const std::string& address, MonoTime now);
  // A question has ended.
  void settle(const std::string& owner, const std::string& address, bool agreed);

  [[nodiscard]] std::size_t addresses() const { return addresses_.size(); }

 private:
  struct Window {
    MonoTime since{};
    std::uint32_t count = 0;
  };
  struct Spent {
    Window hour;
    Window day;
    std::uint32_t under_way = 0;
  };
  using Table = std::map<std::string, Spent, std::less<>>;

  [[nodiscard]] static bool has_room(const Limit& limit, const Spent& spent,
                                     std::uint32_t under_way, MonoTime now);
  [[nodiscard]] bool may_track(Table& table, const std::string& key, MonoTime now) const;
  static void charge(Spent& spent, MonoTime now);
  static void settle(Spent& spent, bool agreed);

  const Limits limits_;
  Table addresses_;
  Table owners_;
  Spent all_;
};

}  // namespace sense
