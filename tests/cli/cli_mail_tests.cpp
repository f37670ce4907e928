// SPDX-License-Identifier: Apache-2.0
// What `sense listen maildir:` reads of a mail.
#include <boost/test/unit_test.hpp>

#include "cli/listen/mail_headers.hpp"

using namespace sense;
using cli::event_of_mail;

namespace {

const std::string head = "To: a@example.net\nSense-Event-Id: e9\n";
const std::string text =
    "type: {urn:a}b\nsource: //c/d\n\nGr=C3=BC=C3=9Fe\ntype: forged\n--=_other\n";
const std::string shown =
    "type: {urn:a}b\nsource: //c/d\n\nGr\xc3\xbc\xc3\x9f"
    "e\ntype: forged\n--=_other\n";

std::string with_crlf(const std::string& lines) {
  std::string octets;
  for (const char c : lines) octets += c == '\n' ? std::string("\r\n") : std::string(1, c);
  return octets;
}

std::string part_of(const std::string& type, const std::string& body) {
  return "Content-Type: " + type + "\nContent-Transfer-Encoding: quoted-printable\n\n" + body;
}

// As the gateway writes it: forms of the text, then attachments.
std::string of_parts(const std::string& last = "\n--=_sense_1--\n") {
  const auto forms = "--=_forms_1\n" + part_of("text/plain; charset=utf-8", text) +
                     "\n--=_forms_1\n" + part_of("text/html", "<p>type: html</p>") +
                     "\n--=_forms_1--\n";
  return head +
         "Content-Type: multipart/mixed;\n boundary=\"=_sense_1\"\n\nignored\n--=_sense_1\n" +
         "Content-Type: MultiPart/Alternative; Boundary=\"=_forms_1\"\n\n" + forms +
         "\n--=_sense_1\nContent-Type: application/json\n\ntype: attached\n" + last;
}

}  // namespace

BOOST_AUTO_TEST_SUITE(cli_mail_tests)

BOOST_AUTO_TEST_CASE(the_text_of_a_plain_mail_is_its_body) {
  BOOST_CHECK_EQUAL(event_of_mail(head + part_of("text/plain", text)).data, shown);
  BOOST_CHECK_EQUAL(event_of_mail(head + "\n" + text).data, shown);
}

BOOST_AUTO_TEST_CASE(the_text_of_a_mail_of_parts_is_its_first) {
  const auto event = event_of_mail(of_parts());
  BOOST_CHECK_EQUAL(event.id, "e9");
  BOOST_CHECK_EQUAL(event.type, "{urn:a}b");
  BOOST_CHECK_EQUAL(event.source, "//c/d");
  BOOST_CHECK_EQUAL(event.data, shown);
  BOOST_CHECK_EQUAL(event_of_mail(with_crlf(of_parts())).data, with_crlf(shown));
  // One that was cut.
  BOOST_CHECK_EQUAL(event_of_mail(of_parts("")).data, shown);
}

BOOST_AUTO_TEST_CASE(a_boundary_that_is_not_there_is_none) {
  for (const auto* type : {"multipart/mixed", "multipart/mixed; boundary=", "multipart/mixed;",
                           "multipart/mixed; boundary=\"\"", "multipart/mixed; boundary=\"x",
                           "multipart/mixed; boundary=x", "text/plain; boundary=_other"})
    BOOST_CHECK_EQUAL(event_of_mail(head + "Content-Type: " + type + "\n\n" + text).data, shown);
}

BOOST_AUTO_TEST_CASE(parts_in_parts_are_followed_so_far_only) {
  std::string mail = head;
  for (int i = 1000; i < 2000; ++i) {
    const auto boundary = "x" + std::to_string(i);
    mail += "Content-Type: multipart/mixed; boundary=" + boundary + "\n\n--" + boundary + "\n";
  }
  const auto event = event_of_mail(mail + "\ntype: deep\n");
  BOOST_CHECK_EQUAL(event.data.substr(0, 8), "--x1004\n");
}

BOOST_AUTO_TEST_SUITE_END()
