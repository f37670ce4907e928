// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <deque>
#include <functional>
#include <map>
#include <string>
#include <vector>

#include "core/base/random.hpp"
#include "core/egress/callback_address.hpp"
#include "gateways/api/gateway.hpp"
#include "tests/gateways/api/fake_clients.hpp"

// Fakes of the host and the broker, in memory. Results wait in a queue until run(), because the
// real ones never call back inside the call.
namespace sense::datagram::test {

// What the gateway never asks for.
class UnaskedSubscriptions : public Subscriptions {
 public:
  void leave(std::string, std::string, Answer<SubscriptionRef> done) override {
    done(fail(Code::noaccess, "no mail is sent here"));
  }
  void types(std::string, std::uint32_t, Answer<TypePage> done) override { done(TypePage{}); }
};

class FakeSubscriptions final : public UnaskedSubscriptions, public ServedSubscriptions {
 public:
  explicit FakeSubscriptions(const Clock& clock) : clock_(clock) {}

  void create(Request request, Answer<SubscriptionRef> done) override {
    Subscription made;
    char number[32];
    std::snprintf(number, sizeof(number), "s-%026u", ++made_);
    made.id = number;
    made.owner = request.owner;
    made.via = request.via;
    made.callback = request.callback;
    made.types = request.types;
    made.sources = request.sources;
    made.period = request.period;
    made.expires = clock_.now().wall + request.period;
    made.delivery = request.delivery;
    made.labels = request.labels;
    made.state = request.callback_proved ? SubscriptionState::active : SubscriptionState::pending;
    requests.push_back(std::move(request));
    answer(std::move(done), put(std::move(made)));
  }
  void renew(std::string id, Duration period, Answer<SubscriptionRef> done) override {
    ++renewals;
    change(id, std::move(done), [&](Subscription& s) { s.period = period; });
  }
  void move(std::string id, Duration period, Move move, Answer<SubscriptionRef> done) override {
    const auto found = served.find(id);
    if (found == served.end() || found->second->callback != move.from)
      return answer(std::move(done), Result<SubscriptionRef>(fail(Code::notfound, "not there")));
    ++moves;
    change(id, std::move(done), [&](Subscription& s) {
      s.period = period;
      s.callback = move.callback;
      s.owner = move.owner;
      for (const auto& [name, value] : move.labels) s.labels.insert_or_assign(name, value);
    });
  }
  void cancel(std::string id, std::string reason, Answer<SubscriptionRef> done) override {
    change(id, std::move(done), [&](Subscription& s) {
      s.state = SubscriptionState::ended;
      s.reason = reason;
    });
    served.erase(id);
  }
  void confirm(std::string id, std::string token, Answer<SubscriptionRef> done) override {
    ++confirmations_asked;
    const auto found = served.find(id);
    if (found == served.end() || found->second->challenge_hash != sha256_hex(token)) {
      answer(std::move(done), Result<SubscriptionRef>(fail(Code::noaccess, "wrong token")));
      return;
    }
    ++confirmed;
    change(id, std::move(done), [](Subscription& s) { s.state = SubscriptionState::active; });
  }
  // The protocol has no requests for these.
  void intend(std::string id, WebSub::Intent, Answer<SubscriptionRef> done) override {
    change(id, std::move(done), [](Subscription&) {});
  }
  void edit(std::string id, std::uint64_t, std::string, Answer<SubscriptionRef> done) override {
    change(id, std::move(done), [](Subscription&) {});
  }
  void pause(std::string id, Answer<SubscriptionRef> done) override {
    change(id, std::move(done), [](Subscription&) {});
  }
  void resume(std::string id, Answer<SubscriptionRef> done) override {
    change(id, std::move(done), [](Subscription&) {});
  }
  void test(std::string, std::string, Answer<Receipt> done) override {
    answer(std::move(done), Result<Receipt>(Receipt{}));
  }
  void rotate_secret(std::string id, Rotation, Answer<SubscriptionRef> done) override {
    change(id, std::move(done), [](Subscription&) {});
  }
  void get(std::string id, Answer<SubscriptionRef> done) override {
    change(id, std::move(done), [](Subscription&) {});
  }
  void list(std::string, std::string, std::uint32_t, Answer<Page> done) override {
    answer(std::move(done), Result<Page>(Page{}));
  }
  void sources(std::string after, std::uint32_t limit, Answer<SourcePage> done) override {
    SourcePage page;
    for (const auto& source : known_sources) {
      if (source <= after) continue;
      if (page.sources.size() == limit) {
        page.more = true;
        break;
      }
      page.sources.push_back(source);
    }
    answer(std::move(done), Result<SourcePage>(page));
  }

