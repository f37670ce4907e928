// SPDX-License-Identifier: Apache-2.0
#include "gateways/sense/model/peer_identity.hpp"

#include <boost/test/unit_test.hpp>

using namespace sense;
using namespace sense::datagram;

namespace {

Endpoint at(const char* address) { return {boost::asio::ip::make_address(address), 9000}; }

}  // namespace

BOOST_AUTO_TEST_SUITE(sense_peer_identity_tests)

BOOST_AUTO_TEST_CASE(client_proves_itself_by_its_key_or_else_by_its_certificate) {
  const auto unproved = proved_client(at("192.0.2.7"), "", nullptr);
  BOOST_CHECK(!unproved.proof);
  BOOST_CHECK_EQUAL(unproved.peer, "192.0.2.7:9000");
  const auto keyed = proved_client(at("192.0.2.7"), "hp4", nullptr);
  BOOST_CHECK(keyed.proof == (Proof{Proof::Kind::sense_key, "hp4"}));

  SessionIdentity session{"", "CN=hp4", std::string(64, 'A')};
  const auto certified = proved_client(at("192.0.2.7"), "", &session);
  BOOST_CHECK(certified.proof ==
              (Proof{Proof::Kind::certificate, "sha256:" + std::string(64, 'a')}));
  BOOST_CHECK(proved_client(at("192.0.2.7"), "hp4", &session).proof == keyed.proof);
  session.certificate_fingerprint.clear();
  BOOST_CHECK(!proved_client(at("192.0.2.7"), "", &session).proof);
}

BOOST_AUTO_TEST_CASE(address_of_this_machine_is_noted_as_such_and_no_other_is) {
  for (const auto* here : {"127.0.0.1", "127.9.9.9", "::1"})
    BOOST_CHECK(proved_client(at(here), "", nullptr).peer.starts_with("local "));
  for (const auto* there : {"192.0.2.7", "2001:db8::1", "0.0.0.0", "128.0.0.1"})
    BOOST_CHECK(!proved_client(at(there), "", nullptr).peer.starts_with("local "));
}

BOOST_AUTO_TEST_SUITE_END()
