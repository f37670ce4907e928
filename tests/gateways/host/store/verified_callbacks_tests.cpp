// SPDX-License-Identifier: Apache-2.0
#include "gateways/host/store/verified_callbacks.hpp"

#include <boost/test/unit_test.hpp>
#include <filesystem>
#include <optional>

#include "tests/core/storage/temporary_folder.hpp"

using sense::CallbackMemory;
using sense::Duration;
using namespace std::chrono_literals;

namespace {

struct Fixture {
  sense::TemporaryFolder folder;
  sense::VirtualClock clock;
  std::optional<CallbackMemory> memory;

  Fixture() { reopen(24h); }
  void reopen(Duration span) {
    memory.reset();
    auto opened = CallbackMemory::open(folder.path(), span, clock.now().wall);
    BOOST_REQUIRE_MESSAGE(opened, (opened ? "" : opened.error().message));
    memory.emplace(std::move(*opened));
  }
  void note(const char* owner, const char* callback) {
    memory->note(owner, callback, clock.now().wall);
  }
  bool knows(const char* owner, const char* callback) {
    return memory->knows(owner, callback, clock.now().wall);
  }
};

}  // namespace

BOOST_FIXTURE_TEST_SUITE(verified_callbacks_tests, Fixture)

BOOST_AUTO_TEST_CASE(a_callback_has_agreed_for_one_owner_only) {
  BOOST_CHECK(!knows("ada", "test://a/"));
  note("ada", "test://a/");
  BOOST_CHECK(knows("ada", "test://a/"));
  BOOST_CHECK(!knows("eve", "test://a/"));
  BOOST_CHECK(!knows("ada", "test://b/"));
}

BOOST_AUTO_TEST_CASE(it_is_remembered_across_a_restart_and_not_for_ever) {
  note("ada", "test://a/");
  clock.advance(23h);
  reopen(24h);
  BOOST_CHECK(knows("ada", "test://a/"));
  // That it is used does not make it younger.
  note("ada", "test://a/");
  clock.advance(1h);
  BOOST_CHECK(!knows("ada", "test://a/"));
  note("ada", "test://a/");
  BOOST_CHECK(knows("ada", "test://a/"));
}

BOOST_AUTO_TEST_CASE(a_callback_that_is_no_more_is_forgotten_for_everybody) {
  note("ada", "test://a/");
  note("eve", "test://a/");
  note("ada", "test://b/");
  memory->forget("test://a/");
  BOOST_CHECK(!knows("ada", "test://a/"));
  BOOST_CHECK(!knows("eve", "test://a/"));
  BOOST_CHECK(knows("ada", "test://b/"));
}

BOOST_AUTO_TEST_CASE(a_span_of_zero_remembers_nothing) {
  note("ada", "test://a/");
  reopen(0s);
  BOOST_CHECK(!knows("ada", "test://a/"));
  note("ada", "test://a/");
  reopen(24h);
  BOOST_CHECK(!knows("ada", "test://a/"));
}

BOOST_AUTO_TEST_SUITE_END()
