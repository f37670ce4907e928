// SPDX-License-Identifier: Apache-2.0
#include "core/subscription/redacted_callback.hpp"

#include <boost/test/unit_test.hpp>
#include <utility>

using sense::redacted_callback;

BOOST_AUTO_TEST_SUITE(redacted_callback_tests)

BOOST_AUTO_TEST_CASE(scheme_host_port_and_path_remain) {
  for (const auto& [callback, shown] : {
           std::pair{"https://host.example/hook", "https://host.example/hook"},
           {"https://host.example:8443/a/b?token=secret", "https://host.example:8443/a/b"},
           {"https://host.example?token=secret", "https://host.example"},
           {"https://host.example/a#secret", "https://host.example/a"},
           {"https://host.example/a?b=c?secret#secret", "https://host.example/a"},
           {"https://user:secret@host.example/a", "https://host.example/a"},
           {"https://user:sec@ret@host.example:1/a@b?c", "https://host.example:1/a@b"},
           {"https://user:secret@host.example?x", "https://host.example"},
           {"sense://[2001:db8::1]:9000", "sense://[2001:db8::1]:9000"},
           {"sense:///run/printer?key=secret", "sense:///run/printer"},
           {"file:///var/spool/events", "file:///var/spool/events"},
       })
    BOOST_CHECK_EQUAL(redacted_callback(callback), shown);
}

BOOST_AUTO_TEST_CASE(of_a_mailbox_the_first_letter_and_the_domain_remain) {
  for (const auto& [callback, shown] : {
           std::pair{"mailto:operator@example.org", "mailto:o***@example.org"},
           {"MAILTO:operator@example.org?subject=secret", "MAILTO:o***@example.org"},
           {"mailto:o@example.org", "mailto:o***@example.org"},
           {"mailto:@example.org", "mailto:***@example.org"},
           {"mailto:%6Fperator@example.org", "mailto:***@example.org"},
           {"mailto:ann@a.example,bob@b.example", "mailto:a***@b.example"},
           {"mailto:\"a@b\"@example.org", "mailto:***@example.org"},
           {"mailto:operator%40example.org", "mailto:***"},
           {"mailto:", "mailto:***"},
       })
    BOOST_CHECK_EQUAL(redacted_callback(callback), shown);
}

BOOST_AUTO_TEST_CASE(nothing_of_what_is_no_uri_remains) {
  for (const auto* callback : {"", "secret", "?secret", "//user:secret@host", ":secret"})
    BOOST_CHECK_EQUAL(redacted_callback(callback), "***");
  BOOST_CHECK_EQUAL(redacted_callback("pull:secret?secret"), "pull:***");
}

BOOST_AUTO_TEST_SUITE_END()
