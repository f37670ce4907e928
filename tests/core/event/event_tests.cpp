// SPDX-License-Identifier: Apache-2.0
#include "core/event/event.hpp"

#include <boost/test/unit_test.hpp>
#include <fstream>
#include <functional>
#include <map>

#include "core/event/attributes.hpp"
#include "tests/paths.hpp"

BOOST_AUTO_TEST_SUITE(event_tests)

using namespace sense;

namespace {

Event small_event() {
  Event event;
  event.id = "1";
  event.type = *QName::parse("{urn:p}jam");
  event.source = "//hq.example/hp4";
  return event;
}

// What validate() says after the change.
Code code_after(const std::function<void(Event&)>& change) {
  auto event = small_event();
  change(event);
  const auto status = validate(event);
  return status ? Code::noerror : status.error().code;
}

}  // namespace

BOOST_AUTO_TEST_CASE(id_type_and_source_are_enough_and_each_is_needed) {
  BOOST_CHECK(code_after([](Event&) {}) == Code::noerror);
  BOOST_CHECK(code_after([](Event& e) { e.id.clear(); }) == Code::varnotfound);
  BOOST_CHECK(code_after([](Event& e) { e.type = {}; }) == Code::varnotfound);
  BOOST_CHECK(code_after([](Event& e) { e.source.clear(); }) == Code::varnotfound);
}

BOOST_AUTO_TEST_CASE(longest_attributes_are_accepted_and_one_octet_more_is_not) {
  const auto text = [](std::size_t length) { return std::string(length, 'a'); };
  BOOST_CHECK(code_after([&](Event& e) { e.id = text(256); }) == Code::noerror);
  BOOST_CHECK(code_after([&](Event& e) { e.id = text(257); }) == Code::varvaltoobig);
  BOOST_CHECK(code_after([&](Event& e) { e.source = text(1024); }) == Code::noerror);
  BOOST_CHECK(code_after([&](Event& e) { e.source = text(1025); }) == Code::varvaltoobig);
  BOOST_CHECK(code_after([&](Event& e) { e.subject = text(2048); }) == Code::noerror);
  BOOST_CHECK(code_after([&](Event& e) { e.subject = text(2049); }) == Code::varvaltoobig);
  BOOST_CHECK((code_after([&](Event& e) { e.audience.assign(256, text(256)); }) == Code::noerror));
  BOOST_CHECK((code_after([&](Event& e) { e.except.assign(257, "a"); }) == Code::varvaltoobig));
  BOOST_CHECK(code_after([&](Event& e) { e.data = text(1024 * 1024); }) == Code::noerror);
  BOOST_CHECK(code_after([&](Event& e) { e.data = text(1024 * 1024 + 1); }) == Code::datatoobig);
}

BOOST_AUTO_TEST_CASE(text_that_is_not_utf8_is_refused_but_data_may_be_anything) {
  BOOST_CHECK(code_after([](Event& e) { e.subject = "\xff"; }) == Code::badparam);
  BOOST_CHECK((code_after([](Event& e) { e.id = std::string("a\0b", 3); }) == Code::badparam));
  BOOST_CHECK(code_after([](Event& e) { e.extensions["a"] = "\xc3"; }) == Code::badparam);
  BOOST_CHECK((code_after([](Event& e) { e.data = std::string("\0\xff", 2); }) == Code::noerror));
  BOOST_CHECK(code_after([](Event& e) { e.subject = "B\u00fcro \u6771\u4eac"; }) == Code::noerror);
}

BOOST_AUTO_TEST_CASE(severity_and_times_have_their_ranges) {
  BOOST_CHECK(code_after([](Event& e) { e.severity = 7; }) == Code::noerror);
  BOOST_CHECK(code_after([](Event& e) { e.severity = 8; }) == Code::badparam);
  BOOST_CHECK(code_after([](Event& e) { e.time = from_micros(-1); }) == Code::noerror);
  BOOST_CHECK(code_after([](Event& e) { e.time = wall_time_min - Duration{1}; }) == Code::badparam);
  BOOST_CHECK(code_after([](Event& e) { e.notbefore = wall_time_max; }) == Code::noerror);
  BOOST_CHECK(code_after([](Event& e) { e.expirytime = wall_time_max + Duration{1}; }) ==
              Code::badparam);
  BOOST_CHECK(code_after([](Event& e) { e.extensions["at"] = wall_time_min - Duration{1}; }) ==
              Code::badparam);
}

BOOST_AUTO_TEST_CASE(extension_cannot_take_the_name_of_an_attribute_of_ours) {
  BOOST_CHECK(valid_extension_name("comexampleextension1"));
  for (const auto* name :
       {"", "id", "sequence", "observedtime", "principal", "audience", "except", "data",
        "specversion", "Upper", "with-hyphen", "with_underscore", "\u00fc"})
    BOOST_CHECK_MESSAGE(!valid_extension_name(name), name << " is accepted");
  BOOST_CHECK(valid_extension_name(std::string(64, 'a')));
  BOOST_CHECK(!valid_extension_name(std::string(65, 'a')));
}

BOOST_AUTO_TEST_CASE(extensions_are_bounded_in_number_and_size) {
  const auto fill = [](Event& e, int count) {
    for (int i = 0; i < count; ++i) e.extensions["x" + std::to_string(i)] = true;
  };
  BOOST_CHECK((code_after([&](Event& e) { fill(e, 64); }) == Code::noerror));
  BOOST_CHECK((code_after([&](Event& e) { fill(e, 65); }) == Code::varvaltoobig));
  BOOST_CHECK(code_after([](Event& e) { e.extensions["b"] = Bytes(2049); }) == Code::varvaltoobig);
}

BOOST_AUTO_TEST_CASE(an_id_may_be_made_later_and_all_else_is_checked_nevertheless) {
  auto event = small_event();
  event.id.clear();
  BOOST_CHECK(validate(event, EventId::made_later).has_value());
  BOOST_CHECK(validate(event).error().code == Code::varnotfound);
  BOOST_CHECK_EQUAL(validate(event).error().field, "id");
  event.subject = "\xff";
  BOOST_CHECK_EQUAL(validate(event, EventId::made_later).error().field, "subject");
  event = small_event();
  event.id.assign(Event::id_length_max + 1, 'x');
  BOOST_CHECK_EQUAL(validate(event, EventId::made_later).error().field, "id");
}

BOOST_AUTO_TEST_CASE(refusal_names_the_attribute) {
  auto event = small_event();
  event.correlationid = "\xff";
  BOOST_CHECK_NE(validate(event).error().message.find("correlationid"), std::string::npos);
}

BOOST_AUTO_TEST_CASE(the_documents_list_every_attribute_and_who_gives_it) {
  std::ifstream file(testing::in_source("docs/events.md"));
  std::map<std::string, std::string> given_by;
  for (std::string line; std::getline(file, line);) {
    if (!line.starts_with("| `")) continue;
    const auto end = line.find(" |");
    const auto by = line.substr(end + 3, line.find(" |", end + 3) - end - 3);
    for (auto at = line.find('`'); at < end; at = line.find('`', line.find('`', at + 1) + 1))
      given_by[line.substr(at + 1, line.find('`', at + 1) - at - 1)] = by;
  }
  std::map<std::string, std::string> known;
  for (const auto& attribute : attributes())
    known[std::string(attribute.name)] = attribute.stamped ? "broker" : "producer";
  BOOST_CHECK(given_by == known);
  for (const auto& [name, by] : known) BOOST_CHECK_MESSAGE(given_by[name] == by, name);
}

BOOST_AUTO_TEST_SUITE_END()
