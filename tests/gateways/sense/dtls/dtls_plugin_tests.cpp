// SPDX-License-Identifier: Apache-2.0
#include <sys/stat.h>

#include <fstream>

#include "tests/core/storage/temporary_folder.hpp"
#include "tests/gateways/sense/dtls/certificates.hpp"
#include "tests/gateways/sense/program.hpp"

using namespace sense;
using namespace sense::datagram;
using namespace sense::datagram::test;

// The real plugin with clients of DTLS, over the loopback interface.

namespace {

const SharedKey hp4{"hp4", "0123456789ABCDEFGHJKMNPQRSTVWXYZ"};
const SharedKey press{"press", "9123456789ABCDEFGHJKMNPQRSTVWXYZ"};
const Endpoint own_any(boost::asio::ip::address_v4::loopback(), 0);

struct DtlsKeysFile {
  TemporaryFolder folder;
  std::string path = folder / "keys.yaml";

  DtlsKeysFile() { write({hp4, press}); }
  void write(const std::vector<SharedKey>& keys) const {
    {
      std::ofstream file(path + ".new");
      file << "keys:\n";
      for (const auto& key : keys)
        file << "  - {name: " << key.name << ", secret: \"" << key.secret << "\"}\n";
    }
    ::chmod((path + ".new").c_str(), 0600);
    std::filesystem::rename(path + ".new", path);
  }
};

DtlsClientOptions with_key(const SharedKey& key) {
  DtlsClientOptions options;
  options.key = key;
  return options;
}

}  // namespace

BOOST_AUTO_TEST_SUITE(dtls_plugin_tests)

BOOST_AUTO_TEST_CASE(whole_session_over_dtls_with_a_shared_key) {
  const DtlsKeysFile keys;
  Running running({"sense+dtls://127.0.0.1:0 key=required"}, {{"keys", keys.path}});
  BOOST_CHECK(running.gateway->listening().at(0).starts_with("sense+dtls://127.0.0.1:"));
  Program program(running, own_any, {}, 0, with_key(hp4));
  whole_session(running, program);
  // No cookie of SENSE/1 is needed: the session has one of DTLS.
  BOOST_CHECK_EQUAL(running.counters["sense.requests.unproved"].load(), 0U);
}

BOOST_AUTO_TEST_CASE(client_of_a_session_is_the_key_of_the_session) {
  const DtlsKeysFile keys;
  Running running({"sense+dtls://127.0.0.1:0"}, {{"keys", keys.path}});
  Program program(running, own_any, {}, 0, with_key(hp4));
  program.take(program.client().subscribe(system_clock().now()));
  const auto id = program.next<Registered>().subscription;
  const auto& subscription = running.subscriptions.served.at(id);
  BOOST_CHECK_EQUAL(subscription->owner, "key:hp4");
  BOOST_CHECK_EQUAL(subscription->callback, to_uri(program.local()));
  BOOST_CHECK(program.local().dtls());
}

BOOST_AUTO_TEST_CASE(wrong_key_gets_no_answer) {
  const DtlsKeysFile keys;
  Running running({"sense+dtls://127.0.0.1:0"}, {{"keys", keys.path}});
  Program program(running, own_any, {}, 0, with_key({"hp4", press.secret}));
  program.take(program.client().parameters(system_clock().now()));
  running.until([&] { return running.counters["sense.dtls.hellos"].load() >= 2; });
  Program right(running, own_any, {}, 0, with_key(hp4));
  right.take(right.client().parameters(system_clock().now()));
  (void)right.next<Replied>();
  BOOST_CHECK_EQUAL(running.counters["sense.dtls.opened"].load(), 1U);
  BOOST_CHECK(program.notices.empty());
}

// The second of them has the same port: a client that starts again.
BOOST_AUTO_TEST_CASE(events_wait_for_the_next_session_of_their_client) {
  const DtlsKeysFile keys;
  std::optional<Attempt> result;  // outlives the plugin, which completes it at its stop
  Running running({"sense+dtls://127.0.0.1:0"}, {{"keys", keys.path}});
  auto first = std::make_unique<Program>(running, own_any, TransportOptions{}, 0, with_key(hp4));
  first->take(first->client().subscribe(system_clock().now()));
  const auto id = first->next<Registered>().subscription;
  const auto subscription = running.subscriptions.served.at(id);
  const auto address = first->local();
  first.reset();
  running.until([&] { return running.counters["sense.dtls.closed"].load() == 1; });

  deliver(running, delivery_for(subscription), result);
  BOOST_CHECK_EQUAL(running.counters["sense.dtls.unsent"].load(), 1U);
  running.until([&] { return result.has_value(); });
  BOOST_CHECK(result->outcome == Attempt::Outcome::retry);

  Program other(running, address, {}, 0, with_key(press));
  other.take(other.client().parameters(system_clock().now()));
  (void)other.next<Replied>();
  deliver(running, delivery_for(subscription), result);
  BOOST_CHECK_EQUAL(running.counters["sense.dtls.unsent"].load(), 2U);
}

