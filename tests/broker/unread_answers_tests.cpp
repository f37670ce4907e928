// SPDX-License-Identifier: Apache-2.0
#include <algorithm>
#include <boost/test/unit_test.hpp>
#include <memory>
#include <vector>

#include "broker/journal/reader.hpp"
#include "tests/broker/secured_broker.hpp"

// Clients that ask for much and read nothing, or ask without an end, at a real broker.
using namespace sense;
using namespace std::string_literals;
using bus::Operation;

namespace {

constexpr std::size_t mib = 1024 * 1024;
// An answer may exceed its reservation by one record.
static_assert(Reader::reply_octets_max == 2 * mib && AnswerBudget::small_octets_max == mib / 4);
constexpr std::size_t answer_max = Reader::reply_octets_max + encoded_event_length_max + 1024;

// Reads only what the test asks for: libzmq keeps one message, the system some.
struct DeafClient : Peer {
  explicit DeafClient(const RunningBroker& broker) : Peer(zmq::socket_type::dealer) {
    socket().set(zmq::sockopt::rcvhwm, 1);
    socket().set(zmq::sockopt::rcvbuf, 64 * 1024);
    socket().connect(broker.endpoints().service);
  }
  void ask_for_all(std::uint64_t times) {
    bus::Request request;
    request.operation = Operation::fetch;
    request.from = 1;
    request.prefixes = {"{"};
    request.bytes_max = UINT64_MAX;
    for (request.id = 1; request.id <= times; ++request.id) send({bus::encode(request)});
  }
};

struct UnreadFixture {
  explicit UnreadFixture(RunningBroker::Change change = {}) : broker(std::move(change)) {
    broker.start();
    client = std::make_unique<Client>(broker);
  }
  void publish_big(int events) {
    for (int i = 0; i < events; ++i) {
      auto big = make_event("big" + std::to_string(i));
      big.data.assign(mib, 'x');
      BOOST_REQUIRE(client->publish({encode(big)}).code == Code::noerror);
    }
  }
  [[nodiscard]] std::uint64_t counter(const std::string& name) {
    const auto text = client->parameter("counter.broker." + name);
    return text.empty() ? 0 : std::stoull(text);
  }
  // Every operation of the other client is served.
  void check_served() {
    const auto id = "served" + std::to_string(++served);
    BOOST_CHECK(client->publish({encode(make_event(id))}).published[0].code == Code::noerror);
    BOOST_CHECK(!client->fetch(1).records.empty());
    BOOST_CHECK(client->ask_for(Operation::head).code == Code::noerror);
    bus::Request list;
    list.id = ++client->id;
    list.operation = Operation::list;
    list.kind = "gateway";
    BOOST_CHECK(client->ask(list).code == Code::noerror);
  }

  RunningBroker broker;
  std::unique_ptr<Client> client;
  int served = 0;
};

void set(BrokerConfig& config, const char* key, const char* value) {
  BOOST_REQUIRE(config.settings.set(key, value));
}

}  // namespace

BOOST_AUTO_TEST_SUITE(unread_answers_tests)

BOOST_AUTO_TEST_CASE(unread_fetches_hold_bounded_octets_and_all_are_answered_once_read) {
  UnreadFixture fixture;
  fixture.publish_big(6);
  DeafClient deaf(fixture.broker);
  deaf.ask_for_all(120);
  for (int i = 0; i < 20; ++i) {
    fixture.check_served();
    BOOST_REQUIRE_LE(fixture.counter("answers.octets"), 8 * mib + answer_max);
  }
  BOOST_CHECK_GT(fixture.counter("answers.octets"), 0u);
  BOOST_CHECK_GT(fixture.counter("answers.awaited"), 0u);
  for (std::uint64_t id = 1; id <= 120; ++id) {
    const auto reply = deaf.reply(Operation::fetch);
    BOOST_REQUIRE_EQUAL(reply.id, id);
    BOOST_REQUIRE_GT(reply.next, 1u);
  }
  while (fixture.counter("answers.octets") != 0) {
  }
}

