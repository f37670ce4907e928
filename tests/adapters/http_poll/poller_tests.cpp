// SPDX-License-Identifier: Apache-2.0
// Requests over sockets, to servers that do what they like.
#include "adapters/http_poll/poller.hpp"

#include <boost/asio/io_context.hpp>
#include <boost/test/unit_test.hpp>
#include <sstream>

#include "core/base/file.hpp"
#include "core/storage/database.hpp"
#include "tests/core/egress/loopback_server.hpp"
#include "tests/core/storage/temporary_folder.hpp"

using namespace sense;
using namespace sense::http_poll;
using namespace sense::test;
using namespace std::chrono_literals;

namespace {

constexpr auto patience = 30s;

// Acknowledges, refuses, or keeps the question.
class FakePublisher final : public Publisher {
 public:
  void publish(const Event& event, Done done) override {
    BOOST_CHECK(validate(event));
    events.push_back(event);
    if (refusal) return done(tl::unexpected(*refusal));
    if (hold) return held.push_back(std::move(done));
    done(Receipt{events.size(), false});
  }
  std::vector<Event> events;
  std::optional<Error> refusal;
  bool hold = false;
  std::vector<Done> held;
};

struct Fixture {
  Fixture() {
    options.bounds = {1ms, 50ms};
    options.transfer.total_timeout = 2s;
    options.transfer.body_max = 10'000;
  }
  ~Fixture() {
    if (poller) poller->stop();
  }
  void poll(const std::string& url, const std::string& words = "") {
    options.resources.push_back(
        *parse_resource(url + words, {1ms, *QName::parse("{urn:x}resource")}));
  }
  void poll(const LoopbackServer& server, const std::string& path = "/a") {
    poll("http://127.0.0.1:" + std::to_string(server.port()) + path);
  }
  void start() {
    poller.reset();
    poller = make_poller(options, context);
    const auto started = poller->start();
    BOOST_REQUIRE_MESSAGE(started, started.error().message);
  }
  // As a kill does: no acknowledgement is waited for.
  void restart() {
    poller->stop();
    start();
  }
  template <class Condition>
  void run_until(Condition condition) {
    const auto end = mono_now() + patience;
    while (!condition() && mono_now() < end) reactor.run_for(5ms), reactor.restart();
    BOOST_REQUIRE(condition());
  }
  void wait_for(const char* counter, std::uint64_t count) {
    run_until([&] { return counters[counter] >= count; });
  }
  std::uint64_t requests() { return counters["http-poll.requests"]; }

  TemporaryFolder place;
  boost::asio::io_context reactor;
  Counters counters;
  FakePublisher publisher;
  EgressPolicy egress = *EgressPolicy::make({"127.0.0.1"});
  AdapterContext context{"test",    system_clock(), counters,      reactor,
                         publisher, egress,         place / "kept"};
  PollerOptions options;
  std::unique_ptr<Adapter> poller;
};

}  // namespace

BOOST_FIXTURE_TEST_SUITE(poller_tests, Fixture)

