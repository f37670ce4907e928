// SPDX-License-Identifier: Apache-2.0
#include "gateways/host/failover/pair_secret.hpp"

#include "tests/gateways/host/failover/failover_fixture.hpp"

// S1 and S3: what other principals publish as a gateway's is not taken for the other gateway's.
using namespace sense;
using namespace sense::testing;
using namespace std::chrono_literals;

using Texts = std::vector<std::string>;

namespace {

const std::string secret(40, 's');

// The parts of a copy, as a principal that may publish them makes them up, or has recorded them.
std::vector<Event> copy_of(const Hub& hub) {
  std::vector<Event> parts;
  for (const auto& event : hub.journal)
    if (replication_part(*event)) parts.push_back(*event);
  return parts;
}

}  // namespace

BOOST_FIXTURE_TEST_SUITE(pair_secret_tests, FailoverFixture)

BOOST_AUTO_TEST_CASE(gateways_with_one_secret_replicate_as_without) {
  start("one", false, secret).save("a");
  auto& two = start("two", false, secret);
  hub.advance(1s);
  members["one"]->save("b");
  hub.advance(100ms);
  BOOST_CHECK((two.has() == Texts{"a", "b"}));
  BOOST_CHECK_EQUAL(two.counters["gateway.replication.refused"].load(), 0U);
}

BOOST_AUTO_TEST_CASE(unsigned_copy_and_unsigned_heartbeat_are_refused_and_counted) {
  auto& one = start("one", false, secret);
  one.save("a");
  const auto before = one.bus.published.size();
  // A gateway without the secret, or with another: it gets no copy, so that it never leads.
  for (const auto* other : {"", "another"}) {
    auto& two = start("two", false, other);
    hub.advance(1s);
    BOOST_CHECK(two.has().empty());
    kill("two");
  }
  BOOST_CHECK_EQUAL(one.bus.published.size(), before);
  BOOST_CHECK_GE(one.counters["gateway.replication.refused"].load(), 2U);

  auto& standby = start("standby", false, secret);
  hub.advance(1s);
  BOOST_CHECK((standby.has() == Texts{"a"}));
  const auto refused = standby.counters["gateway.replication.refused"].load();
  auto forged = copy_of(hub);
  BOOST_REQUIRE(!forged.empty());
  for (auto& part : forged) {
    part.extensions["stream"] = std::string("forged");
    hub.append(part);
    part.extensions.erase("mac");
    hub.append(part);
  }
  hub.advance(1s);
  BOOST_CHECK((standby.has() == Texts{"a"}));
  BOOST_CHECK_EQUAL(standby.counters["gateway.replication.refused"].load(),
                    refused + 2 * forged.size());
  one.save("b");
  hub.advance(1s);
  BOOST_CHECK((standby.has() == Texts{"a", "b"}));
}

BOOST_AUTO_TEST_CASE(signature_covers_every_field) {
  const auto good =
      to_event({"http", 7, "s", 3, true, false}, "web1", "octets", hub.clock.now().wall, secret);
  BOOST_CHECK(is_signed(good, secret));
  BOOST_CHECK(is_signed(good, ""));
  BOOST_CHECK(!is_signed(good, secret + "s"));
  const auto changed = [&](auto change) {
    auto event = good;
    change(event);
    BOOST_CHECK(!is_signed(event, secret));
  };
  changed([](Event& event) { event.type = *QName::parse("{urn:sense:gateway}copy"); });
  changed([](Event& event) { event.source = "/sense/gateway/web2"; });
  changed([](Event& event) { event.subject = "mail"; });
  changed([](Event& event) { event.data = "octetz"; });
  changed([](Event& event) { event.extensions["last"] = true; });
  changed([](Event& event) { event.extensions["mac"] = std::string(); });
  changed([](Event& event) { event.extensions.erase("mac"); });
  for (const auto* name : {"token", "part", "stream"})
    changed([&](Event& event) { event.extensions[name] = std::string("8"); });
}

BOOST_AUTO_TEST_SUITE_END()
