// SPDX-License-Identifier: Apache-2.0
#include "core/subscription/subscription.hpp"

#include <boost/test/unit_test.hpp>
#include <cmath>
#include <functional>

#include "core/subscription/management_event.hpp"
#include "core/subscription/test_event.hpp"

BOOST_AUTO_TEST_SUITE(subscription_tests)

using namespace sense;
using namespace std::chrono_literals;

namespace {

Subscription small_subscription() {
  Subscription subscription;
  subscription.id = "s-7Q2M0XK4WJ8ZB6N3T5V9C1DHFG";
  subscription.owner = "ada";
  subscription.callback = "https://desk.example/events";
  return subscription;
}

Event event_of(std::string_view type, std::string_view source = "//hq.example/hp4") {
  Event event;
  event.id = "1";
  event.type = *QName::parse(type);
  event.source = source;
  event.sequence = 10;
  return event;
}

bool wants(std::initializer_list<std::string_view> types, std::string_view type) {
  auto subscription = small_subscription();
  for (const auto pattern : types) subscription.types.push_back(*TypePattern::parse(pattern));
  return matches(subscription, event_of(type));
}

// What validate() says after the change.
Error after(const std::function<void(Subscription&)>& change) {
  auto subscription = small_subscription();
  change(subscription);
  const auto status = validate(subscription);
  return status ? Error{Code::noerror, ""} : status.error();
}

void check_refused(Code code, std::string_view member,
                   const std::function<void(Subscription&)>& change) {
  const auto error = after(change);
  BOOST_CHECK_MESSAGE((error.code == code), member << ": " << symbol(error.code));
  BOOST_CHECK_MESSAGE(error.message.find(member) != std::string::npos, error.message);
}

}  // namespace

BOOST_AUTO_TEST_CASE(wanted_edition_leaves_out_other_forms_and_nothing_else) {
  auto subscription = small_subscription();
  auto event = event_of("{urn:p}status");
  event.edition = "STEP.SingleLine.CC";
  BOOST_CHECK(matches(subscription, event));
  subscription.edition = "STEP.SingleLine.CC";
  BOOST_CHECK(matches(subscription, event));
  event.edition = "SNMP.TRAP";
  BOOST_CHECK(!matches(subscription, event));
  event.edition = "step.singleline.cc";
  BOOST_CHECK(!matches(subscription, event));
  event.edition.clear();
  BOOST_CHECK(matches(subscription, event));
  // How an event is delivered says nothing about its payload.
  subscription.edition = "application/cloudevents+json";
  event.edition = "SNMP.TRAP";
  BOOST_CHECK(matches(subscription, event));
}

BOOST_AUTO_TEST_CASE(wanted_language_is_a_range_that_has_its_regions) {
  auto subscription = small_subscription();
  const auto gets = [&](const std::string& wanted, const std::string& language) {
    subscription.language = wanted;
    auto event = event_of("{urn:p}status");
    event.language = language;
    return matches(subscription, event);
  };
  for (const auto* language : {"de", "DE", "de-CH", "de-Latn-CH", ""})
    BOOST_CHECK_MESSAGE(gets("de", language), language);
  for (const auto* language : {"en", "d", "den", "en-DE", "de_CH"})
    BOOST_CHECK_MESSAGE(!gets("de", language), language);
  BOOST_CHECK(gets("de-ch", "de-CH"));
  BOOST_CHECK(gets("de-CH", "de-CH-1996"));
  BOOST_CHECK(!gets("de-CH", "de"));
  BOOST_CHECK(!gets("de-CH", "de-DE"));
  BOOST_CHECK(gets("*", "fr"));
  BOOST_CHECK(gets("", "fr"));
}

BOOST_AUTO_TEST_CASE(empty_lists_match_everything_but_management) {
  BOOST_CHECK(wants({}, "{urn:p}jam"));
  BOOST_CHECK(wants({}, "created"));
  BOOST_CHECK(!wants({}, "{urn:sense:management}subscription-created"));
}

BOOST_AUTO_TEST_CASE(no_subscription_gets_the_audit_trail) {
  BOOST_CHECK(!wants({}, "{urn:sense:audit}refused"));
  BOOST_CHECK(!wants({"*"}, "{urn:sense:audit}refused"));
  auto subscription = small_subscription();
  for (const auto* type : {"{urn:sense:audit}*", "{urn:sense:audit}refused"}) {
    subscription.types = {*TypePattern::parse("{urn:p}jam"), *TypePattern::parse(type)};
    const auto status = validate(subscription);
    BOOST_REQUIRE(!status);
    BOOST_CHECK_EQUAL(status.error().field, "types");
  }
  subscription.types = {*TypePattern::parse("{urn:sense:audits}*")};
  BOOST_CHECK(validate(subscription).has_value());
}

