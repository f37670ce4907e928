// SPDX-License-Identifier: Apache-2.0
#include "broker/security/sender.hpp"

#include <boost/test/unit_test.hpp>

#include "broker/security/access_file.hpp"

using namespace sense;

namespace {

const std::string key(40, '0');

AccessList access_of(const std::string& principals) {
  auto access = parse_access_file("principals:\n" + principals, "allow.yaml");
  BOOST_REQUIRE_MESSAGE(access, access.error().message);
  return *access;
}

// A gateway that may speak for shop and anonymous, and one that may for all.
const AccessList& access() {
  static const auto all =
      access_of("  - {name: shop, key: \"" + key +
                "\", publish: [\"{urn:shop}*\"]}\n"
                "  - {name: front, key: \"" +
                std::string(40, '1') +
                "\", speak-for: [shop, anonymous], publish: [\"*\"]}\n"
                "  - {name: gate, key: \"" +
                std::string(40, '2') + "\", speak-for: [\"*\"], publish: [\"*\"], manage: true}\n");
  return all;
}

const Principal& named(const AccessList& list, std::string_view name) {
  const auto* found = name == "local" ? list.find(name) : list.named(name);
  BOOST_REQUIRE(found != nullptr);
  return *found;
}

Result<Sender> speaking(const char* connection, const char* principal,
                        const char* peer = "127.0.0.1:5") {
  return sender_of(access(), named(access(), connection), {principal, "http", peer});
}

bool publishes(const Rights& rights, const char* type) {
  return rights.may_publish(*QName::parse(type), "//a", {});
}

}  // namespace

BOOST_AUTO_TEST_SUITE(sender_tests)

BOOST_AUTO_TEST_CASE(a_connection_speaks_for_itself_without_a_right_to_it) {
  const auto sender = speaking("shop", "");
  BOOST_REQUIRE(sender);
  BOOST_CHECK_EQUAL(sender->principal, "shop");
  BOOST_CHECK_EQUAL(sender->via, "");
  BOOST_CHECK(publishes(*sender->rights, "{urn:shop}a"));
}

BOOST_AUTO_TEST_CASE(who_is_spoken_for_has_its_own_rights_alone) {
  for (const char* connection : {"front", "gate"}) {
    const auto sender = speaking(connection, "shop");
    BOOST_REQUIRE(sender);
    BOOST_CHECK_EQUAL(sender->principal, "shop");
    BOOST_CHECK_EQUAL(sender->via, connection);
    BOOST_CHECK(publishes(*sender->rights, "{urn:shop}a"));
    BOOST_CHECK(!publishes(*sender->rights, "{urn:other}a"));
    BOOST_CHECK(!sender->rights->may_manage());
    BOOST_CHECK_EQUAL(sender->via_manages, connection == std::string("gate"));
  }
}

BOOST_AUTO_TEST_CASE(without_the_right_and_for_the_names_of_connections_there_is_no_speaking) {
  BOOST_CHECK(speaking("shop", "shop").error().code == Code::noaccess);
  BOOST_CHECK(speaking("shop", "anonymous").error().code == Code::noaccess);
  BOOST_CHECK(speaking("front", "gate").error().code == Code::noaccess);
  for (const char* name : {"local", "plaintext", "broker", "config", "external"}) {
    const auto sender = speaking("gate", name);
    BOOST_CHECK_MESSAGE(!sender && sender.error().code == Code::noaccess, name);
  }
}

BOOST_AUTO_TEST_CASE(a_name_that_the_access_file_does_not_have_is_no_more_than_anonymous) {
  const auto here = speaking("front", "hp4");
  BOOST_REQUIRE(here);
  BOOST_CHECK_EQUAL(here->principal, "anonymous");
  BOOST_CHECK(publishes(*here->rights, "{urn:other}a"));
  BOOST_CHECK(!publishes(*speaking("front", "hp4", "192.0.2.1:5")->rights, "{urn:other}a"));
  BOOST_CHECK(!speaking("shop", "hp4"));
}

BOOST_AUTO_TEST_CASE(who_has_proved_nothing_has_rights_on_this_machine_only) {
  for (const char* peer : {"127.0.0.1:5", "127.8.9.1:65535", "[::1]:80", "local", "local /run/x"}) {
    const auto sender = speaking("gate", "anonymous", peer);
    BOOST_REQUIRE(sender);
    BOOST_CHECK_EQUAL(sender->principal, "anonymous");
    BOOST_CHECK_MESSAGE(publishes(*sender->rights, "{urn:other}a"), peer);
    BOOST_CHECK(!publishes(*sender->rights, "{urn:sense:management}gateway-started"));
    BOOST_CHECK(!publishes(*sender->rights, "{urn:sense:gateway}copy"));
    BOOST_CHECK(!sender->rights->may_list());
    BOOST_CHECK(!sender->rights->may_read("{urn:sense:management}subscription-changed", "//a"));
  }
  for (const char* peer : {"192.0.2.1:5", "[2001:db8::1]:80", "", "1127.0.0.1:5", "localhost:1"}) {
    const auto sender = speaking("gate", "anonymous", peer);
    BOOST_REQUIRE(sender);
    BOOST_CHECK_MESSAGE(!publishes(*sender->rights, "{urn:other}a"), peer);
    BOOST_CHECK(!sender->rights->may_read("{urn:other}a", "//a"));
  }
}

