// SPDX-License-Identifier: Apache-2.0
#include <boost/test/unit_test.hpp>

#include "tests/broker/secured_broker.hpp"

// What each principal may do, at the sockets of a real broker: by a connection of its own, and
// through a gateway, for a client of this machine and for one of another. The table below is the
// claim; it is not computed by what it tests.
using namespace sense;
using bus::Operation;

namespace {

struct Row {
  std::string name;
  std::string rights;   // as in the access file
  std::string allowed;  // by operation, in the order of operations(): '+' or '-'
};

// publish:  a  b  to-a-group  management  gateways'  audit  a test of another's subscription
// fetch:    a  for-a-group  management-of-others  audit
// registry: own-of-a  own-of-b  of-another-owner  get-others  remove-others  list-others
//           list-gateways  put-a-gateway
// others:   head  parameters  proofs
const std::vector<Row> rows = {
    {"none", "publish: []", "------- ---- -------- ++-"},
    {"writer", "publish: [\"{urn:a}*\"]", "+------ ---- -------- ++-"},
    {"router", "publish: [\"{urn:a}*\"], route: [staff]", "+-+---- ---- -------- ++-"},
    {"reader", "subscribe: [\"{urn:a}*\"]", "------- ++-- +------- ++-"},  // in staff
    {"all", "publish: [\"*\"], subscribe: [\"*\"], route: [\"*\"]", "+++---- +--- ++------ ++-"},
    {"lister", "subscribe: [\"{urn:sense:management}*\"], list: true", "------- --+- ---+-++- ++-"},
    {"watcher", "subscribe: [\"{urn:a}*\", \"{urn:sense:management}*\"]",
     "------- +--- +------- ++-"},
    {"auditor", "audit: true", "------- ---+ -------- ++-"},
    {"manager",
     "publish: [\"{urn:sense:management}*\", \"{urn:sense:gateway}*\"], subscribe: [\"*\", "
     "\"{urn:sense:management}*\"], manage: true",
     "---++-+ +++- ++++++++ ++-"},
    {"gate", "speak-for: [none, writer, router, reader, all, lister, watcher, auditor, anonymous]",
     "------- ---- -------- +++"},
};
constexpr auto groups = "groups:\n  - {name: staff, members: [reader]}\n";
const std::string of_anonymous_here = "+++---- +--- ++------ ++-";
const std::string of_nothing = "------- ---- -------- ++-";

bool is_refused(Code code) { return code == Code::noaccess || code == Code::notfound; }

// One principal at one way in.
class Actor {
 public:
  Actor(KeyPeer& peer, std::string name, bus::OnBehalf client)
      : peer_(peer), name_(std::move(name)), client_(client) {}

