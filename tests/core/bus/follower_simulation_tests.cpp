// SPDX-License-Identifier: Apache-2.0
#include <boost/test/unit_test.hpp>
#include <deque>
#include <random>
#include <set>
#include <variant>

#include "core/bus/follower.hpp"
#include "tests/core/bus/sequenced_event.hpp"

using namespace sense;
using namespace sense::bus;

namespace {

const std::array<std::string, 4> types = {"{urn:a}one", "{urn:a}two", "{urn:ab}one", "{}bare"};

bool wanted(const std::vector<std::string>& prefixes, const Event& event) {
  for (const auto& prefix : prefixes)
    if (topic_of(event).starts_with(prefix)) return true;
  return false;
}

// The journal and what a broker sends of it.
struct FakeBroker {
  struct Message {
    std::vector<EventRef> events;
    std::optional<Watermark> watermark;
  };
  std::vector<EventRef> journal;  // of sequence i + 1
  std::uint64_t first = 1;

  [[nodiscard]] std::uint64_t head() const { return journal.size(); }

  // One group commit; the messages that announce it.
  std::vector<Message> commit(const std::vector<std::string>& group) {
    std::vector<Message> out;
    Watermark watermark{head(), head() + group.size(), {}};
    std::map<std::string, std::uint64_t> tally;
    for (const auto& type : group) {
      journal.push_back(sequenced_event(head() + 1, type));
      ++tally[type];
      if (!out.empty() && out.back().events.back()->type.clark() == type)
        out.back().events.push_back(journal.back());
      else
        out.push_back({{journal.back()}, {}});
    }
    watermark.tally.assign(tally.begin(), tally.end());
    out.push_back({{}, watermark});
    return out;
  }
  [[nodiscard]] Message heartbeat() const { return {{}, Watermark{head(), head(), {}}}; }

  [[nodiscard]] Bus::FetchReply fetch(std::uint64_t from, const std::vector<std::string>& prefixes,
                                      std::size_t events_max) const {
    Bus::FetchReply reply;
    reply.first = first;
    reply.head = head();
    reply.next = std::max(from, first);
    while (reply.next <= head() && reply.events.size() < events_max) {
      const auto& event = journal[reply.next - 1];
      if (wanted(prefixes, *event)) reply.events.push_back(event);
      ++reply.next;
    }
    return reply;
  }
};

// What came out: every event once, in order, none missing but what is said to be lost.
struct Output {
  std::vector<std::uint64_t> sequences;
  std::set<std::uint64_t> lost;
  std::uint64_t position = 0;

  void take(const Batch& batch, const FakeBroker& broker) {
    BOOST_REQUIRE_GE(batch.position, position);
    if (batch.lost_from != 0) {
      BOOST_REQUIRE_EQUAL(batch.lost_from, position + 1);
      BOOST_REQUIRE_GE(batch.lost_to, batch.lost_from);
      BOOST_REQUIRE_LT(batch.lost_to, broker.first);
      for (auto i = batch.lost_from; i <= batch.lost_to; ++i) lost.insert(i);
    }
    for (const auto& event : batch.events) {
      BOOST_REQUIRE_GT(event->sequence, position);
      BOOST_REQUIRE_LE(event->sequence, batch.position);
      if (!sequences.empty()) BOOST_REQUIRE_GT(event->sequence, sequences.back());
      sequences.push_back(event->sequence);
    }
    position = batch.position;
  }

  void check(const FakeBroker& broker, const std::vector<std::string>& prefixes,
             std::uint64_t after) const {
    std::vector<std::uint64_t> expected;
    for (std::uint64_t i = after + 1; i <= broker.head(); ++i)
      if (!lost.contains(i) && wanted(prefixes, *broker.journal[i - 1])) expected.push_back(i);
    BOOST_TEST(sequences == expected, boost::test_tools::per_element());
  }
};

struct Trouble {
  double drop_events = 0;
  double drop_watermark = 0;
  double repeat = 0;
  double cut = 0;  // retention
  double refollow = 0;
  double unreadable = 0;  // what was fetched
  double slow = 0;        // the consumer does not take the next batch yet
};

class Simulation {
 public:
  Simulation(std::uint32_t seed, Trouble trouble, std::vector<std::string> prefixes)
      : random_(seed), trouble_(trouble), prefixes_(std::move(prefixes)) {}

  void run(int steps) {
    // A part of the journal precedes the first follower.
    for (int i = 0; i < 5; ++i) (void)broker_.commit(group());
    start_ = random_() % (broker_.head() + 1);
    output_.position = start_;
    follower_.follow(start_, prefixes_);
    for (int i = 0; i < steps; ++i) step();
    trouble_ = {};
    for (int i = 0; i < 3; ++i) settle();
    BOOST_CHECK_EQUAL(follower_.position(), broker_.head());
    BOOST_CHECK_EQUAL(output_.position, broker_.head());
    output_.check(broker_, prefixes_, start_);
  }

 private:
  bool happens(double probability) {
    return std::uniform_real_distribution<>(0, 1)(random_) < probability;
  }

  std::vector<std::string> group() {
    std::vector<std::string> all(1 + random_() % 6);
    for (auto& type : all) type = types[random_() % types.size()];
    return all;
  }