BOOST_AUTO_TEST_CASE(the_access_file_says_what_anonymous_may_wherever_it_is) {
  const auto list = access_of("  - {name: anonymous, publish: [\"{urn:open}*\"]}\n");
  const auto& local = *list.find("local");
  for (const char* peer : {"127.0.0.1:5", "192.0.2.1:5"}) {
    const auto sender = sender_of(list, local, {"anonymous", "http", peer});
    BOOST_REQUIRE(sender);
    BOOST_CHECK(publishes(*sender->rights, "{urn:open}a"));
    BOOST_CHECK(!publishes(*sender->rights, "{urn:other}a"));
  }
}

BOOST_AUTO_TEST_CASE(a_process_of_the_brokers_own_user_is_what_it_says_it_is_with_fewer_rights) {
  const auto& local = *access().find("local");
  const auto adapter = sender_of(access(), local, {"", "adapter-snmp", ""});
  BOOST_REQUIRE(adapter);
  BOOST_CHECK_EQUAL(adapter->principal, "adapter-snmp");
  BOOST_CHECK_EQUAL(adapter->via, "");
  BOOST_CHECK(publishes(*adapter->rights, "{urn:plant}a"));
  for (const char* type : {"{urn:sense:management}dead-letters-purge", "{urn:sense:gateway}copy"})
    BOOST_CHECK_MESSAGE(!publishes(*adapter->rights, type), type);
  BOOST_CHECK(!adapter->rights->may_manage());
  BOOST_CHECK(!adapter->rights->may_speak_for("anonymous"));
  BOOST_CHECK(!adapter->rights->may_read("{urn:plant}a", "//a"));

  const auto gateway = sender_of(access(), local, {"", "gateway-http", ""});
  BOOST_REQUIRE(gateway);
  BOOST_CHECK_EQUAL(gateway->principal, "gateway-http");
  BOOST_CHECK(gateway->rights->may_manage());
  BOOST_CHECK(!publishes(*gateway->rights, "{urn:plant}a"));
  BOOST_CHECK(!gateway->rights->may_read("{urn:sense:audit}refused", "//a"));
  BOOST_CHECK(gateway->rights->may_read("{urn:sense:gateway}copy", "//a"));
  const auto client = sender_of(access(), local, {"shop", "http", "127.0.0.1:5"});
  BOOST_REQUIRE(client);
  BOOST_CHECK_EQUAL(client->via, "gateway-http");
  BOOST_CHECK(client->via_manages);
}

BOOST_AUTO_TEST_CASE(the_access_file_says_what_such_a_process_may) {
  const auto list = access_of(
      "  - {name: adapter-snmp, publish: [\"{urn:snmp}*\"]}\n"
      "  - {name: gateway-http, speak-for: [anonymous]}\n");
  const auto& local = *list.find("local");
  const auto adapter = sender_of(list, local, {"", "adapter-snmp", ""});
  BOOST_REQUIRE(adapter);
  BOOST_CHECK(publishes(*adapter->rights, "{urn:snmp}a"));
  BOOST_CHECK(!publishes(*adapter->rights, "{urn:plant}a"));
  BOOST_CHECK(sender_of(list, local, {"anonymous", "http", "local"}));
  BOOST_CHECK(!sender_of(list, local, {"adapter-snmp", "http", "local"}));
}

BOOST_AUTO_TEST_CASE(no_name_of_a_process_gives_a_connection_rights_that_it_has_not) {
  // A principal of its own stays what it is.
  const auto shop = sender_of(access(), named(access(), "shop"), {"", "gateway-http", ""});
  BOOST_REQUIRE(shop);
  BOOST_CHECK_EQUAL(shop->principal, "shop");
  BOOST_CHECK(!shop->rights->may_manage());
  // So does `local` where the access file restricts it.
  const auto list = access_of("  - {name: local, publish: [\"{urn:a}*\"]}\n");
  const auto local = sender_of(list, *list.find("local"), {"", "gateway-http", ""});
  BOOST_REQUIRE(local);
  BOOST_CHECK_EQUAL(local->principal, "local");
  BOOST_CHECK(!local->rights->may_manage());
  BOOST_CHECK(!sender_of(list, *list.find("local"), {"anonymous", "http", "local"}));
  // Other names, or none that could be a principal's, name no process.
  for (const char* name : {"", "broker", "shop", "gateway-a b", "xgateway-http", "gateway-\n"})
    BOOST_CHECK_EQUAL(sender_of(access(), *access().find("local"), {"", name, ""})->principal,
                      "local");
}

BOOST_AUTO_TEST_CASE(what_the_broker_connects_to_may_send_by_that_or_by_the_access_file_alone) {
  const auto by_direction = rights_of_external(access(), true);
  BOOST_CHECK(publishes(*by_direction, "{urn:plant}a"));
  BOOST_CHECK(!publishes(*by_direction, "{urn:sense:gateway}copy"));
  BOOST_CHECK(!by_direction->may_manage());
  BOOST_CHECK(!publishes(*rights_of_external(access(), false), "{urn:plant}a"));
  const auto list = access_of("  - {name: external, publish: [\"{urn:plant}a\"]}\n");
  for (const bool may_send : {true, false}) {
    BOOST_CHECK(publishes(*rights_of_external(list, may_send), "{urn:plant}a"));
    BOOST_CHECK(!publishes(*rights_of_external(list, may_send), "{urn:plant}b"));
  }
}

BOOST_AUTO_TEST_SUITE_END()