BOOST_AUTO_TEST_CASE(fetch_that_selects_nothing_ends_its_turn_after_16_mib_of_the_journal) {
  UnreadFixture fixture;
  fixture.publish_big(20);
  bus::Request request;
  request.operation = Operation::fetch;
  request.id = 1'000;
  request.from = 1;
  request.prefixes = {"{urn:none}"};
  request.bytes_max = UINT64_MAX;
  const auto reply = fixture.client->ask(request);
  BOOST_CHECK(reply.records.empty());
  BOOST_CHECK_EQUAL(reply.next, 17u);
  BOOST_CHECK_EQUAL(reply.head, 20u);
}

BOOST_AUTO_TEST_CASE(deaf_clients_of_a_principal_leave_an_answer_for_its_other_clients) {
  UnreadFixture fixture([](BrokerConfig& config) {
    set(config, "answers-size-per-principal", "2MiB");
    set(config, "answers-size", "4MiB");
  });
  fixture.publish_big(4);
  constexpr std::size_t clients = 12;
  std::vector<std::unique_ptr<DeafClient>> deaf;
  for (std::size_t i = 0; i < clients; ++i) {
    deaf.push_back(std::make_unique<DeafClient>(fixture.broker));
    deaf.back()->ask_for_all(20);
  }
  for (int i = 0; i < 20; ++i) {
    fixture.check_served();
    BOOST_REQUIRE_LE(
        fixture.counter("answers.octets"),
        2 * mib + clients * (AnswerBudget::small_octets_max + encoded_event_length_max + 1024));
  }
  BOOST_CHECK_GT(fixture.counter("answers.shortened"), 0u);
  for (auto& one : deaf)
    for (std::uint64_t id = 1; id <= 20; ++id)
      BOOST_REQUIRE_EQUAL(one->reply(Operation::fetch).id, id);
}

BOOST_AUTO_TEST_CASE(answers_and_requests_of_a_client_that_has_gone_are_dropped) {
  UnreadFixture fixture;
  fixture.publish_big(4);
  {
    DeafClient deaf(fixture.broker);
    deaf.ask_for_all(200);
    while (fixture.counter("answers.awaited") == 0) fixture.check_served();
  }
  while (fixture.counter("answers.octets") != 0 || fixture.counter("reads.dropped") == 0)
    fixture.check_served();
  BOOST_CHECK_GT(fixture.counter("answers.unsent"), 0u);
}

