// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <functional>
#include <string>
#include <string_view>
#include <vector>

#include "core/base/error.hpp"
#include "core/bus/bus.hpp"
#include "core/subscription/subscription.hpp"

namespace sense {

// The subscriptions of the installation, as gateways and the HTTP server use them: the broker's
// registry with the rules that hold everywhere. Reactor thread only; each `done` is called exactly
// once, later, on that thread.
class Subscriptions {
 public:
  template <class T>
  using Answer = std::function<void(Result<T>)>;

  // A subscription as its requester wants it. `via` is the name of the interface that took the
  // request; `period` is requested, and the grant may be shorter (parameter lease-max). create()
  // sets what the requester does not decide: id (of WebSub: websub_id()), revision, since, created,
  // updated, expires, state, reason and challenge_hash.
  struct Request : Subscription {
    // A period that cannot be granted is refused, not shortened.
    bool period_exact = false;
    // The interface has verified that the requester is at the callback (a returned cookie, a
    // connection from there): the subscription is active at once.
    bool callback_proved = false;
  };

  // Where a subscriber is now. The interface has verified that the requester is there, and that the
  // subscription is the requester's own.
  struct Move {
    std::string from;      // the callback until now
    std::string callback;  // and owner from now on
    std::string owner;
    std::map<std::string, std::string, std::less<>> labels;  // replace those of the same name
  };

  virtual ~Subscriptions() = default;

  // Creates it; answered when it is durable. Active if proved, otherwise pending until the gateway
  // of the callback's scheme has verified it.
  virtual void create(Request request, Answer<SubscriptionRef> done) = 0;
  // A new lease from now on. Fails with notfound when it has ended.
  virtual void renew(std::string id, Duration period, Answer<SubscriptionRef> done) = 0;
  // A new lease at another place: events go there from now on, and none goes to the former one.
  // Resumes a suspended subscription. Fails with notfound when it has ended, or is at another
  // callback than `move.from` meanwhile.
  virtual void move(std::string id, Duration period, Move move, Answer<SubscriptionRef> done) = 0;
  // Ends it. The reason is that of Delivery::Kind::ended: "cancelled", "revoked".
  virtual void cancel(std::string id, std::string reason, Answer<SubscriptionRef> done) = 0;
  // The answer to a verification: the token sent to the callback. Fails with noaccess when it is
  // another.
  virtual void confirm(std::string id, std::string token, Answer<SubscriptionRef> done) = 0;
  // Ends it for the reader of its mails, whose permission is the token (leave_token.hpp). Fails
  // with noaccess when it is another.
  virtual void leave(std::string id, std::string token, Answer<SubscriptionRef> done) = 0;

  // What the subscriber of a subscription by WebSub asks for: kept until the gateway has asked the
  // callback. Fails with notfound when there is none, or none to unsubscribe from, since its
  // callback has not agreed to it yet.
  virtual void intend(std::string id, WebSub::Intent intent, Answer<SubscriptionRef> done) = 0;

  // The following fail with noaccess for subscriptions of the configuration file, and with
  // badcontext in a state that does not allow it.

  // Applies `patch`, a JSON merge patch (edited() in subscription_edit.hpp). `revision`: the one
  // that the requester has seen, badcontext when it is not the current one; 0: any.
  virtual void edit(std::string id, std::uint64_t revision, std::string patch,
                    Answer<SubscriptionRef> done) = 0;
  // Active or suspended: later events are kept, not delivered.
  virtual void pause(std::string id, Answer<SubscriptionRef> done) = 0;
  // Paused or suspended: kept events are delivered.
  virtual void resume(std::string id, Answer<SubscriptionRef> done) = 0;
  // Publishes an event for this subscription alone (test_event.hpp), also for one of the
  // configuration file; `by`: the requester. Answered when it is durable.
  virtual void test(std::string id, std::string by, Answer<Receipt> done) = 0;

  // Gives it a secret to sign its deliveries with; the former one signs, too, for `grace`. The
  // answer has the new one.
  struct Rotation {
    std::string secret;  // empty: a new one is made
    Duration grace = secret_grace_default;
  };
  virtual void rotate_secret(std::string id, Rotation rotation, Answer<SubscriptionRef> done) = 0;

  // Fails with notyetimplemented, like all changes, when a newer version wrote it.
  virtual void get(std::string id, Answer<SubscriptionRef> done) = 0;
  // Ordered by id, after `after`; `owner` empty: of all owners. limit 1 to 1,000.
  struct Page {
    std::vector<SubscriptionRef> subscriptions;
    // Written by a newer version: kept and not served. They count for the limit.
    struct Unreadable {
      std::string id;
      std::string reason;
    };
    std::vector<Unreadable> unreadable;
    bool more = false;
  };
  virtual void list(std::string owner, std::string after, std::uint32_t limit,
                    Answer<Page> done) = 0;
  // Sources that the broker has had events of: ordered, after `after`.
  struct SourcePage {
    std::vector<std::string> sources;
    bool more = false;
  };
  virtual void sources(std::string after, std::uint32_t limit, Answer<SourcePage> done) = 0;
  // Likewise the types of these events.
  struct TypePage {
    struct Seen {
      std::string type;   // in Clark notation
      std::string about;  // JSON: {"count":…, "last":…, "attributes":{NAME: TYPE}}
    };
    std::vector<Seen> types;
    bool more = false;
  };
  virtual void types(std::string after, std::uint32_t limit, Answer<TypePage> done) = 0;
};

// The subscriptions that this gateway serves, from its own memory without a request to the broker:
// for acknowledgements and limits. Reactor thread only.
class ServedSubscriptions {
 public:
  virtual ~ServedSubscriptions() = default;
  // Null when it is not served here or has ended.
  [[nodiscard]] virtual SubscriptionRef find(std::string_view id) const = 0;
  // The number of subscriptions with this callback.
  [[nodiscard]] virtual std::size_t count_for(std::string_view callback) const = 0;
  [[nodiscard]] virtual std::size_t count() const = 0;
  // The number of subscriptions whose callback or owner has this callback_address().
  [[nodiscard]] virtual std::size_t count_at(std::string_view address) const = 0;
};

}  // namespace sense
