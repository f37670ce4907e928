// SPDX-License-Identifier: Apache-2.0
#include "core/bus/proof.hpp"

#include <boost/test/unit_test.hpp>
#include <set>
#include <tuple>
#include <vector>

using namespace sense;

BOOST_AUTO_TEST_SUITE(proof_tests)

BOOST_AUTO_TEST_CASE(each_kind_has_one_form_and_comes_back) {
  const std::string hash = "sha256:" + std::string(64, 'a');
  const std::vector<std::tuple<Proof::Kind, std::string, std::string>> table = {
      {Proof::Kind::curve, "Yne@$w-vo<fVvi]a<NY6T1ed:M$fCG*[IaLV{hID",
       "Yne@$w-vo<fVvi]a<NY6T1ed:M$fCG*[IaLV{hID"},
      {Proof::Kind::user, "0", "0"},
      {Proof::Kind::user, "4294967295", "4294967295"},
      {Proof::Kind::token, hash, hash},
      {Proof::Kind::certificate, std::string(64, 'A'), hash},
      {Proof::Kind::certificate, "SHA256:" + std::string(64, 'A'), hash},
      {Proof::Kind::sense_key, "hp4/floor 2", "hp4/floor 2"},
      {Proof::Kind::mail, "A.b+c@Example.ORG", "a.b+c@example.org"},
      {Proof::Kind::snmp_user, "trap user", "trap user"},
  };
  for (const auto& [kind, given, value] : table) {
    const auto proof = make_proof(kind, given);
    BOOST_REQUIRE_MESSAGE(proof, given);
    BOOST_CHECK_EQUAL(proof->value, value);
    BOOST_CHECK(parse_proof(to_text(*proof)).value() == *proof);
  }
}

BOOST_AUTO_TEST_CASE(what_is_no_proof_is_refused_with_its_form) {
  const std::vector<std::pair<Proof::Kind, std::string>> table = {
      {Proof::Kind::curve, ""},
      {Proof::Kind::curve, std::string(39, 'a')},
      {Proof::Kind::user, "root"},
      {Proof::Kind::user, "-1"},
      {Proof::Kind::user, "4294967296"},
      {Proof::Kind::token, "secret"},
      {Proof::Kind::token, "sha1:" + std::string(64, 'a')},
      {Proof::Kind::token, "sha256:" + std::string(63, 'a') + "g"},
      {Proof::Kind::certificate, std::string(66, 'a')},
      {Proof::Kind::sense_key, ""},
      {Proof::Kind::sense_key, std::string(65, 'k')},
      {Proof::Kind::mail, "example.org"},
      {Proof::Kind::mail, "@example.org"},
      {Proof::Kind::mail, "a@"},
      {Proof::Kind::mail, "a@b@c"},
      {Proof::Kind::mail, "a@b\r\nc"},
      {Proof::Kind::mail, std::string(250, 'a') + "@b.de"},
      {Proof::Kind::snmp_user, std::string("a\0b", 3)},
  };
  for (const auto& [kind, value] : table) {
    const auto proof = make_proof(kind, value);
    BOOST_CHECK_MESSAGE(!proof, to_text(kind) << " " << value);
    if (!proof) BOOST_CHECK_GT(proof.error().message.size(), to_text(kind).size() + 10);
  }
  for (const auto* text : {"", "/", "token", "token/", "password/x", "Token/x"})
    BOOST_CHECK_MESSAGE(!parse_proof(text), text);
}

BOOST_AUTO_TEST_CASE(token_is_long_and_its_proof_does_not_contain_it) {
  std::set<std::string> tokens;
  for (int i = 0; i < 100; ++i) tokens.insert(make_token());
  BOOST_CHECK_EQUAL(tokens.size(), 100U);
  for (const auto& token : tokens) {
    BOOST_CHECK_GE(token.size(), 50U);
    const auto proof = proof_of_token(token);
    BOOST_CHECK(parse_proof(to_text(proof)).value() == proof);
    BOOST_CHECK_EQUAL(proof.value.find(token.substr(6)), std::string::npos);
  }
  // RFC 6234's digest of "abc".
  BOOST_CHECK_EQUAL(proof_of_token("abc").value,
                    "sha256:ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad");
}

BOOST_AUTO_TEST_SUITE_END()