  void send(const FakeBroker::Message& message) {
    if (happens(message.watermark ? trouble_.drop_watermark : trouble_.drop_events)) return;
    stream_.push_back(message);
    if (happens(trouble_.repeat)) stream_.push_back(message);
  }

  void deliver() {
    if (stream_.empty()) return;
    auto message = std::move(stream_.front());
    stream_.pop_front();
    if (message.watermark) return follower_.on_watermark(*message.watermark);
    // As XPUB: only what is subscribed to.
    if (wanted(prefixes_, *message.events.front()))
      follower_.on_events(std::move(message.events), 100);
  }

  void answer() {
    if (fetches_.empty()) return;
    const auto fetch = fetches_.front();
    fetches_.pop_front();
    auto reply = broker_.fetch(fetch.from, prefixes_, 1 + random_() % 10);
    if (const auto behind = follower_.next_fetch_behind(fetch, reply.next, reply.head))
      fetches_.push_back(*behind);
    if (!happens(trouble_.unreadable)) return follower_.on_fetched(fetch, std::move(reply));
    // Asked again, after the one behind it or before.
    if (follower_.on_unreadable(fetch))
      fetches_.insert(happens(0.5) ? fetches_.begin() : fetches_.end(), fetch);
  }

  void dispatch() {
    if (!happens(trouble_.slow))
      if (const auto batch = follower_.next_batch()) output_.take(*batch, broker_);
    if (const auto wanted_now = follower_.next_fetch()) {
      for (const auto& fetch : fetches_) BOOST_REQUIRE(!follower_.waits_for(fetch));
      fetches_.push_back(*wanted_now);
    }
  }

  void refollow() {
    // An answer to the fetch before may still come: it must change nothing.
    const auto before = std::exchange(fetches_, {});
    follower_.follow(output_.position, prefixes_);
    for (const auto& fetch : before) {
      BOOST_CHECK(!follower_.next_fetch_behind(fetch, fetch.from + 1, fetch.from + 2));
      follower_.on_fetched(fetch, broker_.fetch(1, prefixes_, 1000));
    }
  }

  void step() {
    switch (random_() % 6) {
      case 0:
        for (const auto& message : broker_.commit(group())) send(message);
        break;
      case 1: send(broker_.heartbeat()); break;
      case 2:
      case 3: deliver(); break;
      case 4: answer(); break;
      default:
        if (happens(trouble_.cut))
          broker_.first += random_() % (broker_.head() + 1 - broker_.first);
        if (happens(trouble_.refollow)) refollow();
    }
    dispatch();
  }

  void settle() {
    send(broker_.heartbeat());
    for (int i = 0; i < 10'000; ++i) {
      deliver();
      answer();
      dispatch();
      if (stream_.empty() && fetches_.empty()) return;
    }
    BOOST_FAIL("the follower does not come to rest");
  }

  std::mt19937 random_;
  Trouble trouble_;
  std::vector<std::string> prefixes_;
  FakeBroker broker_;
  Follower follower_;
  std::deque<FakeBroker::Message> stream_;
  std::deque<Follower::Fetch> fetches_;
  Output output_;
  std::uint64_t start_ = 0;
};

const std::vector<std::vector<std::string>> filters = {
    {"{"}, {"{urn:a}"}, {"{urn:a}one "}, {"{}"}, {"{urn:a}two ", "{urn:ab}"}, {}, {"{urn:none}"}};

void simulate(const Trouble& trouble) {
  const auto base = std::random_device{}();
  for (std::uint32_t i = 0; i < 70; ++i) {
    const auto seed = base + i;
    const auto& prefixes = filters[i % filters.size()];
    BOOST_TEST_CONTEXT("seed " << seed << ", filter " << i % filters.size()) {
      Simulation(seed, trouble, prefixes).run(400);
    }
  }
}

}  // namespace

BOOST_AUTO_TEST_SUITE(follower_simulation_tests)

BOOST_AUTO_TEST_CASE(every_event_comes_once_and_in_order_without_trouble) { simulate({}); }

BOOST_AUTO_TEST_CASE(lost_events_are_fetched) { simulate({.drop_events = 0.3}); }

BOOST_AUTO_TEST_CASE(lost_watermarks_are_made_good) { simulate({.drop_watermark = 0.4}); }

BOOST_AUTO_TEST_CASE(repeated_messages_are_taken_once) { simulate({.repeat = 0.4}); }

BOOST_AUTO_TEST_CASE(a_new_follow_while_a_fetch_is_out_starts_over) {
  simulate({.drop_events = 0.1, .refollow = 0.3});
}

BOOST_AUTO_TEST_CASE(what_cannot_be_read_is_fetched_again) {
  simulate({.drop_events = 0.2, .unreadable = 0.4, .slow = 0.3});
}

BOOST_AUTO_TEST_CASE(what_left_the_journal_is_told) {
  simulate({.drop_events = 0.3, .drop_watermark = 0.3, .cut = 0.3, .slow = 0.5});
}

BOOST_AUTO_TEST_CASE(all_troubles_at_once) {
  simulate({.drop_events = 0.2,
            .drop_watermark = 0.2,
            .repeat = 0.2,
            .cut = 0.1,
            .refollow = 0.1,
            .unreadable = 0.2,
            .slow = 0.6});
}

BOOST_AUTO_TEST_SUITE_END()
