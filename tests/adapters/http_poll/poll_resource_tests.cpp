// SPDX-License-Identifier: Apache-2.0
#include "adapters/http_poll/resource.hpp"

#include <boost/test/unit_test.hpp>

using namespace sense;
using namespace sense::http_poll;
using namespace std::chrono_literals;

namespace {

const ResourceDefaults defaults{90s, *QName::parse("{urn:x}default")};

Resource parsed(std::string_view entry) {
  auto resource = parse_resource(entry, defaults);
  BOOST_REQUIRE_MESSAGE(resource, resource.error().message);
  return *resource;
}

std::string refusal(std::string_view entry) {
  const auto resource = parse_resource(entry, defaults);
  BOOST_REQUIRE_MESSAGE(!resource, entry);
  BOOST_CHECK(resource.error().code == Code::badparam);
  return resource.error().message;
}

}  // namespace

BOOST_AUTO_TEST_SUITE(poll_resource_tests)

BOOST_AUTO_TEST_CASE(a_url_alone_is_a_resource) {
  const auto resource = parsed("https://Host.example/status?x=1");
  BOOST_CHECK_EQUAL(resource.url, "https://Host.example/status?x=1");
  BOOST_CHECK_EQUAL(resource.server, "https://host.example:443");
  BOOST_CHECK_EQUAL(resource.source, resource.url);
  BOOST_CHECK_EQUAL(resource.type.clark(), "{urn:x}default");
  BOOST_CHECK(resource.interval == Duration(90s));
  BOOST_CHECK_EQUAL(resource.pointer + resource.subject + resource.headers_file, "");
  BOOST_CHECK_EQUAL(parsed("http://[::1]:8080/").server, "http://[::1]:8080");
}

BOOST_AUTO_TEST_CASE(every_word_is_taken_in_any_order) {
  const auto resource = parsed(
      "http://h/  token=/t subject=main type={urn:y}z pointer=/a/0 source=//h/a headers=/h "
      "interval=2h");
  BOOST_CHECK_EQUAL(resource.token_file, "/t");
  BOOST_CHECK_EQUAL(resource.headers_file, "/h");
  BOOST_CHECK_EQUAL(resource.subject, "main");
  BOOST_CHECK_EQUAL(resource.type.clark(), "{urn:y}z");
  BOOST_CHECK_EQUAL(resource.pointer, "/a/0");
  BOOST_CHECK_EQUAL(resource.source, "//h/a");
  BOOST_CHECK(resource.interval == Duration(2h));
  BOOST_CHECK_EQUAL(parsed("http://h/ pointer=#/a%20b").pointer, "/a b");
}

BOOST_AUTO_TEST_CASE(what_is_no_entry_is_refused) {
  for (const char* entry :
       {"", " ", "ftp://h/", "h/x", "http://", "http://user@h/", "http://h/ interval=5",
        "http://h/ interval=", "http://h/ interval", "http://h/ =x", "http://h/ colour=red",
        "http://h/ pointer=a", "http://h/ pointer=/~2", "http://h/ pointer=#/%zz",
        "http://h/ source=a\\b", "http://h/#part", "http://h/ token=/t token=/t",
        "http://h/ http://h/"})
    BOOST_CHECK_MESSAGE(refusal(entry).find("an entry is: URL") != std::string::npos, entry);
  BOOST_CHECK(!parse_resource("http://h/ type=" + std::string(257, 'x'), defaults));
  BOOST_CHECK(!parse_resource("http://h/ subject=" + std::string(3000, 'x'), defaults));
  BOOST_CHECK(!parse_resource("http://h/" + std::string(1100, 'x'), defaults));  // as the source
  BOOST_CHECK(parse_resource("http://h/" + std::string(1100, 'x') + " source=//h", defaults));
  BOOST_CHECK(!parse_resource("http://h/ source=//h" + std::string(9000, ' '), defaults));
}

BOOST_AUTO_TEST_CASE(what_is_known_belongs_to_url_and_pointer) {
  const auto key = parsed("http://h/a").key();
  BOOST_CHECK_EQUAL(key, parsed("http://h/a type={urn:y}z source=//s interval=1s").key());
  BOOST_CHECK_NE(key, parsed("http://h/b").key());
  BOOST_CHECK_NE(key, parsed("http://h/a pointer=/a").key());
}

BOOST_AUTO_TEST_SUITE_END()
