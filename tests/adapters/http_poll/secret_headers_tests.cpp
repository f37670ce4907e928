// SPDX-License-Identifier: Apache-2.0
#include "adapters/http_poll/secret_headers.hpp"

#include <sys/stat.h>

#include <boost/test/unit_test.hpp>
#include <fstream>

#include "tests/core/storage/temporary_folder.hpp"

using namespace sense;
using namespace sense::http_poll;

namespace {

std::string shown(const Result<Headers>& headers) {
  if (!headers) return headers.error().message;
  std::string text;
  for (const auto& [name, value] : *headers) text += name + "=" + value + ";";
  return text;
}

bool has(const std::string& text, std::string_view part) {
  return text.find(part) != std::string::npos;
}

struct Fixture {
  std::string file(const std::string& name, const std::string& text, mode_t mode = 0600) const {
    const auto path = place / name;
    std::ofstream(path) << text;
    BOOST_REQUIRE_EQUAL(::chmod(path.c_str(), mode), 0);
    return path;
  }
  TemporaryFolder place;
  Resource resource;
};

}  // namespace

BOOST_FIXTURE_TEST_SUITE(secret_headers_tests, Fixture)

BOOST_AUTO_TEST_CASE(each_line_is_a_header) {
  BOOST_CHECK_EQUAL(shown(parse_headers("X-Key: a b \r\n\n# note\nAccept:application/json")),
                    "x-key=a b;accept=application/json;");
  BOOST_CHECK_EQUAL(shown(parse_headers("")), "");
}

BOOST_AUTO_TEST_CASE(what_is_no_header_or_the_adapters_own_is_refused_without_its_value) {
  for (const char* text : {"secret", ": secret", "X Y: secret", "X-\x01: secret", "X: sec\x01ret",
                           "Host: secret", "If-None-Match: secret", "Accept-Encoding: secret",
                           "Content-Length: secret", "Range: secret"}) {
    const auto headers = parse_headers(std::string("A: b\n") + text);
    BOOST_REQUIRE_MESSAGE(!headers, text);
    BOOST_CHECK_MESSAGE(headers.error().message.starts_with("line 2 "), headers.error().message);
    BOOST_CHECK(!has(headers.error().message, "secret"));
  }
  std::string many;
  for (int i = 0; i < 33; ++i) many += "X: y\n";
  BOOST_CHECK(has(shown(parse_headers(many)), "more than 32"));
}

BOOST_AUTO_TEST_CASE(a_token_takes_the_place_of_an_authorization_in_the_headers) {
  resource.headers_file = file("headers", "Authorization: Basic x\nX: y\n");
  BOOST_CHECK_EQUAL(shown(read_headers(resource)), "authorization=Basic x;x=y;");
  resource.token_file = file("token", "abc\n");
  BOOST_CHECK_EQUAL(shown(read_headers(resource)), "x=y;authorization=Bearer abc;");
}

BOOST_AUTO_TEST_CASE(files_that_cannot_be_used_are_named) {
  resource.headers_file = place / "absent";
  BOOST_CHECK(has(shown(read_headers(resource)), "absent"));
  resource.headers_file = file("open", "X: y\n", 0644);
  BOOST_CHECK(!read_headers(resource));
  resource.headers_file = file("long", std::string(9000, '#'));
  BOOST_CHECK(!read_headers(resource));
  resource.headers_file.clear();
  for (const char* token : {"", "\n", "two words", "two\nlines", "\x01"}) {
    resource.token_file = file("token", token);
    BOOST_CHECK_MESSAGE(has(shown(read_headers(resource)), "is no token"), token);
  }
}

BOOST_AUTO_TEST_SUITE_END()
