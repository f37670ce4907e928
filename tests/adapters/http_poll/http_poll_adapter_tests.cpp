// SPDX-License-Identifier: Apache-2.0
#include <boost/asio/io_context.hpp>
#include <boost/test/unit_test.hpp>

#include "adapters/api/adapter.hpp"
#include "tests/core/storage/temporary_folder.hpp"

extern "C" const sense::AdapterDescriptor* sense_adapter_descriptor();

using namespace sense;

namespace {

class NoPublisher final : public Publisher {
 public:
  void publish(const Event&, Done) override { BOOST_ERROR("nothing is to be published"); }
};

struct Fixture {
  std::string refusal() const {
    const auto checked = sense_adapter_descriptor()->check(settings);
    const auto made = sense_adapter_descriptor()->create(settings, context);
    BOOST_CHECK_EQUAL(checked.has_value(), made.has_value());
    return checked ? "" : checked.error().message;
  }
  void resources(std::vector<std::string> entries) {
    const auto set = settings.set_list("resources", std::move(entries));
    BOOST_REQUIRE_MESSAGE(set, set.error().message);
  }

  TemporaryFolder place;
  boost::asio::io_context reactor;
  Counters counters;
  NoPublisher publisher;
  EgressPolicy egress;
  mutable AdapterContext context{"test",    system_clock(), counters,      reactor,
                                 publisher, egress,         place / "kept"};
  Settings settings = Settings::defaults(sense_adapter_descriptor()->options);
};

}  // namespace

BOOST_FIXTURE_TEST_SUITE(http_poll_adapter_tests, Fixture)

BOOST_AUTO_TEST_CASE(good_options_are_taken_and_it_starts_and_stops) {
  resources({"http://h.example/a", "http://h.example/a pointer=/x", "http://h.example/b"});
  BOOST_CHECK_EQUAL(refusal(), "");
  auto adapter = sense_adapter_descriptor()->create(settings, context);
  BOOST_REQUIRE(adapter);
  BOOST_CHECK((*adapter)->listening().empty());
  resources({});
  adapter = sense_adapter_descriptor()->create(settings, context);
  BOOST_REQUIRE(adapter && (*adapter)->start());
  (*adapter)->stop();
  (*adapter)->stop();
}

BOOST_AUTO_TEST_CASE(an_error_begins_with_the_key_that_it_is_about) {
  BOOST_REQUIRE(settings.set("min-poll", "2h"));
  BOOST_CHECK(refusal().starts_with("min-poll: "));
  BOOST_REQUIRE(settings.set("min-poll", "2min"));
  BOOST_CHECK(refusal().starts_with("interval: "));
  BOOST_REQUIRE(settings.set("min-poll", "10s"));
  for (const char* words : {"interval=5s", "interval=2h", "colour=red"}) {
    resources({std::string("http://h.example/ ") + words});
    BOOST_CHECK_MESSAGE(refusal().starts_with("resources: "), words);
  }
  resources({"http://h.example/a", "http://h.example/b", "http://h.example/a type={urn:x}y"});
  BOOST_CHECK(refusal().starts_with("resources: one URL is there twice"));
}

BOOST_AUTO_TEST_SUITE_END()
