// SPDX-License-Identifier: Apache-2.0
#include <boost/test/unit_test.hpp>
#include <future>

#include "core/bus/bus.hpp"
#include "tests/cli/with_broker.hpp"

// Whom `sense subscribe` shows events that are for some principals only.
using namespace sense::test;

namespace {

struct PublishedFor {
  std::string id;
  std::vector<std::string> audience, except;
};

void publish_for(const WithBroker& with, const std::vector<PublishedFor>& events) {
  sense::BusOptions options;
  options.service = "ipc://" + (with.folder.path() / "data/s").string();
  options.events = "ipc://" + (with.folder.path() / "data/e").string();
  options.executor = [](const std::function<void()>& task) { task(); };
  const auto bus = sense::connect_zmq_bus(options).value();
  for (const auto& [id, audience, except] : events) {
    sense::Event event;
    event.id = id;
    event.type = sense::QName::parse("{urn:a}b").value();
    event.source = "//c";
    event.audience = audience;
    event.except = except;
    std::promise<bool> done;
    bus->publish(event, [&](const auto& receipt) { done.set_value(receipt.has_value()); });
    auto stored = done.get_future();
    BOOST_REQUIRE(stored.wait_for(std::chrono::seconds{20}) == std::future_status::ready);
    BOOST_CHECK(stored.get());
  }
  bus->close();
}

const std::vector<PublishedFor> some_for_local = {{"all", {}, {}},
                                                  {"mine", {"ann", "local"}, {}},
                                                  {"ann", {"ann"}, {}},
                                                  {"not-me", {}, {"local"}},
                                                  {"end", {}, {}}};

}  // namespace

BOOST_AUTO_TEST_SUITE(cli_recipients_tests)

BOOST_AUTO_TEST_CASE(a_principal_is_shown_what_names_it_and_not_for_whom_it_is) {
  const TempFolder files;
  const auto access = files.write(
      "allow.yaml",
      "principals:\n  - {name: local, publish: ['*'], route: ['*'], subscribe: ['*']}\n");
  const WithBroker with("broker: {access-file: '" + access + "'}\n");
  publish_for(with, some_for_local);
  const auto shown = with.sense(
      {"subscribe", "--from", "1", "--type", "{urn:a}b", "-n", "3", "--timeout", "20s", "--json"});
  BOOST_REQUIRE_MESSAGE(shown.code == 0, shown.err);
  std::string ids;
  for (const auto& event : json_lines(shown.out)) {
    ids += std::string(event["id"]) + " ";
    BOOST_CHECK(!event.contains("audience") && !event.contains("except"));
  }
  BOOST_CHECK_EQUAL(ids, "all mine end ");
}

BOOST_AUTO_TEST_CASE(with_the_right_to_manage_all_is_shown_and_for_whom_it_is) {
  const WithBroker with;
  publish_for(with, some_for_local);
  const auto shown =
      with.sense({"subscribe", "--from", "1", "--type", "{urn:a}b", "-n", "5", "--timeout", "20s"});
  BOOST_REQUIRE_MESSAGE(shown.code == 0, shown.err);
  for (const auto* line : {"//c all\n", "//c mine audience=ann,local\n", "//c ann audience=ann\n",
                           "//c not-me except=local\n", "//c end\n"})
    BOOST_CHECK_MESSAGE(contains(shown.out, line), line << "is missing in\n" << shown.out);
}

BOOST_AUTO_TEST_SUITE_END()
