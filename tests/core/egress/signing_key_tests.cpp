// SPDX-License-Identifier: Apache-2.0
#include "core/egress/signing_key.hpp"

#include <sys/stat.h>

#include <boost/test/unit_test.hpp>

#include "core/base/encoding.hpp"
#include "tests/core/storage/temporary_folder.hpp"

using namespace sense;

namespace {

// RFC 8032, section 7.1, test 2.
std::string octets(const std::string& hex) {
  std::string text;
  for (std::size_t i = 0; i < hex.size(); i += 2) text += *hex_octet(hex.substr(i));
  return text;
}
const std::string seed = octets("4ccd089b28ff96da9db6c346ec114e0f5b8a319f35aba624da8cf6ed4fb8a6fb");
const std::string shown =
    octets("3d4017c3e843895a92b70aa74d1b7ebc9c982ccf2ec4968cc0cd55f12af4660c");

std::string text_of(const std::string& all) { return "whsk_" + to_base64(all); }

}  // namespace

BOOST_AUTO_TEST_SUITE(signing_key_tests)

BOOST_AUTO_TEST_CASE(it_signs_as_the_rfc_says) {
  const auto key = SigningKey::parse(text_of(seed + shown));
  BOOST_REQUIRE(key);
  BOOST_CHECK_EQUAL(key->public_text(), "whpk_" + to_base64(shown));
  BOOST_CHECK_EQUAL(key->text(), text_of(seed + shown));
  BOOST_CHECK_EQUAL(
      to_hex(key->sign("\x72")),
      "92a009a9f0d4cab8720e820b5f642540a2b27b5416503f8fb3762223ebdb69da085ac1e43e15996e458f3613d0f1"
      "1d8c387b2eaeb4302aeeb00d291612bb0c00");
  BOOST_CHECK_EQUAL(key->sign("").size(), 64U);
}

BOOST_AUTO_TEST_CASE(made_keys_differ_and_can_be_read_back) {
  const auto one = SigningKey::make();
  BOOST_CHECK_NE(one.text(), SigningKey::make().text());
  BOOST_CHECK_EQUAL(SigningKey::parse(one.text())->sign("x"), one.sign("x"));
}

BOOST_AUTO_TEST_CASE(every_other_text_is_refused_and_not_quoted) {
  for (const std::string& wrong :
       {std::string(), std::string("whsk_"), text_of(seed), text_of(seed + seed),
        text_of(seed + shown + "x"), "whpk_" + to_base64(shown), text_of(seed + shown) + "=",
        text_of(seed + shown) + " "}) {
    const auto key = SigningKey::parse(wrong);
    BOOST_REQUIRE_MESSAGE(!key, wrong);
    BOOST_CHECK_EQUAL(key.error().message.find(to_base64(seed).substr(0, 20)), std::string::npos);
  }
}

BOOST_AUTO_TEST_CASE(its_file_is_for_its_owner_alone) {
  const TemporaryFolder folder;
  const auto path = folder.path() + "/hooks.signing";
  const auto key = SigningKey::make();
  BOOST_REQUIRE(write_signing_key(path, key));
  BOOST_CHECK_EQUAL(read_signing_key(path)->text(), key.text());
  BOOST_CHECK((write_signing_key(path, key).error().code == Code::duplicate));
  BOOST_REQUIRE_EQUAL(::chmod(path.c_str(), 0644), 0);
  BOOST_CHECK(!read_signing_key(path));
  BOOST_CHECK_NE(
      read_signing_key(folder.path() + "/none").error().message.find("sense keys signing"),
      std::string::npos);
}

BOOST_AUTO_TEST_SUITE_END()