  [[nodiscard]] SubscriptionRef find(std::string_view id) const override {
    if (lagging) return nullptr;
    const auto found = served.find(id);
    return found == served.end() ? nullptr : found->second;
  }
  [[nodiscard]] std::size_t count_for(std::string_view callback) const override {
    std::size_t count = 0;
    for (const auto& [id, s] : served) count += s->callback == callback && !lagging ? 1 : 0;
    return count;
  }
  [[nodiscard]] std::size_t count_at(std::string_view address) const override {
    std::size_t count = 0;
    for (const auto& [id, s] : served) {
      const bool there =
          callback_address(s->callback) == address || callback_address(s->owner) == address;
      count += there && !lagging ? 1 : 0;
    }
    return count;
  }
  [[nodiscard]] std::size_t count() const override { return lagging ? 0 : served.size(); }

  SubscriptionRef put(Subscription subscription) {
    auto ref = std::make_shared<const Subscription>(std::move(subscription));
    served[ref->id] = ref;
    return ref;
  }
  // Calls back with all results, also with those queued meanwhile. A null result means "not found".
  void run() {
    while (!answers_.empty()) {
      auto next = std::move(answers_.front());
      answers_.pop_front();
      next();
    }
  }

  std::map<std::string, SubscriptionRef, std::less<>> served;
  std::vector<Request> requests;
  std::vector<std::string> known_sources;
  unsigned renewals = 0;  // in place
  unsigned moves = 0;
  unsigned confirmed = 0;
  unsigned confirmations_asked = 0;
  bool lagging = false;  // the replica knows nothing yet

 private:
  template <class T>
  void answer(Answer<T> done, Result<T> result) {
    answers_.push_back([done = std::move(done), result = std::move(result)] { done(result); });
  }
  void answer(Answer<SubscriptionRef> done, SubscriptionRef ref) {
    answer(std::move(done), Result<SubscriptionRef>(std::move(ref)));
  }
  template <class Change>
  void change(const std::string& id, Answer<SubscriptionRef> done, Change change) {
    const auto found = served.find(id);
    if (found == served.end()) {
      answer(std::move(done),
             Result<SubscriptionRef>(fail(Code::notfound, "no subscription " + id)));
      return;
    }
    Subscription edited = *found->second;
    change(edited);
    found->second = std::make_shared<const Subscription>(edited);
    answer(std::move(done), found->second);
  }

  const Clock& clock_;
  unsigned made_ = 0;
  std::deque<std::function<void()>> answers_;
};

class FakePublisher final : public Publisher {
 public:
  void publish(const Event& event, Done done) override {
    const auto known = ids_.emplace(event.id + " " + event.source, events.size() + 1);
    if (known.second) events.push_back(event);
    waiting_.emplace_back(std::move(done), Receipt{known.first->second, !known.second});
    ++calls;
  }
  // Calls back with all results, in order.
  void run() {
    while (!waiting_.empty()) {
      auto [done, receipt] = std::move(waiting_.front());
      waiting_.pop_front();
      if (refusal)
        done(tl::unexpected(*refusal));
      else
        done(receipt);
    }
  }
  [[nodiscard]] std::size_t waiting() const { return waiting_.size(); }

  std::vector<Event> events;
  unsigned calls = 0;
  std::optional<Error> refusal;

 private:
  std::map<std::string, std::size_t> ids_;
  std::deque<std::pair<Done, Receipt>> waiting_;
};

}  // namespace sense::datagram::test
