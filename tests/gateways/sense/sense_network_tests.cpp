// SPDX-License-Identifier: Apache-2.0
#include <queue>
#include <random>
#include <set>

#include "core/sense/client.hpp"
#include "tests/gateways/sense/server_fixture.hpp"

using namespace sense;
using namespace sense::datagram;
using namespace sense::datagram::test;

// Server and clients over a network that loses, doubles and reorders, in virtual time. The host is
// played as its engine would: a window, tries that follow each other, a GAP after the last.

namespace {

struct Weather {
  unsigned loss_percent = 0;
  unsigned twice_percent = 0;
  unsigned jitter_us = 100'000;  // so much later than another, and so out of order
};

const std::uint32_t tries_max = Limits().tries();
constexpr unsigned events_of_each = 150;

struct Listening {
  Endpoint address;
  Client client;
  std::set<std::uint64_t> arrived;
  std::set<std::uint64_t> gaps;
  std::uint64_t seen_twice = 0;
};

class World {
 public:
  World(Weather weather, std::uint32_t seed, unsigned clients) : weather_(weather), random_(seed) {
    for (unsigned i = 0; i < clients; ++i) {
      ClientOptions options;
      options.tag_prefix = "c" + std::to_string(i) + "-";
      if (i % 2 == 1) options.ack_delay = std::chrono::milliseconds{50};
      listening.push_back(std::make_unique<Listening>(
          Listening{Endpoint(boost::asio::ip::address_v4(0x0a000001U + i), 9000),
                    Client(options),
                    {},
                    {},
                    0}));
    }
  }

  // Registers all, gives each its events, and runs until all is settled or two hours have passed.
  void run() {
    for (auto& one : listening) take(*one, one->client.subscribe(fixture.clock.now()));
    const auto end = fixture.clock.now().mono + std::chrono::hours{2};
    while (fixture.clock.now().mono < end && !settled()) step();
  }
  [[nodiscard]] bool settled() const {
    for (const auto& one : listening) {
      const auto& id = one->client.subscription();
      const auto queue = queues_.find(id);
      if (id.empty() || queue == queues_.end() || !queue->second.in_flight.empty() ||
          queue->second.next <= events_of_each)
        return false;
    }
    return true;
  }

  ServerFixture fixture;
  std::vector<std::unique_ptr<Listening>> listening;
  std::set<std::pair<std::string, std::uint64_t>> delivered;  // as the host believes
  std::set<std::pair<std::string, std::uint64_t>> dead;       // given up
  std::uint64_t sent_by_server = 0;

 private:
  struct Flying {
    MonoTime due;
    std::uint64_t order;
    bool to_server;
    Endpoint client;
    std::string octets;
    bool operator>(const Flying& other) const {
      return std::tie(due, order) > std::tie(other.due, other.order);
    }
  };
  struct Job {
    std::string id;
    std::shared_ptr<Delivery> delivery;
  };
  struct Queue {
    std::uint64_t next = 1;
    std::set<AttemptId> in_flight;
  };

  bool chance(unsigned percent) { return random_() % 100 < percent; }
  void fly(bool to_server, const Endpoint& client, const std::string& octets) {
    for (int copies = chance(weather_.twice_percent) ? 2 : 1; copies > 0; --copies) {
      if (chance(weather_.loss_percent)) continue;
      const auto delay = std::chrono::microseconds{500 + random_() % weather_.jitter_us};
      flying_.push({fixture.clock.now().mono + delay, ++order_, to_server, client, octets});
    }
  }
  void take(Listening& one, const Output& out) {
    for (const auto& notice : out.notices) {
      if (const auto* event = std::get_if<EventReceived>(&notice))
        one.seen_twice += one.arrived.insert(event->number).second ? 0 : 1;
      if (const auto* gap = std::get_if<GapReported>(&notice))
        for (auto n = gap->from; n <= gap->to; ++n) one.gaps.insert(n);
    }
    for (const auto& octets : out.send) fly(true, one.address, octets);
  }
  void post_server() {
    fixture.settle();
    for (auto& sent : std::exchange(fixture.sent, {})) {
      ++sent_by_server;
      fly(false, sent.to.address, sent.octets);
    }
    for (auto& [attempt_id, attempt] : std::exchange(fixture.attempts, {}))
      finished(attempt_id, attempt);
    feed();
  }
  void finished(AttemptId attempt_id, const Attempt& attempt) {
    auto job = std::move(jobs_.at(attempt_id));
    jobs_.erase(attempt_id);
    queues_[job.id].in_flight.erase(attempt_id);
    const auto number = job.delivery->number;
    const bool is_event = job.delivery->kind == Delivery::Kind::event;
    if (attempt.outcome == Attempt::Outcome::delivered) {
      if (is_event) delivered.insert({job.id, number});
      return;
    }
    BOOST_REQUIRE((attempt.outcome == Attempt::Outcome::retry));
    auto again = std::make_shared<Delivery>(*job.delivery);
    if (++again->attempt > tries_max) {
      if (!is_event) return;
      dead.insert({job.id, number});
      again->kind = Delivery::Kind::gap;
      again->number_last = number;
      again->reason = "undeliverable";
      again->attempt = 1;
    }
    start(job.id, std::move(again));
  }
  void start(const std::string& id, std::shared_ptr<Delivery> delivery) {
    const auto attempt_id = ++fixture.last_attempt_id;
    jobs_[attempt_id] = {id, delivery};
    queues_[id].in_flight.insert(attempt_id);
    fixture.perform(fixture.server->deliver(attempt_id, delivery, fixture.clock.now()));
    for (auto& sent : std::exchange(fixture.sent, {})) {
      ++sent_by_server;
      fly(false, sent.to.address, sent.octets);
    }
  }
  void feed() {
    for (const auto& [id, subscription] : fixture.subscriptions.served) {
      auto& queue = queues_[id];
      while (queue.next <= events_of_each && queue.in_flight.size() < 32)
        start(id, fixture.event_delivery(subscription, queue.next++));
    }
  }
  void step() {
    std::optional<MonoTime> next = fixture.server->next_timer();
    const auto consider = [&](std::optional<MonoTime> due) {
      if (due && (!next || *due < *next)) next = due;
    };
    for (const auto& one : listening) consider(one->client.next_timer());
    if (!flying_.empty()) consider(flying_.top().due);
    BOOST_REQUIRE(next.has_value());
    if (*next > fixture.clock.now().mono) fixture.clock.advance(*next - fixture.clock.now().mono);
    const auto now = fixture.clock.now();
    while (!flying_.empty() && flying_.top().due <= now.mono) {
      const auto datagram = flying_.top();
      flying_.pop();
      if (datagram.to_server) {
        fixture.perform(fixture.server->on_datagram(datagram.octets, {datagram.client, 0}, now));
        post_server();
        continue;
      }
      for (auto& one : listening)
        if (one->address == datagram.client)
          take(*one, one->client.on_datagram(datagram.octets, now));
    }
    fixture.perform(fixture.server->on_timer(now));
    post_server();
    for (auto& one : listening)
      if (one->client.next_timer().value_or(MonoTime::max()) <= now.mono)
        take(*one, one->client.on_timer(now));
  }

