// SPDX-License-Identifier: Apache-2.0
#include "broker/security/zap.hpp"

#include <boost/test/unit_test.hpp>
#include <functional>
#include <zmq.hpp>

#include "broker/listeners/listener_check.hpp"
#include "core/bus/keys.hpp"
#include "core/bus/zmq_socket.hpp"
#include "tests/broker/peers.hpp"

// The authenticator, and the test that the broker makes of it at start.
using namespace sense;
using namespace std::chrono_literals;

namespace {

const std::string octets(32, '\x07');
constexpr std::uint32_t own_user = 1000;

std::vector<std::string_view> request(std::string_view domain, std::string_view mechanism,
                                      std::vector<std::string_view> credentials,
                                      std::string_view address = "localhost:1000:1000:7") {
  std::vector<std::string_view> frames = {"1.0", "1", domain, address, "", mechanism};
  frames.insert(frames.end(), credentials.begin(), credentials.end());
  return frames;
}

ZapVerdict judged(const std::vector<std::string_view>& frames,
                  const AccessList& access = AccessList()) {
  const auto read = read_zap(frames);
  return read ? judge_zap(*read, access, own_user) : ZapVerdict{"500", "unread", {}};
}

// A CURVE endpoint whose ZAP answers come from a planted handler: nothing, or what it makes of a
// request.
class PlantedGate {
 public:
  using Frames = std::vector<std::string>;
  using Handler = std::function<Frames(const Frames&)>;

  // Without a handler, nothing listens at the authenticator's address. `enforced`: as the broker
  // binds.
  explicit PlantedGate(Handler handler, bool enforced = true) : handler_(std::move(handler)) {
    if (handler_) {
      zap_ = zmq::socket_t(context_, zmq::socket_type::router);
      zap_.set(zmq::sockopt::linger, 0);
      zap_.bind("inproc://zeromq.zap.01");
      thread_ = std::thread([this] { run(); });
    }
    socket_ = bus::make_socket(context_, zmq::socket_type::router, 1024).value();
    if (enforced) {
      const auto bound =
          bus::bind(socket_, bus::Listener{"tcp://127.0.0.1:*", "service", keys_.secret_key});
      BOOST_REQUIRE(bound);
    } else {
      socket_.set(zmq::sockopt::curve_server, 1);
      socket_.set(zmq::sockopt::curve_secretkey, keys_.secret_key);
      socket_.bind("tcp://127.0.0.1:*");
    }
  }
  ~PlantedGate() {
    stopping_.store(true);
    if (thread_.joinable()) thread_.join();
    BOOST_CHECK(!unsent_.load());
  }
  [[nodiscard]] std::string endpoint() const { return socket_.get(zmq::sockopt::last_endpoint); }
  [[nodiscard]] Status check(std::chrono::milliseconds timeout = 20s) const {
    return check_listener(endpoint(), "service", keys_.public_key, make_key_pair().value(),
                          timeout);
  }

 private:
  void run() {
    while (!stopping_.load()) {
      std::array<zmq::pollitem_t, 1> items = {{{zap_.handle(), 0, ZMQ_POLLIN, 0}}};
      zmq::poll(items.data(), items.size(), 20ms);
      const auto frames = bus::receive(zap_);
      if (!frames) continue;
      Frames body;
      for (std::size_t i = 2; i < frames->size(); ++i) body.emplace_back(bus::view((*frames)[i]));
      const auto answer = handler_(body);
      std::vector<std::string_view> out = {bus::view((*frames)[0]), bus::view((*frames)[1])};
      out.insert(out.end(), answer.begin(), answer.end());
      if (!answer.empty() && bus::send(zap_, out) != bus::Sent::queued) unsent_ = true;
    }
  }

  Handler handler_;
  KeyPair keys_ = make_key_pair().value();
  std::atomic<bool> stopping_ = false;
  std::atomic<bool> unsent_ = false;  // Boost.Test is not for several threads
  zmq::context_t context_;
  zmq::socket_t zap_;
  zmq::socket_t socket_;
  std::thread thread_;
};

PlantedGate::Frames answer(const PlantedGate::Frames& request, const std::string& code) {
  return {"1.0", request[1], code, "", "unknown", ""};
}

}  // namespace

BOOST_AUTO_TEST_SUITE(zap_tests)