// Each costs at most the time-out and body_max, and another resource is asked meanwhile.
BOOST_AUTO_TEST_CASE(a_server_that_does_not_end_holds_up_no_other) {
  struct Attack {
    const char* counter;
    LoopbackServer::Serve serve;
  };
  const auto endless = [](const std::string& begin, const std::string& piece) {
    return [begin, piece](LoopbackServer::Peer& peer) {
      (void)peer.read_until("\r\n\r\n");
      peer.write(begin);
      for (int i = 0; i < 4096; ++i) peer.write(piece);
      peer.wait_for_close();
    };
  };
  const auto silent_after = [](const std::string& begin) {
    return [begin](LoopbackServer::Peer& peer) {
      (void)peer.read_until("\r\n\r\n");
      peer.write(begin);
      peer.wait_for_close();
    };
  };
  const std::string ok = "HTTP/1.1 200 OK\r\n";
  std::string many;
  for (int i = 0; i < 1000; ++i) many += "X-" + std::to_string(i) + ": y\r\n";
  const std::vector<Attack> attacks = {
      {"http-poll.failed.too-long", endless(ok + "\r\n", std::string(65'536, 'x'))},
      {"http-poll.failed.too-long", endless(ok + "Transfer-Encoding: chunked\r\n\r\n",
                                            "1000\r\n" + std::string(4096, 'x') + "\r\n")},
      {"http-poll.failed.connection", endless(ok, many)},
      {"http-poll.failed.timeout", silent_after(ok + "Content-Len")},
      {"http-poll.failed.timeout", silent_after("")},
      {"http-poll.failed.body", silent_after(ok + "Content-Length: 100\r\n\r\nhalf")},
      {"http-poll.failed.body", http_answers([](const auto&) {
         return http_answer("200 OK", "Content-Encoding: gzip\r\n", std::string(5000, 'z'));
       })},
      {"http-poll.failed.redirect",
       http_answers([](const auto&) { return http_answer("302 Found", "Location: /b\r\n"); })}};
  for (const auto& attack : attacks) {
    LoopbackServer bad(attack.serve);
    LoopbackServer good(http_answers([](const auto&) { return http_answer("200 OK", "", "x"); }));
    options.resources.clear();
    poll(bad);
    poll(good);
    const auto before = counters[attack.counter].load();
    const auto unchanged = counters["http-poll.unchanged"].load();
    start();
    run_until([&] { return counters[attack.counter] > before; });
    run_until([&] { return counters["http-poll.unchanged"] > unchanged + 2; });
    poller->stop();
  }
  for (const auto& event : publisher.events) BOOST_CHECK_EQUAL(event.data, "x");
}

BOOST_AUTO_TEST_CASE(a_server_that_changes_always_is_asked_no_more_often) {
  options.bounds = {200ms, 1s};
  std::atomic<int> count{0};
  LoopbackServer server(http_answers([&](const auto&) {
    const auto text = std::to_string(++count);
    return http_answer("200 OK", "ETag: \"" + text + "\"\r\nCache-Control: max-age=0\r\n", text);
  }));
  poll(server);
  const auto before = mono_now();
  start();
  run_until([&] { return publisher.events.size() == 4; });
  BOOST_CHECK_GE((mono_now() - before).count(), Duration(600ms).count());
}

BOOST_AUTO_TEST_CASE(this_machine_is_polled_only_when_the_egress_policy_says_so) {
  egress = EgressPolicy();
  LoopbackServer server(http_answers([](const auto&) { return http_answer("200 OK"); }));
  poll(server);
  start();
  wait_for("http-poll.failed.denied", 2);
  BOOST_CHECK_EQUAL(server.connections(), 0U);
  BOOST_CHECK(publisher.events.empty());
}

BOOST_AUTO_TEST_CASE(no_more_requests_are_under_way_than_allowed) {
  std::atomic<int> now{0}, most{0};
  std::mutex mutex;
  std::condition_variable changed;
  bool open = false;
  LoopbackServer server([&](LoopbackServer::Peer& peer) {
    (void)peer.read_until("\r\n\r\n");
    most = std::max<int>(most, ++now);
    {
      std::unique_lock lock(mutex);
      changed.wait_for(lock, patience, [&] { return open; });
    }
    --now;
    peer.write("HTTP/1.1 200 OK\r\nConnection: close\r\nContent-Length: 1\r\n\r\nx");
  });
  options.transfer.total_timeout = 30s;
  options.limits = {3, 3};
  for (int i = 0; i < 12; ++i) poll(server, "/" + std::to_string(i));
  start();
  run_until([&] { return now == 3; });
  BOOST_CHECK_EQUAL(requests(), 3U);
  {
    const std::lock_guard lock(mutex);
    open = true;
  }
  changed.notify_all();
  run_until([&] { return publisher.events.size() == 12; });
  BOOST_CHECK_LE(most, 3);
}

BOOST_AUTO_TEST_CASE(a_condition_is_sent_and_not_modified_is_no_event) {
  std::atomic<int> conditional{0};
  LoopbackServer server(http_answers([&](const HttpSeen& seen) {
    if (seen.value("if-none-match") != "\"1\"")
      return http_answer("200 OK", "ETag: \"1\"\r\n", "one");
    ++conditional;
    return http_answer("304 Not Modified", "ETag: \"1\"\r\n");
  }));
  poll(server);
  start();
  run_until([&] { return conditional >= 2; });
  restart();
  const int before = conditional;
  run_until([&] { return conditional >= before + 2; });  // known after the restart, too
  BOOST_CHECK_EQUAL(publisher.events.size(), 1U);
}

BOOST_AUTO_TEST_CASE(an_event_whose_acknowledgement_was_not_seen_comes_again_with_its_id) {
  LoopbackServer server(
      http_answers([](const auto&) { return http_answer("200 OK", "ETag: \"1\"\r\n", "one"); }));
  poll(server);
  publisher.hold = true;
  start();
  run_until([&] { return publisher.events.size() == 1; });
  reactor.run_for(20ms);
  reactor.restart();
  BOOST_CHECK_EQUAL(requests(), 1U);  // nothing else is asked of it meanwhile
  publisher.held.clear();
  publisher.hold = false;
  restart();
  wait_for("http-poll.unchanged", 1);
  BOOST_REQUIRE_EQUAL(publisher.events.size(), 2U);
  BOOST_CHECK_EQUAL(publisher.events[0].id, publisher.events[1].id);
  restart();
  wait_for("http-poll.unchanged", 3);
  BOOST_CHECK_EQUAL(publisher.events.size(), 2U);
}

// The broker may have "two" or not: without what was stored before, the way back would be no event.
BOOST_AUTO_TEST_CASE(a_change_back_behind_a_kill_is_not_missed) {
  std::atomic<bool> changed{false};
  LoopbackServer server(http_answers([&](const HttpSeen& seen) {
    const std::string text = changed ? "two" : "one";
    const auto etag = '"' + text + '"';
    return seen.value("if-none-match") == etag
               ? http_answer("304 Not Modified")
               : http_answer("200 OK", "ETag: " + etag + "\r\n", text);
  }));
  poll(server);
  start();
  wait_for("http-poll.unchanged", 1);
  publisher.hold = true;
  changed = true;
  run_until([&] { return publisher.events.size() == 2; });
  changed = false;
  publisher.held.clear();
  publisher.hold = false;
  restart();
  run_until([&] { return publisher.events.size() == 3; });
  BOOST_CHECK_EQUAL(publisher.events[2].data, "one");
  BOOST_CHECK_NE(publisher.events[2].id, publisher.events[0].id);
}

BOOST_AUTO_TEST_CASE(what_cannot_be_stored_is_not_published) {
  LoopbackServer server(http_answers([&](const auto&) {
    auto database = Database::open(place / "kept/http-poll.db", Database::Durability::normal);
    if (database) (void)database->execute("DROP TABLE IF EXISTS resources");
    return http_answer("200 OK", "", "one");
  }));
  poll(server);
  start();
  wait_for("http-poll.failed.state", 2);
  BOOST_CHECK(publisher.events.empty());
}

BOOST_AUTO_TEST_CASE(an_acknowledgement_after_the_stop_is_kept_and_after_the_end_harmless) {
  LoopbackServer server(http_answers([](const auto&) { return http_answer("200 OK", "", "one"); }));
  poll(server);
  publisher.hold = true;
  start();
  run_until([&] { return publisher.held.size() == 1; });
  poller->stop();
  publisher.held[0](Receipt{1, false});
  poller.reset();
  publisher.held[0](Receipt{1, false});
  publisher.hold = false;
  start();
  wait_for("http-poll.unchanged", 1);
  BOOST_CHECK_EQUAL(publisher.events.size(), 1U);
}

BOOST_AUTO_TEST_CASE(an_event_that_the_broker_refuses_is_tried_again) {
  LoopbackServer server(http_answers([](const auto&) { return http_answer("200 OK", "", "one"); }));
  poll(server);
  publisher.refusal = Error{Code::noaccess, "no right to publish this type"};
  start();
  wait_for("http-poll.failed.publish", 2);
  publisher.refusal.reset();
  wait_for("http-poll.unchanged", 1);
  for (const auto& event : publisher.events) BOOST_CHECK_EQUAL(event.id, publisher.events[0].id);
  BOOST_CHECK_EQUAL(counters["http-poll.appeared"], 1U);
}

BOOST_AUTO_TEST_CASE(a_secret_file_that_is_gone_is_an_error_until_it_is_back) {
  LoopbackServer server(http_answers([](const HttpSeen& seen) {
    return seen.has("authorization: Bearer abc") ? http_answer("200 OK", "", "one")
                                                 : http_answer("401 Unauthorized");
  }));
  const auto file = place / "token";
  poll("http://127.0.0.1:" + std::to_string(server.port()) + "/", " token=" + file);
  start();
  wait_for("http-poll.failed.secret", 2);
  BOOST_CHECK_EQUAL(server.connections(), 0U);
  BOOST_REQUIRE(write_secret_file(file, "abc\n"));
  wait_for("http-poll.appeared", 1);
}

BOOST_AUTO_TEST_SUITE_END()