  bool publishes(const char* type, std::vector<std::string> audience = {},
                 const std::string& subject = "x") {
    auto event = make_event("event-" + std::to_string(++last_id), type);
    event.audience = std::move(audience);
    event.subject = subject;
    const auto octets = encode(event);
    auto request = request_of(Operation::publish);
    request.client = {};
    request.events = {bus::PublishedEvent(octets, client_)};
    const auto reply = peer_.ask(request);
    return reply.code == Code::noerror && !is_refused(reply.published.at(0).code);
  }
  bool fetches(std::string_view prefix, std::string_view text) {
    auto request = request_of(Operation::fetch);
    request.from = 1;
    request.prefixes = {prefix};
    request.bytes_max = 1 << 20;
    const auto reply = peer_.ask(request);
    return reply.code == Code::noerror && reply.records.find(text) != std::string::npos;
  }
  bool subscribes(const char* type, const std::string& owner = "") {
    auto made = make_subscription("s-" + std::to_string(++last_id));
    made.owner = owner.empty() ? name_ : owner;
    made.types = {*TypePattern::parse(type)};
    made.state = SubscriptionState::pending;
    made.expires = system_clock().now().wall + std::chrono::hours{1};
    const auto value = to_json(made, true);
    return changes(Operation::put, "subscription", made.id, 0, value);
  }
  // With a revision that never was: what is allowed fails for that.
  bool removes(std::string_view key) {
    return changes(Operation::remove, "subscription", key, 999'999, {});
  }
  bool puts_gateway() { return changes(Operation::put, "gateway", "web", 999'999, "{}"); }
  bool gets(std::string_view key) {
    auto request = request_of(Operation::get);
    request.kind = "subscription";
    request.key = key;
    return !is_refused(peer_.ask(request).code);
  }
  bool lists(std::string_view kind, std::string_view key) {
    auto request = request_of(Operation::list);
    request.kind = kind;
    request.limit = 1'000;
    const auto reply = peer_.ask(request);
    return std::any_of(reply.entries.begin(), reply.entries.end(),
                       [&](const auto& entry) { return entry.key == key; });
  }
  bool asks(Operation operation) { return !is_refused(peer_.ask(request_of(operation)).code); }

  static inline int last_id = 0;

 private:
  bus::Request request_of(Operation operation) {
    bus::Request request;
    request.id = 1;
    request.operation = operation;
    request.client = client_;
    return request;
  }
  bool changes(Operation operation, std::string_view kind, std::string_view key,
               std::uint64_t revision, std::string_view value) {
    auto request = request_of(operation);
    request.kind = kind;
    request.key = key;
    request.revision = revision;
    request.value = value;
    return !is_refused(peer_.ask(request).code);
  }

  KeyPeer& peer_;
  const std::string name_;
  const bus::OnBehalf client_;
};

struct Deed {
  const char* name;
  bool (*succeeds)(Actor&);
};
const std::vector<Deed>& operations() {
  static const std::vector<Deed> all = {
      {"publish a", [](Actor& of) { return of.publishes("{urn:a}one"); }},
      {"publish b", [](Actor& of) { return of.publishes("{urn:b}one"); }},
      {"publish to a group", [](Actor& of) { return of.publishes("{urn:a}one", {"staff"}); }},
      {"publish management",
       [](Actor& of) { return of.publishes("{urn:sense:management}gateway-started"); }},
      {"publish between gateways",
       [](Actor& of) { return of.publishes("{urn:sense:gateway}standby"); }},
      {"publish audit", [](Actor& of) { return of.publishes("{urn:sense:audit}refused"); }},
      {"test another's",
       [](Actor& of) {
         return of.publishes("{urn:sense:management}subscription-test", {}, "others");
       }},
      {"fetch a", [](Actor& of) { return of.fetches("{urn:a}", "for-all"); }},
      {"fetch a group's", [](Actor& of) { return of.fetches("{urn:a}", "for-staff"); }},
      {"fetch management of others",
       [](Actor& of) { return of.fetches("{urn:sense:management}", "others"); }},
      {"fetch audit", [](Actor& of) { return of.fetches("{urn:sense:audit}", "urn:sense:audit"); }},
      {"subscribe to a", [](Actor& of) { return of.subscribes("{urn:a}one"); }},
      {"subscribe to b", [](Actor& of) { return of.subscribes("{urn:b}one"); }},
      {"subscribe for another", [](Actor& of) { return of.subscribes("{urn:a}one", "another"); }},
      {"get another's", [](Actor& of) { return of.gets("others"); }},
      {"remove another's", [](Actor& of) { return of.removes("others"); }},
      {"list others'", [](Actor& of) { return of.lists("subscription", "others"); }},
      {"list gateways", [](Actor& of) { return of.lists("gateway", "web"); }},
      {"put a gateway", [](Actor& of) { return of.puts_gateway(); }},
      {"head", [](Actor& of) { return of.asks(Operation::head); }},
      {"parameters", [](Actor& of) { return of.asks(Operation::parameters); }},
      {"proofs", [](Actor& of) { return of.asks(Operation::proofs); }},
  };
  return all;
}

struct Fixture {
  Fixture() {
    SecuredBroker::Principals principals;
    for (const auto& row : rows) principals[row.name] = row.rights;
    secured.allow(principals, groups);
    secured.broker().start();
    Client local(secured.broker());  // has all rights: what the others look for
    auto for_staff = make_event("for-staff", "{urn:a}one");
    for_staff.audience = {"staff"};
    (void)local.publish({encode(make_event("for-all", "{urn:a}one")), encode(for_staff)});
    auto others = make_subscription("others");
    others.owner = "another";
    put(local, "subscription", "others", to_json(others, true));
    put(local, "gateway", "web", "{}");
  }
  static void put(Client& local, std::string_view kind, std::string_view key,
                  const std::string& value) {
    bus::Request request;
    request.id = ++local.id;
    request.operation = Operation::put;
    request.kind = kind;
    request.key = key;
    request.value = value;
    const auto reply = local.ask(request);
    BOOST_REQUIRE_MESSAGE(reply.code == Code::noerror, reply.reason);
  }
  void check(const std::string& connection, const std::string& name, const std::string& allowed,
             bus::OnBehalf client = {}) {
    KeyPeer peer(zmq::socket_type::dealer, secured.tcp().service, secured.keys(connection),
                 secured.public_key());
    Actor actor(peer, name, client);
    std::string expected = allowed;
    std::erase(expected, ' ');
    BOOST_REQUIRE_EQUAL(expected.size(), operations().size());
    for (std::size_t i = 0; i < expected.size(); ++i) {
      const bool may = operations()[i].succeeds(actor);
      BOOST_CHECK_MESSAGE(may == (expected[i] == '+'),
                          name << " by " << connection << " " << client.peer << ": "
                               << operations()[i].name << (may ? " is allowed" : " is refused"));
      ++cells;
    }
  }
  SecuredBroker secured{SecuredBroker::Principals{}};
  std::size_t cells = 0;
};

}  // namespace

BOOST_FIXTURE_TEST_SUITE(rights_matrix_tests, Fixture)

BOOST_AUTO_TEST_CASE(every_cell_of_way_principal_and_operation_is_as_the_table_says) {
  for (const auto& row : rows) check(row.name, row.name, row.allowed);
  for (const auto* peer : {"127.0.0.1:5000", "192.0.2.7:5000"})
    for (const auto& row : rows) {
      const bool spoken_for = row.name != "manager" && row.name != "gate";
      auto allowed = spoken_for ? row.allowed : std::string("------- ---- -------- ---");
      allowed.back() = '-';  // what a gateway may be told is not for its clients
      check("gate", row.name, allowed, {row.name, "http", peer});
    }
  check("gate", "anonymous", of_anonymous_here, {"anonymous", "http", "127.0.0.1:5000"});
  check("gate", "anonymous", of_nothing, {"anonymous", "http", "192.0.2.7:5000"});
  // Who is not in the file is no more than anonymous, whatever the gateway says of it.
  check("gate", "unknown", of_nothing, {"unknown", "http", "192.0.2.7:5000"});
  // Who may not speak for others does not get their rights, nor keep its own for them.
  for (const auto* name : {"writer", "all"})
    check(name, "reader", "------- ---- -------- ---", {"reader", "http", "127.0.0.1:5000"});
  BOOST_TEST_MESSAGE(cells << " cells");
  BOOST_CHECK_GE(cells, 500U);
}

BOOST_AUTO_TEST_SUITE_END()
