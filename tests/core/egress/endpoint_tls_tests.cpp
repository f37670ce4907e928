// SPDX-License-Identifier: Apache-2.0
#include "core/egress/endpoint_tls.hpp"

#include <sys/stat.h>

#include <boost/test/unit_test.hpp>

#include "core/base/file.hpp"
#include "tests/core/storage/temporary_folder.hpp"

using namespace sense;

namespace {

struct FilesFixture {
  FilesFixture() {
    for (const auto& file : {pem, key}) BOOST_REQUIRE(write_secret_file(file, "octets\n"));
  }
  static Code code_of(const std::string& entry) {
    const auto read = read_endpoint_tls(entry);
    return read ? Code::noerror : read.error().code;
  }
  TemporaryFolder folder;
  const std::string pem = folder / "some.pem";
  const std::string key = folder / "some.key";
};

}  // namespace

BOOST_FIXTURE_TEST_SUITE(endpoint_tls_tests, FilesFixture)

BOOST_AUTO_TEST_CASE(an_entry_names_a_host_and_its_files) {
  const auto all =
      read_endpoint_tls(" Hooks.Example.org  ca=" + pem + " cert=" + pem + " key=" + key);
  BOOST_REQUIRE(all);
  BOOST_CHECK_EQUAL(all->host, "hooks.example.org");
  BOOST_CHECK_EQUAL(all->ca_file, pem);
  BOOST_CHECK_EQUAL(all->certificate, pem);
  BOOST_CHECK_EQUAL(all->key, key);
  BOOST_CHECK(read_endpoint_tls("*.example.org ca=" + pem));
  BOOST_CHECK(read_endpoint_tls("192.0.2.7 ca=" + pem));
}

BOOST_AUTO_TEST_CASE(every_other_form_is_refused) {
  for (const std::string& entry :
       {std::string(), std::string(" "), std::string("a.example"), "a.example cert=" + pem,
        "a.example key=" + key, std::string("a.example ca="), std::string("a.example ca"),
        "a.example crl=" + pem, "a.example ca=" + pem + " ca=" + pem, "*example ca=" + pem,
        "*. ca=" + pem, "https://a/ ca=" + pem, "ca=" + pem})
    BOOST_CHECK_MESSAGE((code_of(entry) == Code::badparam), entry);
}

BOOST_AUTO_TEST_CASE(its_files_must_be_readable_and_a_key_for_its_owner_alone) {
  BOOST_CHECK((code_of("a.example ca=" + pem + ".none") == Code::notfound));
  BOOST_CHECK((code_of("a.example cert=" + pem + " key=" + key + ".none") == Code::notfound));
  BOOST_REQUIRE_EQUAL(::chmod(pem.c_str(), 0644), 0);
  BOOST_CHECK((code_of("a.example cert=" + pem + " key=" + key) == Code::noerror));
  BOOST_REQUIRE_EQUAL(::chmod(key.c_str(), 0644), 0);
  BOOST_CHECK((code_of("a.example cert=" + pem + " key=" + key) != Code::noerror));
}

BOOST_AUTO_TEST_CASE(the_first_that_fits_counts) {
  const std::vector<EndpointTls> all = {
      {"a.example", "1", "", ""}, {"*.example", "2", "", ""}, {"a.b.example", "3", "", ""}};
  const auto of = [&](const char* host) {
    const auto* found = endpoint_tls_of(all, host);
    return found == nullptr ? std::string("none") : found->ca_file;
  };
  BOOST_CHECK_EQUAL(of("a.example"), "1");
  BOOST_CHECK_EQUAL(of("b.example"), "2");
  BOOST_CHECK_EQUAL(of("a.b.example"), "2");
  for (const auto* other : {"example", ".example", "aexample", "a.example.org", ""})
    BOOST_CHECK_MESSAGE(of(other) == "none", other << " " << of(other));
}

BOOST_AUTO_TEST_CASE(a_proxy_is_an_http_url_without_anything_else) {
  for (const auto* good : {"http://proxy:3128", "http://[::1]:3128/", "http://10.0.0.1:8080"})
    BOOST_CHECK_MESSAGE(check_proxy(good), good);
  for (const auto* wrong :
       {"", "proxy:3128", "https://proxy:3128", "http://proxy", "http://proxy:0",
        "http://a:b@proxy:1", "http://proxy:1/x", "http://proxy:1?x", "socks5://proxy:1"})
    BOOST_CHECK_MESSAGE(!check_proxy(wrong), wrong);
}

BOOST_AUTO_TEST_SUITE_END()
