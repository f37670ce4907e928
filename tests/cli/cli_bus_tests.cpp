// SPDX-License-Identifier: Apache-2.0
#include <sys/resource.h>

#include <boost/test/unit_test.hpp>
#include <csignal>
#include <nlohmann/json.hpp>

#include "tests/cli/with_broker.hpp"

using namespace sense::test;

// publish, subscribe, subscriptions and ping against a broker.
BOOST_AUTO_TEST_SUITE(cli_bus_tests)

BOOST_AUTO_TEST_CASE(published_event_is_followed_with_all_that_was_said_of_it) {
  const WithBroker with;
  const auto published =
      with.sense({"publish", "{urn:example:printer}jam", "//hq/p/4", "--data", "tray 2",
                  "--severity", "3", "--id", "e1", "--subject", "tray", "--json"});
  BOOST_REQUIRE(published.code == 0);
  const auto receipt = nlohmann::json::parse(published.out);
  BOOST_CHECK_EQUAL(receipt["id"], "e1");
  BOOST_CHECK_EQUAL(receipt["duplicate"], false);
  const auto followed = with.sense({"subscribe", "--from", "1", "--type", "{urn:example:printer}*",
                                    "--count", "1", "--timeout", "20s", "--json"});
  BOOST_REQUIRE_MESSAGE(followed.code == 0, followed.err);
  const auto event = json_lines(followed.out).at(0);
  BOOST_CHECK_EQUAL(event["id"], "e1");
  BOOST_CHECK_EQUAL(event["type"], "{urn:example:printer}jam");
  BOOST_CHECK_EQUAL(event["source"], "//hq/p/4");
  BOOST_CHECK_EQUAL(event["subject"], "tray");
  BOOST_CHECK_EQUAL(event["data"], "tray 2");
  BOOST_CHECK_EQUAL(event["severity"], 3);
}

BOOST_AUTO_TEST_CASE(an_auditor_watches_what_is_refused) {
  const WithBroker with;
  BOOST_CHECK_NE(with.sense({"publish", "{urn:sense:audit}refused", "//x"}).code, 0);
  const auto watched = with.sense({"subscribe", "--from", "1", "--type", "{urn:sense:audit}*",
                                   "--count", "1", "--timeout", "20s", "--json"});
  BOOST_REQUIRE_MESSAGE(watched.code == 0, watched.err);
  const auto event = json_lines(watched.out).at(0);
  BOOST_CHECK_EQUAL(event["type"], "{urn:sense:audit}refused");
  BOOST_CHECK_EQUAL(event["principal"], "broker");
  BOOST_CHECK_EQUAL(event["data"]["principal"], "local");
  BOOST_CHECK_EQUAL(event["data"]["operation"], "PUBLISH");
  BOOST_CHECK_EQUAL(event["data"]["code"], "NOACCESS");
  // A command that names no type gets none of it.
  BOOST_REQUIRE_EQUAL(with.sense({"publish", "{urn:a}b", "//c"}).code, 0);
  const auto all =
      with.sense({"subscribe", "--from", "1", "--count", "1", "--timeout", "20s", "--json"});
  BOOST_CHECK_EQUAL(json_lines(all.out).at(0)["type"], "{urn:a}b");
}

BOOST_AUTO_TEST_CASE(a_daemon_may_have_as_many_connections_as_the_system_allows) {
  rlimit before{};
  BOOST_REQUIRE(::getrlimit(RLIMIT_NOFILE, &before) == 0);
  const rlimit few{256, before.rlim_max};
  BOOST_REQUIRE(::setrlimit(RLIMIT_NOFILE, &few) == 0);
  const WithBroker with;
  BOOST_CHECK_EQUAL(::setrlimit(RLIMIT_NOFILE, &before), 0);
  BOOST_REQUIRE(with.sense({"ping", "--timeout", "20s"}).code == 0);
  rlimit now{};
  BOOST_REQUIRE(::prlimit(with.broker.pid(), RLIMIT_NOFILE, nullptr, &now) == 0);
  BOOST_CHECK_EQUAL(now.rlim_cur, before.rlim_max);
}

BOOST_AUTO_TEST_CASE(same_id_again_is_the_same_event) {
  const WithBroker with;
  const std::vector<std::string> words{"publish", "{urn:a}b", "//c", "--id", "once", "--json"};
  const auto first = nlohmann::json::parse(with.sense(words).out);
  const auto second = nlohmann::json::parse(with.sense(words).out);
  BOOST_CHECK_EQUAL(second["duplicate"], true);
  BOOST_CHECK_EQUAL(second["sequence"], first["sequence"]);
}

BOOST_AUTO_TEST_CASE(data_comes_untouched_from_standard_input) {
  const WithBroker with;
  const std::string data("zero\0 \xff \n end", 13);
  BOOST_REQUIRE(with.sense({"publish", "{urn:a}b", "//c", "--data-file", "-"}, data).code == 0);
  const auto followed = with.sense(
      {"subscribe", "--from", "1", "--type", "{urn:a}b", "-n", "1", "--timeout", "20s", "--json"});
  BOOST_CHECK_MESSAGE(json_lines(followed.out).at(0)["data_base64"] == "emVybwAg/yAKIGVuZA==",
                      followed.out);
}