BOOST_AUTO_TEST_CASE(one_of_the_types_is_enough) {
  BOOST_CHECK(wants({"{urn:p}jam", "{urn:q}*"}, "{urn:q}cover"));
  BOOST_CHECK(!wants({"{urn:p}jam", "{urn:q}*"}, "{urn:p}jammed"));
}

BOOST_AUTO_TEST_CASE(management_events_come_only_when_their_namespace_is_named) {
  const auto* type = "{urn:sense:management}subscription-created";
  BOOST_CHECK(!wants({"*"}, type));
  BOOST_CHECK(!wants({"*", "{urn:p}*"}, type));
  BOOST_CHECK(!wants({"{urn:sense:management}subscription-ended"}, type));
  BOOST_CHECK(wants({"{urn:sense:management}*"}, type));
  BOOST_CHECK(wants({"*", "{urn:sense:management}*"}, type));
  BOOST_CHECK(wants({"{urn:sense:management}subscription-created"}, type));
  BOOST_CHECK(wants({"*"}, "{urn:sense:managements}x"));
}

BOOST_AUTO_TEST_CASE(without_the_right_to_list_they_are_those_about_ones_own_subscriptions) {
  auto subscription = small_subscription();
  subscription.owner = "shop";
  subscription.types = {*TypePattern::parse("{urn:sense:management}*"), TypePattern()};
  subscription.own_only = true;
  Event event;
  event.id = "1";
  event.source = "//a";
  event.type = *QName::parse("{urn:sense:management}subscription-created");
  BOOST_CHECK(!matches(subscription, event));  // an overload, say
  set_owner(event, "other");
  BOOST_CHECK(!matches(subscription, event));
  set_owner(event, "shop");
  BOOST_CHECK(matches(subscription, event));
  subscription.owner = "anonymous";
  event.extensions.clear();
  set_owner(event, "anonymous");
  BOOST_CHECK(!matches(subscription, event));
  event.type = *QName::parse("{urn:p}jam");
  BOOST_CHECK(matches(subscription, event));
  subscription.own_only = false;
  event.type = *QName::parse("{urn:sense:management}overload");
  BOOST_CHECK(matches(subscription, event));
}

BOOST_AUTO_TEST_CASE(a_test_is_for_the_subscription_that_it_names_alone) {
  auto subscription = small_subscription();
  subscription.types = {*TypePattern::parse("{urn:p}jam")};
  subscription.sources = {*SourcePattern::parse("//nowhere/**")};
  subscription.filter = "FALSE";
  auto test = test_event(subscription, "ada", {});
  test.sequence = 10;
  BOOST_CHECK(matches(subscription, test));
  subscription.since = 10;
  BOOST_CHECK(!matches(subscription, test));
  auto other = small_subscription();
  other.id = "s-other";
  other.types = {*TypePattern::parse("{urn:sense:management}*")};
  BOOST_CHECK(!matches(other, test));
  other.id = "";  // an observer
  BOOST_CHECK(matches(other, test));
  test.type = *QName::parse("{urn:p}test");
  BOOST_CHECK(!matches(subscription, test));
}

BOOST_AUTO_TEST_CASE(type_and_source_must_both_match) {
  auto subscription = small_subscription();
  subscription.types = {*TypePattern::parse("{urn:p}*")};
  subscription.sources = {*SourcePattern::parse("//hq.example/**"),
                          *SourcePattern::parse("//lab.example/x")};
  BOOST_CHECK(matches(subscription, event_of("{urn:p}jam", "//hq.example/hp4")));
  BOOST_CHECK(matches(subscription, event_of("{urn:p}jam", "//lab.example/x")));
  BOOST_CHECK(!matches(subscription, event_of("{urn:p}jam", "//lab.example/y")));
  BOOST_CHECK(!matches(subscription, event_of("{urn:q}jam", "//hq.example/hp4")));
}

BOOST_AUTO_TEST_CASE(only_events_after_since_match) {
  auto subscription = small_subscription();
  subscription.since = 9;
  BOOST_CHECK(matches(subscription, event_of("a")));
  subscription.since = 10;
  BOOST_CHECK(!matches(subscription, event_of("a")));
  auto unstamped = event_of("a");
  unstamped.sequence = 0;
  BOOST_CHECK(matches(subscription, unstamped));
}

