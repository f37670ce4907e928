// SPDX-License-Identifier: Apache-2.0
#include "adapters/host/adapter_publisher.hpp"

#include <boost/test/unit_test.hpp>

#include "tests/core/bus/fake_bus.hpp"

using namespace sense;

BOOST_AUTO_TEST_SUITE(adapter_publisher_tests)

// S13: the process is `local`, which may do everything; its plugin may not.
BOOST_AUTO_TEST_CASE(plugin_publishes_no_event_of_the_service_itself) {
  testing::FakeBus bus;
  AdapterPublisher publisher(bus, bus.executor());
  const auto published = [&](const char* type) {
    std::optional<Result<Receipt>> answer;
    Event event;
    event.type = *QName::parse(type);
    publisher.publish(event, [&](auto result) { answer = std::move(result); });
    BOOST_CHECK(!answer);  // never inside of the call
    bus.run();
    BOOST_REQUIRE(answer);
    if (!*answer) BOOST_CHECK(answer->error().code == Code::noaccess);
    return answer->has_value();
  };
  for (const auto* type : {"{urn:sense:management}gateway-started", "{urn:sense:management}x",
                           "{urn:sense:gateway}copy", "{urn:sense:audit}changed"})
    BOOST_CHECK_MESSAGE(!published(type), type);
  for (const auto* type : {"{urn:sense:snmp}linkDown", "{urn:sense:managements}x", "{urn:a}b", "b"})
    BOOST_CHECK_MESSAGE(published(type), type);
  BOOST_CHECK_EQUAL(bus.published.size(), 4U);
}

BOOST_AUTO_TEST_SUITE_END()
