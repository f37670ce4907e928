// SPDX-License-Identifier: Apache-2.0
#include "broker/security/event_stream.hpp"

#include <sys/resource.h>

#include <boost/test/unit_test.hpp>
#include <optional>

#include "tests/broker/peers.hpp"

using namespace sense;

namespace {

// While it lives, this process cannot open a file.
class NoDescriptors {
 public:
  NoDescriptors() {
    BOOST_REQUIRE(::getrlimit(RLIMIT_NOFILE, &before_) == 0);
    rlimit none = before_;
    none.rlim_cur = 3;
    BOOST_REQUIRE(::setrlimit(RLIMIT_NOFILE, &none) == 0);
  }
  ~NoDescriptors() { ::setrlimit(RLIMIT_NOFILE, &before_); }
  NoDescriptors(const NoDescriptors&) = delete;
  NoDescriptors& operator=(const NoDescriptors&) = delete;

 private:
  rlimit before_{};
};

std::shared_ptr<const AccessList> everything() { return std::make_shared<const AccessList>(); }
std::shared_ptr<const AccessList> nothing() {
  return std::make_shared<const AccessList>(
      std::vector<Principal>{{std::string(principal_local), {}, std::make_shared<const Rights>()}});
}

// Notes who is kept off the live stream, and until when.
class NotingAuthenticator : public Authenticator {
 public:
  [[nodiscard]] std::shared_ptr<const AccessList> access() const override { return everything(); }
  [[nodiscard]] std::uint64_t version() const override { return 1; }
  void suspend_from_events(const std::string& user_id, MonoTime until) override {
    suspended.emplace_back(user_id, until);
  }
  [[nodiscard]] std::optional<Error> failure() const override { return std::nullopt; }
  void expect(const std::string&) override {}

  std::vector<std::pair<std::string, MonoTime>> suspended;
};

// The live stream of a broker in virtual time.
struct StreamFixture {
  StreamFixture() { BOOST_REQUIRE(stream.open({{endpoint, "events"}}, everything()).has_value()); }
  bool pass(Duration time) {
    clock.advance(time);
    stream.receive(clock.now().mono);
    return stream.tick(clock.now().mono);
  }
  // Whether a subscriber of everything hears something within some passes.
  bool hears() {
    Peer subscriber(zmq::socket_type::sub, endpoint);
    std::array<zmq::pollitem_t, 1> items = {{bus::readable(subscriber.socket())}};
    for (int i = 0; i < 400; ++i) {
      (void)pass(EventStream::make_interval);
      (void)bus::send(socket, {"topic", "x"});
      BOOST_REQUIRE(bus::poll(items, std::chrono::milliseconds{5}));
      if ((items[0].revents & ZMQ_POLLIN) != 0) return true;
    }
    return false;
  }
  [[nodiscard]] std::uint64_t unmade() { return counters["broker.events.unmade"].load(); }

  TemporaryFolder folder;
  const std::string endpoint = "ipc://" + (folder / "e");
  zmq::context_t context;
  Counters counters;
  std::unique_ptr<Authenticator> authenticator = *Authenticator::start(context, "", counters);
  zmq::socket_t socket;
  VirtualClock clock;
  EventStream stream{context, socket, *authenticator, counters, 1'000};
};

}  // namespace

BOOST_AUTO_TEST_SUITE(event_stream_tests)

BOOST_AUTO_TEST_CASE(without_a_descriptor_no_peer_receives_and_the_stream_comes_back) {
  StreamFixture fixture;
  BOOST_REQUIRE(fixture.hears());
  {
    const NoDescriptors none;
    fixture.stream.allow(nothing(), fixture.clock.now().mono);
    BOOST_CHECK_EQUAL(fixture.unmade(), 1u);
    BOOST_CHECK(fixture.socket.handle() == nullptr);  // and so no one has his former rights
    BOOST_CHECK(bus::send(fixture.socket, {"topic", "x"}) == bus::Sent::unsent);
    // Not again at once, and without a hurry.
    BOOST_CHECK(fixture.pass(Duration{0}));
    BOOST_CHECK_EQUAL(fixture.unmade(), 1u);
    BOOST_CHECK(fixture.pass(EventStream::make_interval));
    BOOST_CHECK_EQUAL(fixture.unmade(), 2u);
    // Changed meanwhile: the new socket has the last rights.
    fixture.stream.allow(everything(), fixture.clock.now().mono);
    BOOST_CHECK_EQUAL(fixture.unmade(), 3u);
  }
  BOOST_CHECK(fixture.hears());
  BOOST_CHECK(fixture.socket.handle() != nullptr);
  BOOST_CHECK_EQUAL(fixture.unmade(), 3u);
}

BOOST_AUTO_TEST_CASE(stream_that_comes_back_has_the_changed_rights) {
  StreamFixture fixture;
  {
    const NoDescriptors none;
    fixture.stream.allow(nothing(), fixture.clock.now().mono);
  }
  BOOST_CHECK(!fixture.hears());
  BOOST_CHECK(fixture.socket.handle() != nullptr);
  BOOST_CHECK_GT(fixture.counters["broker.subscriptions.refused"].load(), 0u);
}

BOOST_AUTO_TEST_CASE(stream_that_cannot_be_made_at_the_start_is_a_failure) {
  StreamFixture other;  // the context needs descriptors of its own
  zmq::socket_t socket;
  EventStream stream(other.context, socket, *other.authenticator, other.counters, 1'000);
  const NoDescriptors none;
  const auto status = stream.open({{"ipc://" + (other.folder / "f"), "events"}}, everything());
  BOOST_REQUIRE(!status);
  BOOST_CHECK(status.error().code == Code::nomoreroom);
}

BOOST_AUTO_TEST_CASE(principal_over_its_limit_is_counted_anew_once_and_then_kept_off_for_a_minute) {
  using std::chrono::seconds;
  StreamFixture other;  // its authenticator admits the peers
  NotingAuthenticator noting;
  zmq::socket_t socket;
  EventStream stream(other.context, socket, noting, other.counters, 10);
  BOOST_REQUIRE(stream.open({{"tcp://127.0.0.1:*", "events"}}, nothing()));
  const auto endpoint = socket.get(zmq::sockopt::last_endpoint);
  const auto& rebound = other.counters["broker.events.rebound"];
  MonoTime now{seconds{1'000}};
  const auto exceed = [&] {
    const auto before = rebound.load();
    std::optional<Peer> greedy;
    std::array<zmq::pollitem_t, 1> items = {{bus::readable(socket)}};
    // A peer that met the listener while it was closed begins anew.
    for (int round = 0; rebound.load() == before; ++round) {
      if (round % 100 == 0) {
        greedy.emplace(zmq::socket_type::sub);
        for (int i = 0; i < 11; ++i)
          greedy->socket().set(zmq::sockopt::subscribe, "t" + std::to_string(i));
        greedy->socket().connect(endpoint);
      }
      items[0] = bus::readable(socket);
      BOOST_REQUIRE(bus::poll(items, std::chrono::milliseconds{20}));
      stream.receive(now += std::chrono::milliseconds{1});
      (void)stream.tick(now);
    }
  };
  exceed();
  BOOST_CHECK(noting.suspended.empty());
  exceed();
  BOOST_REQUIRE_EQUAL(noting.suspended.size(), 1U);
  BOOST_CHECK_EQUAL(noting.suspended[0].first, "plaintext");
  BOOST_CHECK(noting.suspended[0].second == now + seconds{60});
  now += seconds{61};
  exceed();
  BOOST_CHECK_EQUAL(noting.suspended.size(), 1U);
}

BOOST_AUTO_TEST_SUITE_END()