BOOST_AUTO_TEST_CASE(valid_subscription_is_accepted_for_every_kind_of_callback) {
  for (const auto* callback : {"sense://127.0.0.1:9999", "sense+unix:/run/a.sock", "pull:",
                               "mailto:ada@example.org", "http://[::1]:80/x", "snmp://host:162"})
    BOOST_CHECK_EQUAL(after([&](auto& s) { s.callback = callback; }).message, "");
}

BOOST_AUTO_TEST_CASE(filter_lets_through_what_it_is_true_for) {
  auto subscription = small_subscription();
  auto event = event_of("{urn:p}jam");
  event.severity = 3;
  BOOST_CHECK(matches(subscription, event));
  subscription.filter = "severity < 4";
  BOOST_CHECK(matches(subscription, event));
  subscription.filter = "severity < 3";
  BOOST_CHECK(!matches(subscription, event));
  subscription.filter = "NOT (absent = 'x')";  // an error, not true
  BOOST_CHECK(!matches(subscription, event));
  subscription.filter = "source";
  BOOST_CHECK(!matches(subscription, event));
  subscription.filter = "severity <";  // validate() refuses it
  BOOST_CHECK(!matches(subscription, event));
  subscription.filter = "severity < 4";
  subscription.types = {*TypePattern::parse("{urn:q}*")};
  BOOST_CHECK(!matches(subscription, event));
}

BOOST_AUTO_TEST_CASE(filter_that_cannot_be_meant_is_refused_with_its_column) {
  check_refused(Code::badparam, "filter: column 11", [](auto& s) { s.filter = "severity <"; });
  check_refused(Code::badparam, "filter: column 1", [](auto& s) { s.filter = "lenght(id) > 3"; });
  check_refused(Code::badparam, "a number", [](auto& s) { s.filter = "severity + 1"; });
  check_refused(Code::badparam, "4096", [](auto& s) { s.filter = std::string(5000, ' '); });
  BOOST_CHECK_EQUAL(after([](auto& s) { s.filter = "severity < 4"; }).message, "");
  BOOST_CHECK_EQUAL(after([](auto& s) { s.filter = ""; }).message, "");
}

BOOST_AUTO_TEST_CASE(subscriptions_with_the_same_filter_are_equal) {
  auto one = small_subscription();
  auto other = one;
  one.filter = std::string("severity < 4");
  BOOST_CHECK(one != other);
  other.filter = "severity < 4";
  BOOST_CHECK(one == other);
  other.filter = "severity  < 4";
  BOOST_CHECK(one != other);
  one.filter = other.filter = "broken (";
  BOOST_CHECK(one == other);
}

BOOST_AUTO_TEST_CASE(refusal_names_the_member) {
  check_refused(Code::varnotfound, "callback", [](auto& s) { s.callback = ""; });
  check_refused(Code::badparam, "callback", [](auto& s) { s.callback = "http://user@host/"; });
  check_refused(Code::badparam, "port 0", [](auto& s) { s.callback = "sense://127.0.0.1:0"; });
  check_refused(Code::badparam, "id", [](auto& s) { s.id = "a b"; });
  check_refused(Code::badparam, "id", [](auto& s) { s.id = std::string(65, 'a'); });
  check_refused(Code::varvaltoobig, "owner", [](auto& s) { s.owner = std::string(257, 'a'); });
  check_refused(Code::badparam, "language", [](auto& s) { s.language = "\xff"; });
  check_refused(Code::badparam, "challengehash", [](auto& s) { s.challenge_hash = "abc"; });
  check_refused(Code::badparam, "period", [](auto& s) { s.period = -1s; });
  check_refused(Code::badparam, "created", [](auto& s) { s.created = from_micros(-1); });
  check_refused(Code::badparam, "expires",
                [](auto& s) { s.expires = wall_time_max + Duration{1}; });
  check_refused(Code::nomoreroom, "types", [](auto& s) { s.types.resize(257); });
  check_refused(Code::nomoreroom, "sources", [](auto& s) { s.sources.resize(257); });
}

BOOST_AUTO_TEST_CASE(delivery_options_have_their_bounds) {
  check_refused(Code::badparam, "retry-initial", [](auto& s) { s.delivery.retry_initial = 0s; });
  check_refused(Code::badparam, "retry-max", [](auto& s) { s.delivery.retry_max = 169h; });
  check_refused(Code::badparam, "retry-max", [](auto& s) {
    s.delivery.retry_initial = 5s;
    s.delivery.retry_max = 4s;
  });
  check_refused(Code::badparam, "retry-count", [](auto& s) { s.delivery.retry_count = 0; });
  check_refused(Code::badparam, "expiry", [](auto& s) { s.delivery.expiry = 999ms; });
  check_refused(Code::badparam, "window", [](auto& s) { s.delivery.window = 0; });
  check_refused(Code::badparam, "window", [](auto& s) { s.delivery.window = 1025; });
}

