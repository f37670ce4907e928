// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <functional>
#include <memory>
#include <string>

#include "core/base/uri.hpp"
#include "core/bus/bus.hpp"
#include "core/registry/subscription_entry.hpp"
#include "core/registry/subscriptions.hpp"

namespace sense {

// The reason of a pending subscription whose challenge is stored, and not known to be sent.
inline constexpr std::string_view not_asked_reason = "its callback has not been asked yet";
// Whether a subscription is pending, or was asked for anew by WebSub, and its callback is still to
// be asked.
[[nodiscard]] inline bool must_be_asked(const Subscription& subscription) {
  return has_intent(subscription) ||
         (subscription.state == SubscriptionState::pending &&
          (subscription.challenge_hash.empty() || subscription.reason == not_asked_reason));
}

// Subscriptions in the broker's registry, for one client or, without one, for the connection
// itself. Reactor thread only; bus and clock must outlive it, and no answer of the bus may come
// after its end, unless a shared_ptr holds it: then each request keeps it until its answer. `later`
// runs a task on the reactor.
class SubscriptionClient final : public Subscriptions,
                                 public std::enable_shared_from_this<SubscriptionClient> {
 public:
  struct Served {
    // True when a gateway of the installation serves callbacks of that scheme.
    std::function<bool(const std::string& scheme)> scheme;
    Duration lease_max{};
    // What else is refused of a subscription for its callback, which is served. Empty: nothing.
    std::function<Status(const Subscription& subscription, const Uri& callback)> callback = {};
    // Told of each request that is refused here, before the broker has judged it. Empty: not told.
    std::function<void(const Error&)> refused = {};

    // Whether the subscription is valid and its callback can be served.
    [[nodiscard]] Status check(const Subscription& subscription) const;
  };
  SubscriptionClient(Bus& bus, const Clock& clock, Executor later, Served served,
                     ServedClient client = {})
      : bus_(bus),
        clock_(clock),
        later_(std::move(later)),
        served_(std::move(served)),
        client_(std::move(client)) {}

  void create(Request request, Answer<SubscriptionRef> done) override;
  void renew(std::string id, Duration period, Answer<SubscriptionRef> done) override;
  void move(std::string id, Duration period, Move move, Answer<SubscriptionRef> done) override;
  void cancel(std::string id, std::string reason, Answer<SubscriptionRef> done) override;
  void confirm(std::string id, std::string token, Answer<SubscriptionRef> done) override;
  void leave(std::string id, std::string token, Answer<SubscriptionRef> done) override;
  void intend(std::string id, WebSub::Intent intent, Answer<SubscriptionRef> done) override;
  void edit(std::string id, std::uint64_t revision, std::string patch,
            Answer<SubscriptionRef> done) override;
  void pause(std::string id, Answer<SubscriptionRef> done) override;
  void resume(std::string id, Answer<SubscriptionRef> done) override;
  void test(std::string id, std::string by, Answer<Receipt> done) override;
  void rotate_secret(std::string id, Rotation rotation, Answer<SubscriptionRef> done) override;
  void get(std::string id, Answer<SubscriptionRef> done) override;
  void list(std::string owner, std::string after, std::uint32_t limit, Answer<Page> done) override;
  void sources(std::string after, std::uint32_t limit, Answer<SourcePage> done) override;
  void types(std::string after, std::uint32_t limit, Answer<TypePage> done) override;

  // For the host: the outcome of the verification of `callback`. Fails with duplicate when the
  // subscription is not pending any more or has another callback.
  void activate(std::string id, std::string callback, Answer<SubscriptionRef> done);
  // Before the callback is asked: what it is sent must be known wherever it may be confirmed.
  void store_challenge(std::string id, std::string callback, std::string token,
                       Answer<SubscriptionRef> done);
  // The callback has been asked with that token; it is not asked again. Fails with duplicate when
  // the subscription has another challenge or none.
  void challenge_sent(std::string id, std::string token, Answer<SubscriptionRef> done);
  // For the host: whether the callback has agreed to that intent, which is carried out or
  // forgotten. Fails with duplicate when the subscription has another one meanwhile.
  void settle(std::string id, WebSub::Intent asked, bool agreed, Answer<SubscriptionRef> done);
  // For the host: suspends or resumes. Fails with duplicate when the state does not allow it. What
  // is suspended for the reason filter_too_dear is resumed by its owner alone.
  void set_suspended(std::string id, bool suspended, std::string reason,
                     Answer<SubscriptionRef> done);

 private:
  // Reads the record, changes it and writes it back; tries again after a concurrent change.
  // `visible`: the change is one of the subscription, and not of its verification alone.
  using Change = std::function<Status(Subscription&)>;
  struct Edit {
    std::string id;
    std::string reason;
    Change change;
    ServedClient client;
    bool visible = true;
  };
  void edit(std::string id, std::string reason, Change change, Answer<SubscriptionRef> done,
            bool visible = true) {
    edit(Edit{std::move(id), std::move(reason), std::move(change), client_, visible},
         std::move(done));
  }
  void edit(Edit edit, Answer<SubscriptionRef> done, int tries = 3);
  void collect(std::string owner, std::string after, std::uint32_t limit, Page page,
               Answer<Page> done);

  Bus& bus_;
  const Clock& clock_;
  Executor later_;
  Served served_;
  ServedClient client_;
};

}  // namespace sense
