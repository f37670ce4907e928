// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <boost/asio/executor_work_guard.hpp>
#include <boost/asio/io_context.hpp>
#include <boost/asio/post.hpp>
#include <future>
#include <thread>

#include "core/base/random.hpp"
#include "core/subscription/subscription_edit.hpp"
#include "gateways/api/gateway.hpp"
#include "tests/gateways/api/fake_clients.hpp"

// What a plugin is given, for tests of plugins: a reactor in a thread of its own, a publisher and a
// subscription list that remember what they were asked.
namespace sense::test {

class FakePublisher final : public Publisher {
 public:
  void publish(const Event& event, Done done) override {
    published.push_back(std::move(event));
    if (hold) {
      held.push_back(std::move(done));
      return;
    }
    if (refusal) return done(tl::unexpected(*refusal));
    done(Receipt{published.size(), duplicate});
  }
  std::vector<Event> published;
  std::vector<Done> held;
  bool hold = false;
  bool duplicate = false;
  std::optional<Error> refusal;
};

class FakeSubscriptions final : public Subscriptions, public ServedSubscriptions {
 public:
  void create(Request request, Answer<SubscriptionRef> done) override {
    if (refusal) return done(tl::unexpected(*refusal));
    auto made = std::make_shared<Subscription>();
    made->id = "s-" + random_token(130);
    made->owner = request.owner;
    made->via = request.via;
    made->callback = request.callback;
    made->types = request.types;
    made->sources = request.sources;
    made->period = request.period;
    made->delivery = request.delivery;
    made->labels = request.labels;
    made->secrets = request.secrets;
    made->websub = request.websub;
    if (is_websub(*made)) made->id = websub_id(made->owner, made->callback, made->websub->topic);
    requests.push_back(std::move(request));
    all[made->id] = made;
    done(SubscriptionRef(made));
  }
  void renew(std::string id, Duration period, Answer<SubscriptionRef> done) override {
    change(id, std::move(done), [&](Subscription& s) { s.period = period; });
  }
  void move(std::string id, Duration period, Move move, Answer<SubscriptionRef> done) override {
    change(id, std::move(done), [&](Subscription& s) {
      s.period = period;
      s.callback = move.callback;
      s.owner = move.owner;
    });
  }
  void cancel(std::string id, std::string reason, Answer<SubscriptionRef> done) override {
    change(id, std::move(done), [&](Subscription& s) {
      s.state = SubscriptionState::ended;
      s.reason = reason;
    });
  }
  void confirm(std::string id, std::string token, Answer<SubscriptionRef> done) override {
    if (token != good_token) return done(fail(Code::noaccess, "this is not the token"));
    change(id, std::move(done), [&](Subscription& s) { s.state = SubscriptionState::active; });
  }
  void leave(std::string id, std::string token, Answer<SubscriptionRef> done) override {
    if (hold_leave) return leaving.push_back(std::move(done));
    if (token != good_token) return done(fail(Code::noaccess, "this is not the token"));
    cancel(std::move(id), "cancelled", std::move(done));
  }
  void intend(std::string id, WebSub::Intent intent, Answer<SubscriptionRef> done) override {
    change(id, std::move(done), [&](Subscription& s) { s.websub.edit().intent = intent; });
  }
  void edit(std::string id, std::uint64_t revision, std::string patch,
            Answer<SubscriptionRef> done) override {
    const auto found = all.find(id);
    if (found == all.end()) return done(fail(Code::notfound, "there is no such subscription"));
    if (revision != 0 && revision != found->second->revision)
      return done(fail(Code::badcontext, "it has been changed meanwhile"));
    auto next = edited(*found->second, patch);
    if (!next) return done(tl::unexpected(next.error()));
    *found->second = *next;
    ++found->second->revision;
    done(SubscriptionRef(found->second));
  }
  void pause(std::string id, Answer<SubscriptionRef> done) override {
    change(id, std::move(done), [&](Subscription& s) { s.state = SubscriptionState::paused; });
  }
  void resume(std::string id, Answer<SubscriptionRef> done) override {
    change(id, std::move(done), [&](Subscription& s) { s.state = SubscriptionState::active; });
  }
  void test(std::string id, std::string by, Answer<Receipt> done) override {
    tested.emplace_back(std::move(id), std::move(by));
    done(Receipt{tested.size(), false});
  }
  void rotate_secret(std::string id, Rotation rotation, Answer<SubscriptionRef> done) override {
    change(id, std::move(done), [&](Subscription& s) {
      rotate(s.secrets.edit(), rotation.secret.empty() ? make_webhook_secret() : rotation.secret,
             WallTime{} + rotation.grace);
    });
  }
  void get(std::string id, Answer<SubscriptionRef> done) override {
    const auto found = all.find(id);
    if (found == all.end()) return done(fail(Code::notfound, "there is no such subscription"));
    done(SubscriptionRef(found->second));
  }
  void list(std::string owner, std::string after, std::uint32_t limit, Answer<Page> done) override {
    Page page;
    page.unreadable = unreadable;
    for (auto it = all.upper_bound(after); it != all.end(); ++it) {
      if (!owner.empty() && it->second->owner != owner) continue;
      if (page.subscriptions.size() == limit) {
        page.more = true;
        break;
      }
      page.subscriptions.push_back(it->second);
    }
    done(std::move(page));
  }
  void sources(std::string, std::uint32_t, Answer<SourcePage> done) override {
    done(SourcePage{{"//a/b", "//c"}, true});
  }
  void types(std::string after, std::uint32_t, Answer<TypePage> done) override {
    if (after == "refused") return done(fail(Code::noaccess, "not for you"));
    done(TypePage{
        {{"{urn:x}y", R"({"count":2,"last":"2026-11-21T09:15:00Z","attributes":{"a":"Integer"}})"},
         {"odd", "[]"}},
        true});
  }
  SubscriptionRef find(std::string_view id) const override {
    const auto found = all.find(std::string(id));
    return found == all.end() ? nullptr : found->second;
  }
  std::size_t count_for(std::string_view) const override { return 0; }
  std::size_t count_at(std::string_view) const override { return 0; }
  std::size_t count() const override { return all.size(); }