  Weather weather_;
  std::mt19937 random_;
  std::uint64_t order_ = 0;
  std::priority_queue<Flying, std::vector<Flying>, std::greater<>> flying_;
  std::map<AttemptId, Job> jobs_;
  std::map<std::string, Queue> queues_;
};

void check(World& world) {
  BOOST_REQUIRE(world.settled());
  for (const auto& one : world.listening) {
    const auto& id = one->client.subscription();
    BOOST_CHECK_EQUAL(one->seen_twice, 0U);
    for (std::uint64_t n = 1; n <= events_of_each; ++n) {
      const bool delivered = world.delivered.contains({id, n});
      const bool dead = world.dead.contains({id, n});
      BOOST_REQUIRE(delivered != dead);  // accounted for, once
      // What the host believes to be delivered has been.
      if (delivered) BOOST_REQUIRE(one->arrived.contains(n));
    }
  }
}

// SENSE_NETWORK_SEED repeats the run that printed it.
unsigned first_seed() {
  const char* given = std::getenv("SENSE_NETWORK_SEED");
  return given ? static_cast<unsigned>(std::stoul(given)) : std::random_device{}();
}

}  // namespace

BOOST_AUTO_TEST_SUITE(sense_network_tests)

BOOST_AUTO_TEST_CASE(quiet_network_takes_one_datagram_for_each_event) {
  World world({0, 0, 1}, 1, 4);
  world.run();
  check(world);
  BOOST_CHECK(world.dead.empty());
  // Two replies to REGISTER each, and the events.
  BOOST_CHECK_EQUAL(world.sent_by_server, 4U * (2U + events_of_each));
}

BOOST_AUTO_TEST_CASE(all_arrives_over_a_network_that_loses_doubles_and_reorders) {
  const auto base = first_seed();
  for (unsigned run = 0; run < 12; ++run) {
    const auto seed = base + run;
    BOOST_TEST_CONTEXT("seed " << seed) {
      // Up to 20 % each way: an event is lost in all tries once in 10^9.
      World world({5 * (run % 5), 10, 100'000}, static_cast<std::uint32_t>(seed), 4);
      world.run();
      check(world);
      for (const auto& one : world.listening)
        BOOST_CHECK_EQUAL(one->arrived.size(), events_of_each);
    }
  }
  BOOST_TEST_MESSAGE("seeds from " << base);
}

// The seeds are fixed, since one event in a million is in a gap: of these none is.
BOOST_AUTO_TEST_CASE(no_gap_is_reported_where_a_fifth_is_lost_each_way) {
  for (unsigned seed = 1; seed <= 24; ++seed) {
    World world({20, 0, 100'000}, seed, 4);
    world.run();
    check(world);
    for (const auto& one : world.listening) {
      BOOST_CHECK_EQUAL(one->arrived.size(), events_of_each);
      BOOST_CHECK(one->gaps.empty());
    }
    BOOST_CHECK(world.dead.empty());
  }
}

BOOST_AUTO_TEST_CASE(every_miss_is_accounted_for_at_forty_percent_loss) {
  const auto base = first_seed();
  BOOST_TEST_MESSAGE("seeds from " << base);
  for (unsigned run = 0; run < 6; ++run) {
    BOOST_TEST_CONTEXT("seed " << base + run) {
      World world({40, 10, 100'000}, static_cast<std::uint32_t>(base + run), 4);
      world.run();
      check(world);
      for (const auto& one : world.listening)
        for (std::uint64_t n = 1; n <= events_of_each; ++n)
          if (!one->arrived.contains(n))
            BOOST_CHECK(world.dead.contains({one->client.subscription(), n}));
    }
  }
}

BOOST_AUTO_TEST_SUITE_END()
