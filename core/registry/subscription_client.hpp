// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <functional>
#include <map>
#include <string>
#include <vector>

#include "core/bus/bus.hpp"
#include "core/registry/subscriptions.hpp"

namespace sense {

// What an entry of the registry says. Nothing when this version cannot read it, which is logged: it
// is kept and not served.
[[nodiscard]] std::optional<Subscription> readable(const RegistryEntry& entry);

// Logs that an event announces a subscription that this version cannot read, if it does.
void tell_unreadable(const Event& change);

// The subscription list over the broker's registry. Reactor thread only; bus and clock must
// outlive it. `later` is the reactor.
class RegistrySubscriptions final : public Subscriptions {
 public:
  struct Served {
    // Whether any gateway of the installation serves callbacks of that scheme.
    std::function<bool(const std::string& scheme)> scheme;
    Duration lease_max{};
  };
  RegistrySubscriptions(Bus& bus, const Clock& clock, Executor later, Served served)
      : bus_(bus), clock_(clock), later_(std::move(later)), served_(std::move(served)) {}

  void create(Request request, Answer<SubscriptionRef> done) override;
  void renew(std::string id, Duration period, Answer<SubscriptionRef> done) override;
  void cancel(std::string id, std::string reason, Answer<SubscriptionRef> done) override;
  void confirm(std::string id, std::string token, Answer<SubscriptionRef> done) override;
  void edit(std::string id, std::uint64_t revision, std::string patch,
            Answer<SubscriptionRef> done) override;
  void pause(std::string id, Answer<SubscriptionRef> done) override;
  void resume(std::string id, Answer<SubscriptionRef> done) override;
  void test(std::string id, std::string by, Answer<Receipt> done) override;
  void get(std::string id, Answer<SubscriptionRef> done) override;
  void list(std::string owner, std::string after, std::uint32_t limit, Answer<Page> done) override;
  void sources(std::string after, std::uint32_t limit, Answer<SourcePage> done) override;

  // For the host: the outcome of a verification of `asked`, the subscription's callback. Fails with
  // duplicate when it is not pending any more, or its callback is another one meanwhile.
  void activate(std::string id, std::string asked, Answer<SubscriptionRef> done);
  void keep_challenge(std::string id, std::string asked, std::string token,
                      Answer<SubscriptionRef> done);
  // For the host: what it thinks of a callback. Fails with duplicate when the subscription is in no
  // state to be suspended or resumed.
  void set_suspended(std::string id, bool suspended, std::string reason,
                     Answer<SubscriptionRef> done);

 private:
  // Reads the record, changes it and writes it back; once more when somebody else was faster.
  using Change = std::function<Status(Subscription&)>;
  void edit(std::string id, std::string reason, Change change, Answer<SubscriptionRef> done,
            int tries = 3);
  void set_state(std::string id, SubscriptionState state, std::string reason,
                 Answer<SubscriptionRef> done);
  void put(Subscription subscription, std::uint64_t revision, std::string reason,
           Answer<SubscriptionRef> done);
  [[nodiscard]] Status check(const Subscription& subscription) const;
  [[nodiscard]] Status check_period(const Request& request) const;
  void collect(std::string owner, std::string after, std::uint32_t limit, Page page,
               Answer<Page> done);

  Bus& bus_;
  const Clock& clock_;
  Executor later_;
  Served served_;
  // Challenges that are being written down; answers to them that came already.
  std::map<std::string, std::vector<std::function<void()>>> keeping_;
};

}  // namespace sense