BOOST_AUTO_TEST_CASE(renewal_from_a_new_port_takes_the_events_to_its_session) {
  const DtlsKeysFile keys;
  std::optional<Attempt> result;  // outlives the plugin, which completes it at its stop
  Running running({"sense+dtls://127.0.0.1:0"}, {{"keys", keys.path}});
  Program before(running, own_any, {}, 0, with_key(hp4));
  before.take(before.client().subscribe(system_clock().now()));
  const auto id = before.next<Registered>().subscription;
  Program after(running, own_any, {}, 0, with_key(hp4));
  auto renewal = make_message(Kind::register_, "again");
  renewal.add("Period", 600U).add("Subscription", id);
  Output out;
  out.send.push_back(serialize(renewal));
  after.take(out);
  running.until(
      [&] { return running.subscriptions.served.at(id)->callback == to_uri(after.local()); });
  const auto unsent = running.counters["sense.dtls.unsent"].load();
  deliver(running, delivery_for(running.subscriptions.served.at(id)), result);
  BOOST_CHECK_EQUAL(running.counters["sense.dtls.unsent"].load(), unsent);
  // Another key does not get hold of it, whatever it knows.
  Program thief(running, own_any, {}, 0, with_key(press));
  thief.take(out);
  thief.take(thief.client().parameters(system_clock().now()));
  (void)thief.next<Replied>();
  BOOST_CHECK_EQUAL(running.subscriptions.served.at(id)->callback, to_uri(after.local()));
}

BOOST_AUTO_TEST_CASE(mac_of_another_key_than_that_of_the_session_is_refused) {
  const DtlsKeysFile keys;
  Running running({"sense+dtls://127.0.0.1:0"}, {{"keys", keys.path}});
  Program program(running, own_any, {}, 0, with_key(hp4));
  Output out;
  auto request = make_message(Kind::register_, "r1");
  request.add("Period", 600U);
  out.send.push_back(sign(serialize(request), press, system_clock().now().wall));
  program.take(out);
  running.until([&] { return running.counters["sense.keys.refused"].load() == 1; });
  BOOST_CHECK(running.subscriptions.served.empty());
  request.tag = "r2";
  out.send = {sign(serialize(request), hp4, system_clock().now().wall)};
  program.take(out);
  running.until([&] { return running.subscriptions.served.size() == 1; });
}

BOOST_AUTO_TEST_CASE(removed_key_ends_the_session) {
  const DtlsKeysFile keys;
  Running running({"sense+dtls://127.0.0.1:0"}, {{"keys", keys.path}});
  Program program(running, own_any, {}, 0, with_key(hp4));
  program.take(program.client().parameters(system_clock().now()));
  (void)program.next<Replied>();
  keys.write({press});
  Program other(running, own_any, {}, 0, with_key(press));
  // The client begins anew at once, and in vain.
  running.until([&] { return running.counters["sense.dtls.hellos"].load() >= 5; });
  other.take(other.client().parameters(system_clock().now()));
  (void)other.next<Replied>();
  BOOST_CHECK_EQUAL(running.counters["sense.dtls.opened"].load(), 2U);
}

BOOST_AUTO_TEST_CASE(whole_session_over_dtls_with_a_certificate) {
  TemporaryFolder folder;
  make_certificate(folder / ".", "gateway.example");
  Running running({"sense+dtls://127.0.0.1:0"},
                  {{"dtls-certificate", folder / "gateway.example.pem"},
                   {"dtls-private-key", folder / "gateway.example.key"}});
  DtlsClientOptions options;
  options.authorities = folder / "gateway.example.pem";
  options.host = "127.0.0.1";
  Program program(running, own_any, {}, 0, options);
  whole_session(running, program);
  program.take(program.client().subscribe(system_clock().now()));
  const auto& subscription =
      running.subscriptions.served.at(program.next<Registered>().subscription);
  BOOST_CHECK_EQUAL(subscription->owner, to_uri(program.local()));
  std::string problem;
  options.host = "other.example";
  options.on_problem = [&](const std::string& text) { problem = text; };
  Program misled(running, own_any, {}, 0, options);
  running.until([&] { return !problem.empty(); });
  BOOST_CHECK_EQUAL(problem, "hostname mismatch");
}

BOOST_AUTO_TEST_CASE(client_follows_a_gateway_that_was_restarted) {
  const DtlsKeysFile keys;
  auto running = std::make_unique<Running>(
      std::vector<std::string>{"sense+dtls://127.0.0.1:0"},
      std::vector<std::pair<std::string, std::string>>{{"keys", keys.path}});
  Program program(*running, own_any, {}, 0, with_key(hp4));
  program.take(program.client().parameters(system_clock().now()));
  (void)program.next<Replied>();
  const auto listen = running->gateway->listening().at(0);
  running->gateway->stop();
  auto settings = Settings::defaults(sense_gateway_descriptor()->options);
  BOOST_REQUIRE(settings.set_list("listen", {listen}).has_value());
  BOOST_REQUIRE(settings.set("keys", keys.path).has_value());
  running->gateway = std::move(*sense_gateway_descriptor()->create(settings, running->context));
  BOOST_REQUIRE(running->gateway->start().has_value());
  // close_notify told the client, which begins a new session without being asked to.
  running->until([&] { return running->counters["sense.dtls.opened"].load() == 2; });
  program.take(program.client().parameters(system_clock().now()));
  (void)program.next<Replied>();
}

