// SPDX-License-Identifier: Apache-2.0
#include "core/registry/subscription_client.hpp"

#include <algorithm>

#include "core/base/log.hpp"
#include "core/base/random.hpp"
#include "core/base/text.hpp"
#include "core/base/uri.hpp"
#include "core/registry/leave_token.hpp"
#include "core/registry/subscription_entry.hpp"
#include "core/registry/subscription_steps.hpp"
#include "core/subscription/subscription_edit.hpp"
#include "core/subscription/test_event.hpp"

namespace sense {

namespace {

Status check_period(const Subscriptions::Request& request, Duration lease_max) {
  if (auto status = require_period(request.period); !status) return status;
  if (!request.period_exact || request.period <= lease_max) return {};
  return fail(Code::badparam,
              "subscription: period is at most " + to_text(lease_max) + " here (lease-max), not " +
                  to_text(request.period),
              "period");
}

Status require_not_configured(const Subscription& subscription) {
  if (subscription.via != "config") return {};
  return fail(Code::noaccess, "subscription " + subscription.id +
                                  " belongs to the configuration file: change it there");
}

// The verification of one callback is no verification of another.
Status require_pending(const Subscription& subscription, const std::string& callback) {
  if (subscription.state != SubscriptionState::pending)
    return fail(Code::duplicate, "the subscription is not pending any more");
  if (subscription.callback != callback)
    return fail(Code::duplicate, "the subscription has another callback meanwhile");
  return {};
}

Status require_verified(const Subscription& subscription) {
  if (subscription.state != SubscriptionState::pending) return {};
  return fail(Code::badcontext,
              "subscription " + subscription.id + " is pending: its callback is not verified yet");
}

std::function<Status(Subscription&)> to_state(SubscriptionState state) {
  return [state](Subscription& subscription) -> Status {
    if (auto status = require_not_configured(subscription); !status) return status;
    if (auto status = require_verified(subscription); !status) return status;
    if (subscription.state != state) subscription.reason.clear();
    subscription.state = state;
    return {};
  };
}

void put_subscription(Bus& bus, Subscription subscription, std::uint64_t revision,
                      std::string reason, const ServedClient& client,
                      Subscriptions::Answer<SubscriptionRef> done) {
  RegistryEntry entry{subscription_kind, subscription.id, revision, to_json(subscription, true)};
  bus.registry_put(
      std::move(entry), std::move(reason),
      [done, subscription = std::move(subscription)](Result<std::uint64_t> answer) mutable {
        if (!answer) return done(tl::unexpected(answer.error()));
        subscription.revision = *answer;
        done(std::make_shared<const Subscription>(std::move(subscription)));
      },
      client);
}

// What ends, and whether it may.
struct End {
  std::string id;
  std::string reason;
  std::function<Status(const Subscription&)> permits;
  ServedClient client;
};

void end_subscription(Bus& bus, End end, Subscriptions::Answer<SubscriptionRef> done) {
  const auto client = end.client;
  const auto id = end.id;
  bus.registry_get(
      subscription_kind, id,
      [&bus, end = std::move(end), done = std::move(done)](Result<RegistryEntry> entry) {
        if (!entry) return done(tl::unexpected(entry.error()));
        const auto subscription = parse_entry(*entry);
        if (!subscription) return done(tl::unexpected(subscription.error()));
        if (auto status = end.permits(**subscription); !status)
          return done(tl::unexpected(status.error()));
        bus.registry_remove(
            subscription_kind, end.id, 0, end.reason,
            [done, subscription](Result<std::uint64_t> answer) {
              if (!answer) return done(tl::unexpected(answer.error()));
              auto ended = **subscription;
              ended.state = SubscriptionState::ended;
              ended.revision = *answer;
              done(std::make_shared<const Subscription>(std::move(ended)));
            },
            end.client);
      },
      client);
}

}  // namespace

Status SubscriptionClient::Served::check(const Subscription& subscription) const {
  if (auto status = validate(subscription); !status) return status;
  const auto uri = parse_uri(subscription.callback);
  if (!uri) return tl::unexpected(uri.error());
  if (scheme(uri->scheme)) return callback ? callback(subscription, *uri) : Status();
  return fail(Code::noserver,
              "callback: no gateway here serves '" + uri->scheme +
                  ":'; configure one in section `gateways`",
              "callback");
}

void SubscriptionClient::create(Request request, Answer<SubscriptionRef> done) {
  const auto now = clock_.now().wall;
  auto status = check_period(request, served_.lease_max);
  const auto state =
      request.callback_proved ? SubscriptionState::active : SubscriptionState::pending;
  Subscription subscription(std::move(request));
  subscription.id = is_websub(subscription) ? websub_id(subscription.owner, subscription.callback,
                                                        subscription.websub->topic)
                                            : "s-" + random_token(130);
  subscription.revision = subscription.since = 0;
  subscription.created = subscription.updated = now;
  subscription.period = std::min(subscription.period, served_.lease_max);
  subscription.expires = now + subscription.period;
  subscription.state = state;
  subscription.reason.clear();
  subscription.challenge_hash.clear();
  if (status) status = served_.check(subscription);
  if (!status) {
    if (served_.refused) served_.refused(status.error());
    later_([done, error = status.error()] { done(tl::unexpected(error)); });
    return;
  }
  put_subscription(bus_, std::move(subscription), 0, "created", client_, std::move(done));
}

void SubscriptionClient::edit(Edit edit, Answer<SubscriptionRef> done, int tries) {
  const auto client = edit.client;
  const auto id = edit.id;
  bus_.registry_get(
      subscription_kind, id,
      [=, this, self = weak_from_this().lock()](Result<RegistryEntry> entry) {
        if (!entry) return done(tl::unexpected(entry.error()));
        auto subscription = read_entry(*entry);
        if (!subscription) return done(tl::unexpected(subscription.error()));
        if (auto status = edit.change(*subscription); !status) {
          if (served_.refused) served_.refused(status.error());
          return done(tl::unexpected(status.error()));
        }
        if (edit.visible) subscription->updated = clock_.now().wall;
        put_subscription(
            bus_, std::move(*subscription), entry->revision, edit.reason, client,
            [=, this, self = self](Result<SubscriptionRef> answer) {  // [=] alone would not keep it
              if (!answer && answer.error().code == Code::badcontext && tries > 1)
                return this->edit(edit, done, tries - 1);
              done(std::move(answer));
            });
      },
      client);
}

void SubscriptionClient::renew(std::string id, Duration period, Answer<SubscriptionRef> done) {
  edit(
      std::move(id), "renewed",
      [this, period](Subscription& subscription) {
        return grant_lease(subscription, period, served_.lease_max, clock_.now().wall);
      },
      std::move(done));
}

void SubscriptionClient::move(std::string id, Duration period, Move move,
                              Answer<SubscriptionRef> done) {
  edit(
      std::move(id), "moved by its owner",
      [this, period, move = std::move(move)](Subscription& subscription) -> Status {
        // A repeat may find it there already.
        if (subscription.callback != move.from && subscription.callback != move.callback)
          return fail(Code::notfound, "the subscription has another callback meanwhile");
        subscription.callback = move.callback;
        subscription.owner = move.owner;
        for (const auto& [name, value] : move.labels)
          subscription.labels.insert_or_assign(name, value);
        // It was suspended because nothing answered at the former place.
        if (subscription.state == SubscriptionState::suspended &&
            !suspended_for_filter(subscription)) {
          subscription.state = SubscriptionState::active;
          subscription.reason.clear();
        }
        if (auto status = served_.check(subscription); !status) return status;
        return grant_lease(subscription, period, served_.lease_max, clock_.now().wall);
      },
      std::move(done));
}

void SubscriptionClient::cancel(std::string id, std::string reason, Answer<SubscriptionRef> done) {
  end_subscription(bus_, {std::move(id), std::move(reason), &require_not_configured, client_},
                   std::move(done));
}

void SubscriptionClient::leave(std::string id, std::string token, Answer<SubscriptionRef> done) {
  // The token is the permission: no client is spoken for.
  const auto permits = [token = std::move(token)](const Subscription& subscription) -> Status {
    if (!is_leave_token(subscription, token))
      return fail(Code::noaccess, "this is not the token that the subscription's mails have");
    return require_not_configured(subscription);
  };
  end_subscription(bus_, {std::move(id), "cancelled", permits, {}}, std::move(done));
}

void SubscriptionClient::confirm(std::string id, std::string token, Answer<SubscriptionRef> done) {
  // The token is the permission: no client is spoken for.
  edit({std::move(id),
        "confirmed",
        [hash = sha256_hex(token)](Subscription& subscription) -> Status {
          if (subscription.challenge_hash.empty() ||
              !equal_secret(hash, subscription.challenge_hash))
            return fail(Code::noaccess, "this is not the token that the callback was sent");
          make_verified(subscription);
          // For leave_token(); a secret of before is known to others.
          if (is_mailbox(subscription))
            subscription.secrets.edit() = {make_webhook_secret(), {}, {}};
          return {};
        },
        {}},
       std::move(done));
}

void SubscriptionClient::activate(std::string id, std::string callback,
                                  Answer<SubscriptionRef> done) {
  edit(
      std::move(id), "callback verified",
      [this, callback = std::move(callback)](Subscription& subscription) -> Status {
        if (auto status = require_pending(subscription, callback); !status) return status;
        make_verified(subscription);
        // WebSub: the lease that the callback was told begins when it was asked.
        return is_websub(subscription) ? grant_lease(subscription, subscription.period,
                                                     served_.lease_max, clock_.now().wall)
                                       : Status();
      },
      std::move(done));
}

void SubscriptionClient::set_suspended(std::string id, bool suspended, std::string reason,
                                       Answer<SubscriptionRef> done) {
  using State = SubscriptionState;
  const bool for_filter = suspended && reason.starts_with(filter_too_dear);
  edit(
      std::move(id),
      for_filter  ? "filter too dear"
      : suspended ? "callback failing"
                  : "callback answering again",
      [suspended, for_filter, reason = std::move(reason)](Subscription& subscription) -> Status {
        const bool allowed = subscription.state == (suspended ? State::active : State::suspended);
        // Its filter is as dear while the callback fails, and when that works again.
        const bool held = suspended_for_filter(subscription);
        if (held || !(allowed || (for_filter && subscription.state == State::suspended)))
          return fail(Code::duplicate, "the subscription is " +
                                           std::string(to_text(subscription.state)) + " already");
        subscription.state = suspended ? State::suspended : State::active;
        subscription.reason = reason;
        return {};
      },
      std::move(done));
}

void SubscriptionClient::store_challenge(std::string id, std::string callback, std::string token,
                                         Answer<SubscriptionRef> done) {
  edit(
      std::move(id), "verification begins",
      [callback = std::move(callback),
       hash = sha256_hex(token)](Subscription& subscription) -> Status {
        if (auto status = require_pending(subscription, callback); !status) return status;
        subscription.challenge_hash = hash;
        subscription.reason = not_asked_reason;
        return {};
      },
      std::move(done), /*visible=*/false);
}

void SubscriptionClient::challenge_sent(std::string id, std::string token,
                                        Answer<SubscriptionRef> done) {
  edit(
      std::move(id), "verification asked",
      [hash = sha256_hex(token)](Subscription& subscription) -> Status {
        if (subscription.challenge_hash != hash)
          return fail(Code::duplicate, "the subscription is verified, or has another challenge");
        subscription.reason.clear();
        return {};
      },
      std::move(done), /*visible=*/false);
}

void SubscriptionClient::edit(std::string id, std::uint64_t revision, std::string patch,
                              Answer<SubscriptionRef> done) {
  edit(
      std::move(id), "edited by its owner",
      [this, revision, patch = std::move(patch)](Subscription& subscription) -> Status {
        if (auto status = require_not_configured(subscription); !status) return status;
        if (revision != 0 && revision != subscription.revision)
          return fail(Code::badcontext, "subscription " + subscription.id +
                                            " has been changed meanwhile (its revision is " +
                                            std::to_string(subscription.revision) +
                                            "): read it again and repeat");
        auto changed = edited(subscription, patch);
        if (!changed) return tl::unexpected(changed.error());
        if (auto status = served_.check(*changed); !status) return status;
        subscription = std::move(*changed);
        return {};
      },
      std::move(done));
}

void SubscriptionClient::pause(std::string id, Answer<SubscriptionRef> done) {
  edit(std::move(id), "paused by its owner", to_state(SubscriptionState::paused), std::move(done));
}

void SubscriptionClient::resume(std::string id, Answer<SubscriptionRef> done) {
  edit(std::move(id), "resumed by its owner", to_state(SubscriptionState::active), std::move(done));
}

void SubscriptionClient::test(std::string id, std::string by, Answer<Receipt> done) {
  get(std::move(id), [this, self = weak_from_this().lock(), by = std::move(by),
                      done = std::move(done)](const Result<SubscriptionRef>& found) {
    if (!found) return done(tl::unexpected(found.error()));
    if (auto status = require_verified(**found); !status)
      return done(tl::unexpected(status.error()));
    const auto event = test_event(**found, by, clock_.now().wall);
    client_.principal.empty() ? bus_.publish(event, done) : bus_.publish_for(client_, event, done);
  });
}

void SubscriptionClient::rotate_secret(std::string id, Rotation rotation,
                                       Answer<SubscriptionRef> done) {
  if (rotation.secret.empty()) rotation.secret = make_webhook_secret();
  edit(
      std::move(id), "its secret was rotated",
      [this, rotation = std::move(rotation)](Subscription& subscription) -> Status {
        if (auto status = require_not_configured(subscription); !status) return status;
        if (!is_web_hook(subscription.callback))
          return fail(Code::badcontext, "subscription " + subscription.id +
                                            " has no http or https callback: nothing is signed");
        rotate(subscription.secrets.edit(), rotation.secret, clock_.now().wall + rotation.grace);
        return validate(subscription);
      },
      std::move(done));
}

}  // namespace sense
