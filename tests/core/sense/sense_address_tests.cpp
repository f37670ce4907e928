// SPDX-License-Identifier: Apache-2.0
#include <algorithm>
#include <boost/test/unit_test.hpp>
#include <random>
#include <set>
#include <unordered_set>
#include <vector>

#include "core/sense/address.hpp"

using namespace sense;
using namespace sense::datagram;

namespace {

namespace ip = boost::asio::ip;

Endpoint parsed(std::string_view text) {
  const auto endpoint = parse_endpoint(text);
  BOOST_REQUIRE_MESSAGE(endpoint.has_value(), (endpoint ? "" : endpoint.error().message));
  return *endpoint;
}

void refused(const std::vector<std::string>& texts) {
  for (const auto& text : texts) {
    const auto endpoint = parse_endpoint(text);
    BOOST_CHECK_MESSAGE(!endpoint.has_value(), text);
    if (!endpoint) BOOST_CHECK_MESSAGE((endpoint.error().code == Code::badparam), text);
  }
}

std::vector<Endpoint> different_ones() {
  return {Endpoint(),
          Endpoint(ip::make_address("192.0.2.7"), 7367),
          Endpoint(ip::make_address("192.0.2.7"), 7368),
          Endpoint(ip::make_address("192.0.2.8"), 7367),
          Endpoint(ip::make_address("::c000:207"), 7367),
          Endpoint(ip::make_address("2001:db8::1"), 7367),
          Endpoint(ip::make_address("fe80::1"), 7367),
          Endpoint(ip::make_address("fe80::1%7"), 7367),
          Endpoint::at_path("/a"),
          Endpoint::at_path("/a/b"),
          Endpoint::at_ipx(0xc0000207, 0, 7367),
          Endpoint::at_ipx(42, 0xc0000207, 7367),
          Endpoint::at_ipx(42, 0xc0000207, 7368),
          Endpoint::at_ddp(0xc000, 2, 7),
          Endpoint::at_ddp(42, 3, 129),
          Endpoint::at_ddp(42, 3, 130)};
}

}  // namespace

BOOST_AUTO_TEST_SUITE(sense_address_tests)

BOOST_AUTO_TEST_CASE(every_kind_has_one_form_which_is_read_back) {
  for (const auto* text :
       {"sense://192.0.2.7:7367", "sense://[2001:db8::1]:7367", "sense:///run/sense/client.sock",
        "sense://0000002a.0000c0000207.ipx:16385", "sense://12.34.ddp:129",
        "sense://ffffffff.ffffffffffff.ipx:65535", "sense://65535.255.ddp:254", "sense://0.0.ddp:0",
        "sense:///a%20b/%25/%40/%3F%23%C3%A4"}) {
    const auto endpoint = parsed(text);
    BOOST_CHECK_EQUAL(to_uri(endpoint), text);
    BOOST_CHECK_MESSAGE((parsed(std::string(text).substr(8)) == endpoint), text);
  }
}

BOOST_AUTO_TEST_CASE(parts_of_an_address_are_those_that_were_written) {
  const auto four = parsed("192.0.2.7:9000");
  BOOST_CHECK(four.kind() == TransportKind::ipv4);
  BOOST_CHECK_EQUAL(four.address().to_string(), "192.0.2.7");
  BOOST_CHECK_EQUAL(four.port(), 9000);
  BOOST_CHECK_EQUAL(parsed("192.0.2.7").port(), 7367);
  const auto six = parsed("[2001:db8::1]:9000");
  BOOST_CHECK(six.kind() == TransportKind::ipv6);
  BOOST_CHECK_EQUAL(six.address().to_string(), "2001:db8::1");
  const auto file = parsed("/run/sense/client.sock");
  BOOST_CHECK(file.kind() == TransportKind::unix_path);
  BOOST_CHECK_EQUAL(file.path(), "/run/sense/client.sock");
  BOOST_CHECK(file.address().is_unspecified());
  const auto ipx = parsed("2a.c0000207.ipx:16385");
  BOOST_CHECK(ipx.kind() == TransportKind::ipx);
  BOOST_CHECK_EQUAL(ipx.network(), 42U);
  BOOST_CHECK_EQUAL(ipx.node(), 0xc0000207U);
  BOOST_CHECK_EQUAL(ipx.port(), 16385);
  BOOST_CHECK_EQUAL(ipx.host(), std::string_view("\0\0\0\x2a\0\0\xc0\0\2\7", 10));
  const auto ddp = parsed("012.034.ddp:129");
  BOOST_CHECK(ddp.kind() == TransportKind::ddp);
  BOOST_CHECK_EQUAL(ddp.network(), 12U);
  BOOST_CHECK_EQUAL(ddp.node(), 34U);
  BOOST_CHECK_EQUAL(ddp.port(), 129);
}

BOOST_AUTO_TEST_CASE(what_is_no_address_is_refused) {
  refused({"", "sense://", "sense:///", "http://192.0.2.7:1", "host.example:7367",
           "sense://localhost:7367", "192.0.2.7:70000", "192.0.2.7:x", "192.0.2.7:1/a",
           "192.0.2.7:1?a", "192.0.2:1x", "[fe80::1%25lo]:7367", "2001:db8::1:7367"});
  refused({"run/sense.sock", "sense:///a?b", "sense:///a#b", "sense:///a%00b", "sense:///a%",
           "sense:///a%4", "sense:///a%4x", "sense:///a%-1", "sense:///a b", "sense:///a@b",
           "sense:///" + std::string(107, 'x'), "sense://x/a"});
  refused({"0000002a.0000c0000207.ipx", "2a.ipx:1", "a.b.c.ipx:1", "g.1.ipx:1", "1.g.ipx:1",
           "123456789.1.ipx:1", "1.1234567890123.ipx:1", ".1.ipx:1", "1..ipx:1", "-1.1.ipx:1",
           "1.1.ipx:65536", "1.1.ipx:1/x"});
  refused({"12.34.ddp", "12.ddp:1", "1.2.3.ddp:1", "65536.1.ddp:1", "1.256.ddp:1", "1.1.ddp:255",
           "a.1.ddp:1", "1.-1.ddp:1", "1.+1.ddp:1", ".ddp:1"});
  BOOST_CHECK(parse_endpoint("sense:///" + std::string(106, 'x')).has_value());
}