BOOST_AUTO_TEST_CASE(the_domain_determines_the_principal_without_a_key) {
  const auto local = judged(request("local/events", "NULL", {}));
  BOOST_CHECK_EQUAL(local.status, "200");
  BOOST_CHECK_EQUAL(local.user_id, "local");
  const auto plaintext = judged(request("plaintext/service", "NULL", {}));
  BOOST_CHECK_EQUAL(plaintext.status, "200");
  BOOST_CHECK_EQUAL(plaintext.user_id, "plaintext");
}

BOOST_AUTO_TEST_CASE(user_of_the_process_is_its_principal_on_a_unix_socket) {
  const AccessList access({{"mailer", {{{Proof::Kind::user, "1002"}}}, Rights::all()}});
  const std::vector<std::array<std::string, 3>> table = {
      // address, status, user id
      {"localhost:1000:1000:7", "200", "local"},  // the broker's own
      {"localhost:0:0:7", "200", "local"},
      {"localhost:1002:1000:7", "200", "user/1002"},
      {"localhost:1003:0:7", "400", ""},
      {"localhost:1003:1000:1000", "400", ""},
      {"localhost", "500", ""},
      {"127.0.0.1", "500", ""},
      {"", "500", ""},
      {"localhost::1000:7", "500", ""},
      {"localhost:-1:0:7", "500", ""},
      {"localhost:4294967296:0:7", "500", ""},
      {"localhost:0:0:0:7", "500", ""},
  };
  for (const auto& [address, status, user_id] : table) {
    const auto verdict = judged(request("local/service", "NULL", {}, address), access);
    BOOST_CHECK_MESSAGE(verdict.status == status, address << " " << verdict.status);
    BOOST_CHECK_EQUAL(verdict.user_id, user_id);
  }
  BOOST_CHECK_EQUAL(access.find("user/1002")->name, "mailer");
  // An entry for the broker's own user goes before `local`.
  const AccessList own(
      {{"all", {{{Proof::Kind::user, "1000"}}}, std::make_shared<const Rights>()}});
  BOOST_CHECK_EQUAL(judged(request("local/service", "NULL", {}), own).user_id, "user/1000");
}

BOOST_AUTO_TEST_CASE(a_key_is_admitted_when_the_access_file_has_it) {
  const auto made = request("curve/service", "CURVE", {octets});
  BOOST_CHECK_EQUAL(judged(made).status, "400");
  std::string key(41, '\0');
  zmq_z85_encode(key.data(), reinterpret_cast<const std::uint8_t*>(octets.data()), octets.size());
  key.pop_back();
  const AccessList access({{"shop", {{{Proof::Kind::curve, key}}}, Rights::all()}});
  BOOST_CHECK_EQUAL(judged(made, access).status, "200");
  BOOST_CHECK_EQUAL(judged(made, access).user_id, key);
  const std::string other(32, '\x08');
  BOOST_CHECK_EQUAL(judged(request("curve/service", "CURVE", {other}), access).status, "400");
}

BOOST_AUTO_TEST_CASE(what_is_not_exactly_right_is_never_admitted) {
  const std::string shorter(31, '\x07');
  const std::vector<std::vector<std::string_view>> requests = {
      {},
      {"1.0"},
      {"1.0", "1", "local/events", "127.0.0.1", ""},
      {"2.0", "1", "local/events", "127.0.0.1", "", "NULL"},
      {"", "1", "local/events", "127.0.0.1", "", "NULL"},
      request("", "NULL", {}),
      request("other/events", "NULL", {}),
      request("localhost", "NULL", {}),
      request("curve/events", "NULL", {}),
      request("local/events", "NULL", {"x"}),
      request("local/events", "PLAIN", {"user", "password"}),
      request("curve/events", "PLAIN", {"user", "password"}),
      request("curve/events", "GSSAPI", {"x"}),
      request("local/events", "CURVE", {octets}),
      request("plaintext/events", "CURVE", {octets}),
      request("curve/events", "CURVE", {}),
      request("curve/events", "CURVE", {shorter}),
      request("curve/events", "CURVE", {octets, octets}),
  };
  for (const auto& frames : requests) {
    const auto verdict = judged(frames);
    BOOST_CHECK_NE(verdict.status, "200");
    BOOST_CHECK(verdict.user_id.empty());
  }
}

BOOST_AUTO_TEST_CASE(a_handler_that_refuses_passes_the_check) {
  BOOST_CHECK(
      PlantedGate([](const auto& request) { return answer(request, "400"); }).check().has_value());
}

