// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <algorithm>
#include <boost/test/unit_test.hpp>
#include <deque>

#include "gateways/host/feeds/journal_feeds.hpp"
#include "gateways/host/host.hpp"
#include "tests/core/bus/fake_bus.hpp"
#include "tests/core/storage/temporary_folder.hpp"

namespace sense {

// A journal in memory. An answer is made by one run_one(), and arrives by another.
struct Journal : testing::FakeBus {
  std::vector<EventRef> events;
  std::uint64_t first = 1;
  std::optional<Error> refusal;
  std::size_t parts_of = 1'000;  // events in one answer
  std::size_t fetches = 0;
  std::vector<ServedClient> fetched_for;
  std::function<bool(const Event&)> may_read = [](const Event&) { return true; };

  void fetch(std::uint64_t from, std::vector<std::string>, std::size_t, Answer<FetchReply> done,
             const ServedClient& client) override {
    ++fetches;
    fetched_for.push_back(client);
    later.push_back([=, this] {
      if (refusal) return later.push_back([=, why = *refusal] { done(tl::unexpected(why)); });
      FetchReply reply;
      reply.first = first;
      reply.head = reply.next = events.empty() ? 0 : events.back()->sequence;
      ++reply.next;
      for (const auto& event : events) {
        if (event->sequence < std::max(from, first)) continue;
        if (reply.events.size() == parts_of) {
          reply.next = event->sequence;
          break;
        }
        if (client.principal.empty() || may_read(*event)) reply.events.push_back(event);
      }
      later.push_back([done, reply] { done(reply); });
    });
  }
};

struct FeedsFixture {
  FeedsFixture() {
    auto opened = GatewayStore::open(folder.path());
    BOOST_REQUIRE(opened);
    store.emplace(std::move(*opened));
    make();
  }
  void make() {
    feeds.reset();
    feeds = std::make_unique<JournalFeeds>(
        JournalFeeds::Dependencies{journal, engine, *store, clock, counters, settings,
                                   [](const std::string& owner) { return std::vector{owner}; }},
        JournalFeeds::Callbacks{[this] { return stream; },
                                [this] { return std::exchange(stream_lacks_topics, false); },
                                [this](Duration pause, auto task) {
                                  (pause == Duration{0} ? soon : timers).push_back(std::move(task));
                                }});
  }
  // Of type {urn:a}one, or {urn:a}two.
  std::uint64_t append(const std::string& local = "one", const std::string& audience = "") {
    Event event;
    event.sequence = journal.events.empty() ? 1 : journal.events.back()->sequence + 1;
    event.type = QName::from_clark("{urn:a}" + local).value();
    event.source = "/s";
    event.id = "e" + std::to_string(event.sequence);
    event.time = clock.now().wall;
    if (!audience.empty()) event.audience = {audience};
    journal.events.push_back(std::make_shared<const Event>(std::move(event)));
    return journal.events.back()->sequence;
  }
  // The gateway's stream hands out the next events.
  void hand_out(std::size_t count = 1'000'000) {
    for (; count > 0 && stream < journal.events.size(); --count) {
      const auto event = journal.events[stream];
      stream = event->sequence;
      feeds->on_event(event);
    }
  }
  SubscriptionRef subscribe(const std::string& id, const std::string& filter = "") {
    Subscription subscription;
    subscription.id = id;
    subscription.owner = "anna";
    subscription.callback = "pull:";
    subscription.types = {*TypePattern::parse("{urn:a}one")};
    subscription.filter = filter;
    subscription.state = SubscriptionState::active;
    const auto made = std::make_shared<const Subscription>(std::move(subscription));
    if (!id.empty()) engine.put(made, clock.now());
    return made;
  }
  struct Reading {
    std::unique_ptr<Feed> feed;
    std::vector<FeedItem> items;
    std::optional<Error> ended;
    std::function<void()> on_items;

    [[nodiscard]] std::string text() const {
      std::string all;
      for (const auto& item : items) {
        all += (all.empty() ? "" : " ") + std::to_string(item.number);
        all += item.event ? ":" + item.event->id : "-" + std::to_string(item.number_last);
      }
      return all;
    }
  };
  std::unique_ptr<Reading> open(SubscriptionRef subscription,
                                std::optional<FeedPosition> after = {},
                                std::size_t wanted = 1'000) {
    auto reading = std::make_unique<Reading>();
    auto feed = feeds->open({std::move(subscription), {"anna", "web", ""}, after},
                            [to = reading.get()](const auto& given) {
                              if (const auto* error = std::get_if<Error>(&given)) {
                                to->ended = *error;
                                return;
                              }
                              const auto& items = std::get<std::vector<FeedItem>>(given);
                              to->items.insert(to->items.end(), items.begin(), items.end());
                              if (to->on_items) to->on_items();
                            });
    BOOST_REQUIRE_MESSAGE(feed, (feed ? "" : feed.error().message));
    reading->feed = std::move(*feed);
    if (wanted != 0) reading->feed->want(wanted);
    for (const auto& task : std::exchange(soon, {})) task();
    return reading;
  }
  void set(const char* key, const char* value) {
    BOOST_REQUIRE(settings.set(key, value));
    make();
  }

  TemporaryFolder folder;
  VirtualClock clock;
  Counters counters;
  Settings settings = Settings::defaults(gateway_host_options());
  Engine engine{{}, 1};
  std::optional<GatewayStore> store;
  Journal journal;
  std::uint64_t stream = 0;
  bool stream_lacks_topics = false;
  std::deque<std::function<void()>> timers;
  std::deque<std::function<void()>> soon;
  std::unique_ptr<JournalFeeds> feeds;
};

}  // namespace sense