BOOST_AUTO_TEST_CASE(every_spelling_of_an_ipv4_address_is_read_as_a_uri_is) {
  // As written by to_uri it is read without the parser of URIs; the meaning must be the same.
  for (const auto* text :
       {"192.0.2.7:7367", "0.0.0.0:0",    "255.255.255.255:65535", "192.0.2.07:1",  "192.0.2.7:01",
        "192.0.2.7",      "192.0.2.7:",   "192.0.2.7:65536",       "192.0.2.256:1", "192.0.2:1",
        "1.2.3.4.5:1",    "192.0.2.7:1/", "192.0.2.7:1x",          "192.0.2.7.:1",  "127.1:1",
        "3221225991:1",   "1..2.3:4",     "192.0.2.7:1:2",         ".1.2.3:4",      "192.0.2.7:-1",
        "+1.2.3.4:5"}) {
    const auto uri = parse_endpoint("sense://" + std::string(text));
    const auto bare = parse_endpoint(text);
    BOOST_REQUIRE(uri.has_value() == bare.has_value());
    if (uri) BOOST_CHECK_MESSAGE((*uri == *bare), text);
  }
  BOOST_CHECK(!parse_endpoint(std::string_view("sense://192.0.2.7:1\0", 20)).has_value());
}

BOOST_AUTO_TEST_CASE(mapped_ipv4_address_is_the_ipv4_address) {
  BOOST_CHECK(parsed("[::ffff:192.0.2.7]:9") == parsed("192.0.2.7:9"));
  BOOST_CHECK(Endpoint(ip::make_address("::ffff:192.0.2.7"), 9) == parsed("192.0.2.7:9"));
}

BOOST_AUTO_TEST_CASE(different_endpoints_differ_in_order_identity_and_text) {
  const auto endpoints = different_ones();
  std::set<Endpoint> ordered(endpoints.begin(), endpoints.end());
  std::unordered_set<Endpoint, Endpoint::Hasher> hashed(endpoints.begin(), endpoints.end());
  std::set<std::string> identities;
  std::set<std::string> texts;
  for (const auto& endpoint : endpoints) {
    identities.insert(endpoint.identity());
    texts.insert(to_uri(endpoint));
    BOOST_CHECK(hashed.contains(Endpoint(endpoint)));
  }
  BOOST_CHECK_EQUAL(ordered.size(), endpoints.size());
  BOOST_CHECK_EQUAL(hashed.size(), endpoints.size());
  BOOST_CHECK_EQUAL(identities.size(), endpoints.size());
  BOOST_CHECK_EQUAL(texts.size(), endpoints.size());
}

BOOST_AUTO_TEST_CASE(same_host_is_all_but_the_port) {
  const auto endpoints = different_ones();
  for (const auto& endpoint : endpoints) {
    BOOST_CHECK(same_host(endpoint, endpoint.with_port(99)));
    for (const auto& other : endpoints)
      BOOST_CHECK_EQUAL(same_host(endpoint, other), (endpoint.with_port(0) == other.with_port(0)));
  }
  BOOST_CHECK(!same_host(Endpoint::at_path("/a"), Endpoint::at_path("/b")));
}

BOOST_AUTO_TEST_CASE(address_with_dtls_is_another_one_than_without) {
  for (const auto* text : {"sense+dtls://192.0.2.7:9000", "sense+dtls://[2001:db8::1]:9000"}) {
    const auto dtls = parsed(text);
    BOOST_CHECK(dtls.dtls());
    BOOST_CHECK_EQUAL(to_uri(dtls), text);
    const auto plain = dtls.with_dtls(false);
    BOOST_CHECK(plain != dtls);
    BOOST_CHECK(plain.identity() != dtls.identity());
    BOOST_CHECK(!same_host(plain, dtls));
    BOOST_CHECK(same_host(dtls, dtls.with_port(1)));
    BOOST_CHECK(plain == parsed("sense://" + to_uri(plain).substr(8)));
  }
  BOOST_CHECK_EQUAL(parsed("sense+dtls://192.0.2.7").port(), 7368);
  for (const auto* text :
       {"sense+dtls:///run/a.sock", "sense+dtls://0000002a.0000c0000207.ipx:16385",
        "sense+dtls://12.34.ddp:129", "sense+tls://192.0.2.7:9000"})
    BOOST_CHECK(!parse_endpoint(text));
}

BOOST_AUTO_TEST_CASE(any_path_survives_its_text) {
  std::mt19937 random(7);
  for (int i = 0; i < 2000; ++i) {
    std::string path = "/";
    for (auto rest = 1 + random() % 106; rest > 0; --rest)
      path += static_cast<char>(1 + random() % 255);
    BOOST_REQUIRE(Endpoint::may_be_path(path));
    BOOST_CHECK(parsed(to_uri(Endpoint::at_path(path))) == Endpoint::at_path(path));
  }
}

BOOST_AUTO_TEST_SUITE_END()