  std::map<std::string, std::shared_ptr<Subscription>> all;
  std::vector<Page::Unreadable> unreadable;
  std::vector<Request> requests;
  std::vector<std::pair<std::string, std::string>> tested;  // id, by
  std::string good_token = "good";
  bool hold_leave = false;
  std::vector<Answer<SubscriptionRef>> leaving;  // held
  std::optional<Error> refusal;                  // of what is to be created

 private:
  template <class Edit>
  void change(const std::string& id, Answer<SubscriptionRef> done, Edit edit) {
    const auto found = all.find(id);
    if (found == all.end()) return done(fail(Code::notfound, "there is no such subscription"));
    edit(*found->second);
    done(SubscriptionRef(found->second));
  }
};

class PluginHarness {
 public:
  explicit PluginHarness(const std::vector<std::string>& allowed = {"127.0.0.0/8", "::1"})
      : egress(*EgressPolicy::make(allowed)),
        context{"front",
                clock,
                counters,
                reactor,
                clients,
                subscriptions,
                egress,
                [] {
                  return std::vector<std::pair<std::string, std::string>>{{"max-period", "86400"},
                                                                          {"window", "8"}};
                }},
        work_(boost::asio::make_work_guard(reactor)),
        thread_([this] { reactor.run(); }) {}
  ~PluginHarness() {
    on_reactor([this] {
      if (gateway) gateway->stop();
      gateway.reset();
    });
    work_.reset();
    reactor.stop();
    thread_.join();
  }

  // Runs it on the reactor's thread and waits.
  template <class F>
  auto on_reactor(F function) -> decltype(function()) {
    std::packaged_task<decltype(function())()> task(std::move(function));
    auto future = task.get_future();
    boost::asio::post(reactor, [&task] { task(); });
    return future.get();
  }

  Status start(Result<std::unique_ptr<Gateway>> made) {
    if (!made) return tl::unexpected(made.error());
    gateway = std::move(*made);
    return on_reactor([this] { return gateway->start(); });
  }
  std::future<Attempt> deliver_later(std::shared_ptr<const Delivery> delivery) {
    auto promise = std::make_shared<std::promise<Attempt>>();
    on_reactor([&] {
      gateway->deliver(std::move(delivery),
                       [promise](Attempt a) { promise->set_value(std::move(a)); });
    });
    return promise->get_future();
  }
  Attempt deliver(std::shared_ptr<const Delivery> delivery) {
    return deliver_later(std::move(delivery)).get();
  }
  Verification verify(SubscriptionRef subscription, const std::string& token) {
    auto promise = std::make_shared<std::promise<Verification>>();
    on_reactor([&] {
      gateway->verify(std::move(subscription), token,
                      [promise](Verification v) { promise->set_value(std::move(v)); });
    });
    return promise->get_future().get();
  }

  VirtualClock clock;
  Counters counters;
  boost::asio::io_context reactor;
  FakePublisher publisher;
  FakeSubscriptions subscriptions;
  testing::FakeClients clients{publisher, subscriptions};
  EgressPolicy egress;
  GatewayContext context;
  std::unique_ptr<Gateway> gateway;

 private:
  boost::asio::executor_work_guard<boost::asio::io_context::executor_type> work_;
  std::thread thread_;
};

inline Event sample_event() {
  Event event;
  event.id = "e-1";
  event.type = *QName::parse("{urn:example:printer}jam");
  event.source = "//hq.example/printer/floor2/hp4";
  event.time = *parse_rfc3339("2026-11-21T09:15:00.250Z");
  event.datacontenttype = "text/plain";
  event.data = "342 Printer jam";
  event.severity = 3;
  event.sequence = 88120;
  return event;
}

inline std::shared_ptr<Delivery> sample_delivery(const std::string& callback,
                                                 Event event = sample_event()) {
  auto subscription = std::make_shared<Subscription>();
  subscription->id = "s-0123456789ABCDEFGHJKMNPQRS";
  subscription->callback = callback;
  subscription->state = SubscriptionState::active;
  auto delivery = std::make_shared<Delivery>();
  delivery->subscription = subscription;
  delivery->number = 42;
  delivery->attempt = 2;
  delivery->event = std::make_shared<const Event>(std::move(event));
  return delivery;
}

}  // namespace sense::test