BOOST_AUTO_TEST_CASE(listener_that_requires_dtls_serves_nothing_in_the_clear) {
  const DtlsKeysFile keys;
  Running running({"127.0.0.1:0 dtls=required", "sense+dtls://127.0.0.1:0"}, {{"keys", keys.path}});
  Program plain(running, own_any, {}, 0);
  plain.take(plain.client().parameters(system_clock().now()));
  BOOST_CHECK_NE(plain.next<Replied>().reply.data.find("dtls-idle: 3600\n"), std::string::npos);
  plain.take(plain.client().sources("", 0, system_clock().now()));
  const auto refused = plain.next<Failed>().error;
  BOOST_CHECK(refused.code == Code::noaccess);
  BOOST_CHECK_NE(refused.message.find("sense+dtls://"), std::string::npos);
  Program safe(running, own_any, {}, 1, with_key(hp4));
  safe.take(safe.client().sources("", 0, system_clock().now()));
  (void)safe.next<Replied>();
}

BOOST_AUTO_TEST_CASE(hello_from_outside_of_the_networks_is_dropped_and_counted) {
  const DtlsKeysFile keys;
  Running running({"sense+dtls://127.0.0.1:0 from=192.0.2.0/24"}, {{"keys", keys.path}});
  Program program(running, own_any, {}, 0, with_key(hp4));
  running.until([&] { return running.counters["sense.datagrams.outside"].load() >= 1; });
  BOOST_CHECK_EQUAL(running.counters["sense.dtls.hellos"].load(), 0U);
}

BOOST_AUTO_TEST_CASE(gateway_never_begins_a_handshake) {
  const DtlsKeysFile keys;
  Running running({"sense+dtls://127.0.0.1:0", "127.0.0.1:0"}, {{"keys", keys.path}});
  Program program(running, own_any, {}, 0, with_key(hp4));
  Output out;
  auto request = make_message(Kind::register_, "elsewhere");
  request.add("Period", 600U).add("Deliver-To", "sense+dtls://127.0.0.1:9999");
  out.send.push_back(serialize(request));
  program.take(out);
  program.take(program.client().parameters(system_clock().now()));
  (void)program.next<Replied>();
  BOOST_CHECK(running.subscriptions.served.empty());
  // A subscription that another gateway has made is not served either.
  const auto status = may_be_target(*endpoint_of("sense+dtls://192.0.2.7:9999"), running.egress);
  BOOST_REQUIRE(!status.has_value());
  BOOST_CHECK(status.error().code == Code::noaccess);
}

BOOST_AUTO_TEST_CASE(limits_in_force_are_those_of_the_options) {
  Running running({"127.0.0.1:0"}, {{"max-subscriptions", "77"},
                                    {"max-subscriptions-per-host", "7"},
                                    {"max-subscriptions-per-client", "5"},
                                    {"dtls-sessions", "55"},
                                    {"dtls-sessions-per-host", "33"},
                                    {"dtls-handshake", "7s"},
                                    {"dtls-idle", "11min"}});
  Program program(running, own_any, {}, 0);
  program.take(program.client().parameters(system_clock().now()));
  const auto shown = program.next<Replied>().reply.data;
  for (const auto* line :
       {"max-subscriptions: 77\n", "max-subscriptions-per-host: 7\n",
        "max-subscriptions-per-client: 5\n", "dtls-sessions: 55\n", "dtls-sessions-per-host: 33\n",
        "dtls-handshake: 7\n", "dtls-idle: 660\n"})
    BOOST_CHECK_MESSAGE(shown.find(line) != std::string::npos, line << shown);
}

BOOST_AUTO_TEST_CASE(dtls_options_that_cannot_be_used_are_refused_with_their_name) {
  for (const auto& [listen, words] :
       {std::pair{"sense+dtls://127.0.0.1:0", "DTLS needs shared keys or a certificate"},
        std::pair{"sense+dtls://127.0.0.1:0 dtls=required", "this one has it"},
        std::pair{"sense+dtls:///run/a.sock", "is not an address"},
        std::pair{"127.0.0.1:0 dtls=yes", "dtls=required"}}) {
    Running running;
    auto settings = Settings::defaults(sense_gateway_descriptor()->options);
    BOOST_REQUIRE(settings.set_list("listen", {listen}).has_value());
    const auto made = sense_gateway_descriptor()->create(settings, running.context);
    BOOST_REQUIRE_MESSAGE(!made.has_value(), listen);
    BOOST_CHECK_MESSAGE(made.error().message.find(words) != std::string::npos,
                        made.error().message);
  }
}

BOOST_AUTO_TEST_SUITE_END()