BOOST_AUTO_TEST_CASE(rare_delivery_options_have_their_bounds) {
  const auto refused = [](std::string_view member, auto change) {
    check_refused(Code::badparam, member, [&](auto& s) { change(s.delivery.sparse.edit()); });
  };
  refused("retry-factor", [](auto& o) { o.retry_factor = 0.9; });
  refused("retry-factor", [](auto& o) { o.retry_factor = std::nan(""); });
  refused("retry-jitter", [](auto& o) { o.retry_jitter = 101; });
  refused("retry-span", [](auto& o) { o.retry_span = 32 * 24h; });
  refused("hold", [](auto& o) { o.hold = 0s; });
  refused("min-interval", [](auto& o) { o.min_interval = 32 * 24h; });
  refused("rate", [](auto& o) { o.rate = 0; });
  refused("rate", [](auto& o) { o.rate = 10'001; });
  refused("suspend-after", [](auto& o) { o.suspend_after = 0; });
  refused("suspend-over", [](auto& o) { o.suspend_over = 169h; });
  refused("digest needs", [](auto& o) { o.digest.emplace(); });
  refused("digest: interval", [](auto& o) { o.digest = {32 * 24h, {}, {}, {}}; });
  refused("digest: until", [](auto& o) { o.digest = {{}, 24h, {}, {}}; });
  refused("digest: until", [](auto& o) { o.digest = {{}, 90s, {}, {}}; });
  refused("digest: count", [](auto& o) { o.digest = {{}, {}, 1001U, {}}; });
  refused("digest: octets", [](auto& o) { o.digest = {{}, {}, {}, 0U}; });
}

BOOST_AUTO_TEST_CASE(delivery_options_that_contradict_each_other_are_refused) {
  const auto refused = [](std::string_view member, std::string_view other, auto change) {
    check_refused(Code::badparam, member, change);
    check_refused(Code::badparam, other, change);
  };
  const Digest hourly{1h, {}, {}, {}};
  refused("digest", "order", [&](auto& s) {
    s.delivery.sparse.edit().digest = hourly;
    s.delivery.sparse.edit().order = Order::source;
  });
  refused("min-interval", "order", [](auto& s) {
    s.delivery.sparse.edit().min_interval = 1s;
    s.delivery.sparse.edit().order = Order::source;
  });
  refused("digest", "min-interval", [&](auto& s) {
    s.delivery.sparse.edit().digest = hourly;
    s.delivery.sparse.edit().min_interval = 1s;
  });
  refused("coalesce", "min-interval",
          [](auto& s) { s.delivery.sparse.edit().coalesce = Coalesce::latest; });
  refused("hold", "expiry", [](auto& s) {
    s.delivery.sparse.edit().hold = 15min;
    s.delivery.expiry = 15min;
  });
}

BOOST_AUTO_TEST_CASE(
    an_event_with_an_audience_is_for_its_principals_only_except_those_it_excludes) {
  const auto subscription = small_subscription();
  auto event = event_of("a");
  event.audience = {"grace"};
  BOOST_CHECK(!matches(subscription, event));
  event.audience = {"grace", "ada"};
  BOOST_CHECK(matches(subscription, event));
  event.except = {"ada"};
  BOOST_CHECK(!matches(subscription, event));
  event.audience.clear();
  BOOST_CHECK(!matches(subscription, event));
  event.except = {"grace"};
  BOOST_CHECK(matches(subscription, event));
}

BOOST_AUTO_TEST_CASE(options_that_were_never_edited_equal_the_default) {
  DeliveryOptions plain, touched;
  touched.sparse.edit().rate = 1;
  BOOST_CHECK(plain != touched);
  touched.sparse.edit().rate.reset();
  BOOST_CHECK(plain == touched);
  touched.sparse.edit().hold = 1s;
  const auto copy = touched;
  touched.sparse.edit().hold = 2s;
  BOOST_CHECK(copy.sparse->hold == Duration{1s});
}

BOOST_AUTO_TEST_CASE(labels_are_bounded) {
  check_refused(Code::badparam, "labels", [](auto& s) { s.labels["a b"] = "x"; });
  check_refused(Code::badparam, "labels", [](auto& s) { s.labels[""] = "x"; });
  check_refused(Code::varvaltoobig, "labels",
                [](auto& s) { s.labels["a"] = std::string(257, 'x'); });
  check_refused(Code::nomoreroom, "labels", [](auto& s) {
    for (int i = 0; i < 33; ++i) s.labels["l" + std::to_string(i)] = "";
  });
}

BOOST_AUTO_TEST_SUITE_END()