BOOST_AUTO_TEST_CASE(unread_lists_hold_bounded_octets) {
  UnreadFixture fixture;
  const std::string value(60'000, 'v');
  for (int i = 0; i < 40; ++i) {
    const auto key = "gateway" + std::to_string(i);
    bus::Request put;
    put.id = ++fixture.client->id;
    put.operation = Operation::put;
    put.kind = "gateway";
    put.key = key;
    put.value = value;
    BOOST_REQUIRE(fixture.client->ask(put).code == Code::noerror);
  }
  DeafClient deaf(fixture.broker);
  bus::Request list;
  list.operation = Operation::list;
  list.kind = "gateway";
  list.limit = 1'000;
  for (list.id = 1; list.id <= 200; ++list.id) deaf.send({bus::encode(list)});
  (void)fixture.client->publish({encode(make_event("1"))});
  for (int i = 0; i < 20; ++i) {
    fixture.check_served();
    BOOST_REQUIRE_LE(fixture.counter("answers.octets"), 2 * bus::list_octets_max);
  }
  BOOST_CHECK_GT(fixture.counter("answers.awaited"), 0u);
  // Also one that was made shorter says that there is more.
  for (std::uint64_t id = 1; id <= 200; ++id) {
    const auto reply = deaf.reply(Operation::list);
    BOOST_REQUIRE_EQUAL(reply.id, id);
    BOOST_REQUIRE_EQUAL(reply.more, reply.entries.size() < 40);
  }
}

BOOST_AUTO_TEST_CASE(client_that_reads_no_answers_is_refused_before_anything_is_done) {
  UnreadFixture fixture(
      [](BrokerConfig& config) { set(config, "answers-size-per-client", "1MiB"); });
  bus::Request put;
  put.id = ++fixture.client->id;
  put.operation = Operation::put;
  put.kind = "gateway";
  put.key = "big";
  const std::string value(60'000, 'v');
  put.value = value;
  BOOST_REQUIRE(fixture.client->ask(put).code == Code::noerror);
  DeafClient deaf(fixture.broker);
  bus::Request get;
  get.operation = Operation::get;
  get.kind = "gateway";
  get.key = "big";
  std::uint64_t refused = 0;
  while (refused == 0) {
    for (int i = 0; i < 10; ++i) {
      ++get.id;
      deaf.send({bus::encode(get)});
    }
    fixture.check_served();
    refused = fixture.counter("answers.refused");
    BOOST_REQUIRE_LT(get.id, 500u);
  }
  const auto published = fixture.client->publish({encode(make_event("other"))});
  BOOST_CHECK(published.published[0].code == Code::noerror);
  bool told = false;
  for (std::uint64_t i = 0; i < get.id; ++i)
    told = deaf.reply(Operation::get).code == Code::nomoreroom || told;
  BOOST_CHECK(told);
}

BOOST_AUTO_TEST_CASE(fetch_behind_a_thousand_of_another_principal_is_answered_among_the_first) {
  SecuredBroker secured(SecuredBroker::Principals{{"A", "subscribe: [\"*\"]"}});
  secured.broker().start();
  Client local(secured.broker());
  for (int i = 0; i < 4; ++i) {
    auto big = make_event("big" + std::to_string(i));
    big.data.assign(mib, 'x');
    (void)local.publish({encode(big)});
  }
  std::vector<std::unique_ptr<KeyPeer>> flood;
  bus::Request request;
  request.operation = Operation::fetch;
  request.from = 1;
  request.prefixes = {"{"};
  request.bytes_max = UINT64_MAX;
  for (int i = 0; i < 4; ++i) {
    flood.push_back(std::make_unique<KeyPeer>(zmq::socket_type::dealer, secured.tcp().service,
                                              secured.keys("A"), secured.public_key()));
    request.id = 1;
    BOOST_REQUIRE(flood.back()->ask(request).code == Code::noerror);
  }
  for (auto& one : flood)
    for (request.id = 2; request.id <= 256; ++request.id) one->send({bus::encode(request)});
  // Some are answered, so that the others wait.
  (void)flood.back()->reply(Operation::fetch);
  for (int i = 0; i < 10; ++i) BOOST_REQUIRE(!local.fetch(1).records.empty());
  std::size_t answered = 0;
  for (auto& one : flood)
    while (one->hears(std::chrono::milliseconds{0})) {
      (void)one->reply(Operation::fetch);
      ++answered;
    }
  BOOST_CHECK_LT(answered, 1'000u);
}

BOOST_AUTO_TEST_CASE(reads_of_a_principal_beyond_its_number_are_refused_and_others_served) {
  SecuredBroker secured(SecuredBroker::Principals{{"A", "subscribe: [\"*\"]"}},
                        [](BrokerConfig& config) { set(config, "reads-per-principal-max", "3"); });
  secured.broker().start();
  Client local(secured.broker());
  auto big = make_event("big");
  big.data.assign(mib, 'x');
  (void)local.publish({encode(big)});
  KeyPeer flood(zmq::socket_type::dealer, secured.tcp().service, secured.keys("A"),
                secured.public_key());
  bus::Request request;
  request.operation = Operation::fetch;
  request.from = 1;
  request.prefixes = {"{"};
  request.bytes_max = UINT64_MAX;
  std::size_t refused = 0;
  while (refused == 0) {
    for (request.id = 1; request.id <= 100; ++request.id) flood.send({bus::encode(request)});
    BOOST_CHECK(!local.fetch(1).records.empty());
    for (int i = 0; i < 100; ++i) {
      const auto reply = flood.reply(Operation::fetch);
      BOOST_REQUIRE(reply.code == Code::noerror || reply.code == Code::nomoreroom);
      refused += reply.code == Code::nomoreroom ? 1 : 0;
    }
  }
  BOOST_CHECK_EQUAL(local.parameter("counter.broker.reads.refused"), std::to_string(refused));
}

BOOST_AUTO_TEST_SUITE_END()