BOOST_AUTO_TEST_CASE(a_handler_that_accepts_every_key_is_detected) {
  const auto checked =
      PlantedGate([](const auto& request) { return answer(request, "200"); }).check();
  BOOST_REQUIRE(!checked);
  BOOST_CHECK_NE(checked.error().message.find("was accepted"), std::string::npos);
}

BOOST_AUTO_TEST_CASE(a_server_without_any_authenticator_is_found_out) {
  const auto checked = PlantedGate({}, false).check();
  BOOST_REQUIRE(!checked);
  BOOST_CHECK_NE(checked.error().message.find("was accepted"), std::string::npos);
}

BOOST_AUTO_TEST_CASE(absent_silent_and_erring_handlers_accept_no_connection) {
  const std::vector<PlantedGate::Handler> handlers = {
      {},
      [](const auto&) { return PlantedGate::Frames{}; },
      [](const auto& request) { return answer(request, "500"); },
      [](const auto& request) { return answer(request, "300"); },
      [](const auto& request) { return answer(request, "2000"); },
      [](const auto& request) { return answer(request, ""); },
      [](const auto&) { return PlantedGate::Frames{"1.0", "other id", "200", "", "x", ""}; },
      [](const auto& request) {
        return PlantedGate::Frames{"9.9", request[1], "200", "", "x", ""};
      },
      [](const auto&) { return PlantedGate::Frames{"200"}; },
  };
  for (std::size_t i = 0; i < handlers.size(); ++i) {
    const auto checked = PlantedGate(handlers[i]).check(300ms);
    BOOST_CHECK_MESSAGE(
        (checked || checked.error().message.find("was accepted") == std::string::npos),
        "handler " << i);
  }
}

BOOST_AUTO_TEST_CASE(unix_socket_admits_no_peer_without_an_authenticator) {
  TemporaryFolder folder;
  for (const bool present : {false, true}) {
    zmq::context_t context;
    Counters counters;
    std::unique_ptr<Authenticator> authenticator;
    if (present) authenticator = *Authenticator::start(context, "", counters);
    auto socket = bus::make_socket(context, zmq::socket_type::router, 1024).value();
    const auto endpoint = "ipc://" + (folder / std::to_string(present));
    BOOST_REQUIRE(bus::bind(socket, bus::Listener{endpoint, "service", ""}));
    Peer peer(zmq::socket_type::dealer, endpoint);
    peer.send({"x"});
    std::array<zmq::pollitem_t, 1> items = {{bus::readable(socket)}};
    BOOST_CHECK_EQUAL(zmq::poll(items.data(), items.size(), present ? 20s : 300ms),
                      present ? 1 : 0);
  }
}

BOOST_AUTO_TEST_CASE(no_verdict_in_time_is_no_pass) {
  const auto checked = PlantedGate([](const auto&) { return PlantedGate::Frames{}; }).check(200ms);
  BOOST_REQUIRE(!checked);
  BOOST_CHECK_NE(checked.error().message.find("no result within 200 ms"), std::string::npos);
}

BOOST_AUTO_TEST_CASE(the_authenticator_refuses_unknown_keys_on_the_wire) {
  zmq::context_t context;
  Counters counters;
  auto authenticator = Authenticator::start(context, "", counters);
  BOOST_REQUIRE(authenticator);
  const auto keys = make_key_pair().value();
  const auto unknown_key = make_key_pair().value();
  auto socket = bus::make_socket(context, zmq::socket_type::router, 1024).value();
  const bus::Listener listener{"tcp://127.0.0.1:*", "service", keys.secret_key};
  BOOST_REQUIRE(bus::bind(socket, listener));
  const auto endpoint = socket.get(zmq::sockopt::last_endpoint);
  // The refusal is not permanent, since the access file may name the key later.
  const auto waits = check_listener(endpoint, "service", keys.public_key, unknown_key, 500ms);
  BOOST_REQUIRE(!waits);
  BOOST_CHECK_NE(waits.error().message.find("had no result"), std::string::npos);
  // libzmq tries again by itself, as often as the time allows.
  const auto unknown = counters["broker.keys.unknown"].load();
  BOOST_CHECK_GE(unknown, 1u);
  const auto expected = make_key_pair().value();
  (*authenticator)->expect(expected.public_key);
  BOOST_CHECK(check_listener(endpoint, "service", keys.public_key, expected, 20s).has_value());
  BOOST_CHECK_EQUAL(counters["broker.keys.unknown"], unknown);
  // Two in one context are one too many.
  BOOST_CHECK(!Authenticator::start(context, "", counters));
}

BOOST_AUTO_TEST_SUITE_END()
