// SPDX-License-Identifier: Apache-2.0
#include <boost/test/unit_test.hpp>
#include <cstdlib>
#include <new>

#include "core/filter/filter.hpp"

// Counts what is taken from the heap: the operators below replace those of the whole program, all
// that are in use, since what one takes another releases.
namespace {

thread_local std::size_t taken = 0;

}  // namespace

void* operator new(std::size_t size) {
  ++taken;
  if (void* memory = std::malloc(size == 0 ? 1 : size)) return memory;
  std::abort();
}
void* operator new(std::size_t size, const std::nothrow_t&) noexcept { return operator new(size); }
void operator delete(void* memory) noexcept { std::free(memory); }
void operator delete(void* memory, std::size_t) noexcept { std::free(memory); }

namespace {

using namespace sense;

Event event_of(std::string type) {
  Event event;
  event.id = "a-rather-long-identifier-that-does-not-fit-into-a-small-string";
  event.type = *QName::parse(type);
  event.source = "//hq.example/a/long/path/to/a/printer/on/the/fourth/floor";
  event.severity = 3;
  event.extensions = {{"vendor", std::string("an enterprise with a rather long name")},
                      {"oid", std::string("1.3.6.1.4.1.11.2.3.9.4.2.1.1.3.3.0")}};
  return event;
}

std::size_t taken_by(const char* expression) {
  const auto filter = *Filter::compile(expression);
  const auto event = event_of("{urn:example:a:long:namespace:of:printers}jam");
  const auto before = taken;
  const bool passes = filter.matches(event);
  const auto by_it = taken - before;
  BOOST_CHECK_MESSAGE(passes, expression);
  return by_it;
}

}  // namespace

BOOST_AUTO_TEST_SUITE(filter_memory_tests)

BOOST_AUTO_TEST_CASE(the_counter_counts) {
  const auto before = taken;
  const std::string text(1000, 'a');
  BOOST_CHECK_EQUAL(text.size(), 1000u);
  BOOST_CHECK_GE(taken - before, 1u);
}

BOOST_AUTO_TEST_CASE(comparing_attributes_takes_no_memory) {
  for (const auto* expression :
       {"type = '{urn:example:a:long:namespace:of:printers}jam' AND severity < 4",
        "source LIKE '//hq.example/%/printer/%' AND type LIKE '%}jam'",
        "oid IN ('1.3.6.1.4.1.11.2.3.9.4.2.1.1.3.2.0', '1.3.6.1.4.1.11.2.3.9.4.2.1.1.3.3.0')",
        "severity IN (0, 1, 2, '3') OR severity = '3'",
        "NOT EXISTS absent AND EXISTS vendor AND (severity + 1) * 2 = 8",
        "STRING(severity) = '3' AND severity LIKE '_'",
        "LEFT(TRIM(vendor), 13) = 'an enterprise' AND LENGTH(SUBSTRING(vendor, 4)) > 5",
        "UPPER(vendor) LIKE 'AN %' AND CONCAT_WS('/', vendor, oid) LIKE '%/1.3.6.1.4%'"})
    BOOST_CHECK_MESSAGE(taken_by(expression) == 0u, expression);
}

BOOST_AUTO_TEST_CASE(a_long_made_text_takes_memory) {
  BOOST_CHECK_GT(taken_by("LENGTH(CONCAT(id, source, vendor, oid, id, source, vendor, oid, id, "
                          "source, vendor, oid)) > 512"),
                 0u);
}

BOOST_AUTO_TEST_SUITE_END()
