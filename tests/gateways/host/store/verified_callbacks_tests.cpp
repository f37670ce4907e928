// SPDX-License-Identifier: Apache-2.0
#include "gateways/host/store/verified_callbacks.hpp"

#include <boost/test/unit_test.hpp>
#include <filesystem>
#include <optional>

#include "tests/core/storage/temporary_folder.hpp"

using sense::Duration;
using sense::VerifiedCallbacks;
using namespace std::chrono_literals;

namespace {

struct Fixture {
  sense::TemporaryFolder folder;
  sense::VirtualClock clock;
  std::optional<VerifiedCallbacks> verified_callbacks;

  Fixture() { reopen(24h); }
  void reopen(Duration span) {
    verified_callbacks.reset();
    auto opened = VerifiedCallbacks::open(folder.path(), span, clock.now().wall);
    BOOST_REQUIRE_MESSAGE(opened, (opened ? "" : opened.error().message));
    verified_callbacks.emplace(std::move(*opened));
  }
  void add(const char* owner, const char* callback) {
    verified_callbacks->add(owner, callback, clock.now().wall);
  }
  bool contains(const char* owner, const char* callback) {
    return verified_callbacks->contains(owner, callback, clock.now().wall);
  }
};

}  // namespace

BOOST_FIXTURE_TEST_SUITE(verified_callbacks_tests, Fixture)

BOOST_AUTO_TEST_CASE(a_callback_has_agreed_for_one_owner_only) {
  BOOST_CHECK(!contains("ada", "test://a/"));
  add("ada", "test://a/");
  BOOST_CHECK(contains("ada", "test://a/"));
  BOOST_CHECK(!contains("eve", "test://a/"));
  BOOST_CHECK(!contains("ada", "test://b/"));
}

// S4: many are `anonymous`, and an address may be another's tomorrow.
BOOST_AUTO_TEST_CASE(consent_to_an_owner_that_has_proved_nothing_is_not_kept) {
  for (const auto* owner : {"anonymous", "plaintext", "", "sense://192.0.2.7:9000",
                            "sense+dtls://192.0.2.7:9000", "sense-ipx://1/2:3"}) {
    add(owner, "test://a/");
    BOOST_CHECK_MESSAGE(!contains(owner, "test://a/"), owner);
  }
  for (const auto* owner : {"shop", "key:hp4", "local"}) {
    add(owner, "test://a/");
    BOOST_CHECK_MESSAGE(contains(owner, "test://a/"), owner);
  }
}

BOOST_AUTO_TEST_CASE(consent_that_its_owner_has_given_up_is_none_of_that_owner) {
  add("ada", "test://a/");
  add("ada", "test://b/");
  add("eve", "test://a/");
  verified_callbacks->remove("ada", "test://a/");
  BOOST_CHECK(!contains("ada", "test://a/"));
  BOOST_CHECK(contains("ada", "test://b/"));
  BOOST_CHECK(contains("eve", "test://a/"));
}

BOOST_AUTO_TEST_CASE(it_is_remembered_across_a_restart_and_not_for_ever) {
  add("ada", "test://a/");
  clock.advance(23h);
  reopen(24h);
  BOOST_CHECK(contains("ada", "test://a/"));
  // That it is used does not make it younger.
  add("ada", "test://a/");
  clock.advance(1h);
  BOOST_CHECK(!contains("ada", "test://a/"));
  add("ada", "test://a/");
  BOOST_CHECK(contains("ada", "test://a/"));
}

BOOST_AUTO_TEST_CASE(a_callback_that_is_gone_is_removed_for_every_owner) {
  add("ada", "test://a/");
  add("eve", "test://a/");
  add("ada", "test://b/");
  verified_callbacks->remove("test://a/");
  BOOST_CHECK(!contains("ada", "test://a/"));
  BOOST_CHECK(!contains("eve", "test://a/"));
  BOOST_CHECK(contains("ada", "test://b/"));
}

BOOST_AUTO_TEST_CASE(a_span_of_zero_remembers_nothing) {
  add("ada", "test://a/");
  reopen(0s);
  BOOST_CHECK(!contains("ada", "test://a/"));
  add("ada", "test://a/");
  reopen(24h);
  BOOST_CHECK(!contains("ada", "test://a/"));
}

BOOST_AUTO_TEST_SUITE_END()