BOOST_AUTO_TEST_CASE(follower_sees_only_what_it_asked_for_and_what_is_new) {
  const WithBroker with;
  BOOST_REQUIRE(with.sense({"publish", "{urn:a}b", "//old"}).code == 0);
  Running follower({"subscribe", "--type", "{urn:a}b", "--source", "//x/**", "--count", "1",
                    "--timeout", "25s", "--config", with.config});
  BOOST_REQUIRE(follower.wait_for("following after event"));
  for (const auto* source : {"//y/1", "//x/1"})
    BOOST_REQUIRE(with.sense({"publish", "{urn:a}b", source}).code == 0);
  BOOST_REQUIRE(with.sense({"publish", "{urn:a}c", "//x/2"}).code == 0);
  const auto outcome = follower.finish();
  BOOST_CHECK_MESSAGE(outcome.code == 0, outcome.err);
  BOOST_CHECK(contains(outcome.out, " {urn:a}b //x/1 "));
  BOOST_CHECK_EQUAL(std::count(outcome.out.begin(), outcome.out.end(), '\n'), 1);
}

BOOST_AUTO_TEST_CASE(follower_that_does_not_get_enough_fails_and_says_how_much) {
  const WithBroker with;
  const auto outcome = with.sense({"subscribe", "--count", "3", "--timeout", "500ms"});
  BOOST_CHECK_EQUAL(outcome.code, 1);
  BOOST_CHECK(contains(outcome.err, "0 of 3"));
}

BOOST_AUTO_TEST_CASE(hostile_data_is_shown_escaped) {
  const WithBroker with;
  BOOST_REQUIRE(
      with.sense({"publish", "{urn:a}b", "//c", "--data", "x\x1b[2J\nforged line"}).code == 0);
  const auto followed = with.sense(
      {"subscribe", "--from", "1", "--type", "{urn:a}b", "--count", "1", "--timeout", "20s"});
  BOOST_CHECK(!contains(followed.out, "\x1b"));
  BOOST_CHECK_EQUAL(std::count(followed.out.begin(), followed.out.end(), '\n'), 1);
}

BOOST_AUTO_TEST_CASE(static_subscription_is_listed_and_cannot_be_cancelled) {
  const WithBroker with(
      "subscriptions:\n"
      "  - {id: ops, callback: 'mailto:ops@example.net', types: ['{urn:a}*']}\n");
  const auto list = with.sense({"subscriptions", "list"});
  BOOST_CHECK_MESSAGE(contains(list.out, "ops active mailto:ops@example.net types={urn:a}*"),
                      list.out);
  BOOST_CHECK(contains(list.out, "expires=never"));
  const auto cancel = with.sense({"subscriptions", "cancel", "ops"});
  BOOST_CHECK_EQUAL(cancel.code, 1);
  BOOST_CHECK(contains(cancel.err, "configuration"));
  BOOST_CHECK(contains(with.sense({"subscriptions", "list"}).out, "ops active"));
}

BOOST_AUTO_TEST_CASE(subscription_is_created_listed_and_cancelled) {
  const WithBroker with;
  const auto created = with.sense({"subscriptions", "create", "http://127.0.0.1:9/x", "--type",
                                   "{urn:a}*", "--period", "1h", "--label", "team=ops", "--json"});
  BOOST_REQUIRE_MESSAGE(created.code == 0, created.err);
  const auto subscription = nlohmann::json::parse(created.out);
  const std::string id = subscription["id"];
  BOOST_CHECK_EQUAL(subscription["state"], "pending");
  BOOST_CHECK_EQUAL(subscription["labels"]["team"], "ops");
  const auto listed = json_lines(with.sense({"subscriptions", "list", "--json"}).out);
  BOOST_REQUIRE(listed.size() == 1U);
  BOOST_CHECK_EQUAL(listed[0]["id"], id);
  BOOST_CHECK(!listed[0].contains("challengehash"));
  BOOST_CHECK_EQUAL(with.sense({"subscriptions", "cancel", id}).code, 0);
  BOOST_CHECK(with.sense({"subscriptions", "list"}).out.empty());
  const auto again = with.sense({"subscriptions", "cancel", id});
  BOOST_CHECK_EQUAL(again.code, 1);
  BOOST_CHECK(contains(again.err, "there is no subscription " + id));
}

BOOST_AUTO_TEST_CASE(subscription_that_is_wrong_is_refused_before_the_broker_is_asked) {
  const TempFolder folder;
  const auto config = broker_config(folder);
  for (const auto& words : std::vector<std::vector<std::string>>{
           {"no uri"}, {"mailto:a@b.c", "--label", "x"}, {"mailto:a@b.c", "--type", "{urn:a"}}) {
    std::vector<std::string> all{"subscriptions", "create", "--config", config};
    all.insert(all.end(), words.begin(), words.end());
    BOOST_CHECK_MESSAGE(run_sense(all).code == 2, words.back());
  }
}

BOOST_AUTO_TEST_CASE(publish_waits_for_a_broker_that_comes_later) {
  const TempFolder folder;
  const auto config = broker_config(folder);
  Running publish({"publish", "{urn:a}b", "//c", "--config", config, "--timeout", "25s"});
  BOOST_REQUIRE(publish.wait_for("waiting for the broker"));
  const Running broker({"broker", "--config", config});
  const auto outcome = publish.finish();
  BOOST_CHECK_MESSAGE(outcome.code == 0, outcome.err);
  BOOST_CHECK(!outcome.out.empty());
}

BOOST_AUTO_TEST_CASE(broker_stops_when_told_to) {
  WithBroker with;
  with.broker.signal(SIGTERM);
  const auto outcome = with.broker.finish();
  BOOST_CHECK_MESSAGE(outcome.code == 0, outcome.err);
}

BOOST_AUTO_TEST_SUITE_END()
