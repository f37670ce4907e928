// SPDX-License-Identifier: Apache-2.0
#include "gateways/email/smtp_outcome.hpp"

#include <boost/test/unit_test.hpp>

using namespace sense;
using namespace sense::email;

namespace {

using Kind = MailOutcome::Kind;
using Step = TransferReply::MailStep;

// Of a refusal with these lines; its status is that of the first one.
Kind kind(Step step, const std::string& lines) {
  TransferReply reply;
  reply.status = static_cast<unsigned>(std::stoul(lines.substr(0, 3)));
  reply.body = lines;
  reply.refused = step;
  return outcome_of_smtp(reply).kind;
}

constexpr std::array steps = {Step::session, Step::sender, Step::recipient, Step::message};

}  // namespace

BOOST_AUTO_TEST_SUITE(smtp_outcome_tests)

BOOST_AUTO_TEST_CASE(only_these_codes_at_the_recipient_say_that_there_is_no_mailbox) {
  for (unsigned subject = 0; subject < 8; ++subject)
    for (unsigned detail = 0; detail < 80; ++detail) {
      const auto code = "5." + std::to_string(subject) + "." + std::to_string(detail);
      const bool final = code == "5.1.1" || code == "5.1.2" || code == "5.1.3" || code == "5.1.6" ||
                         code == "5.1.10" || code == "5.2.1";
      for (const auto step : steps)
        BOOST_CHECK_EQUAL(kind(step, "550 " + code + " text") == Kind::no_mailbox,
                          final && step == Step::recipient);
    }
}

BOOST_AUTO_TEST_CASE(other_texts_never_say_that_there_is_no_mailbox) {
  for (const auto* text :
       {"550", "550 ", "550 no such user", "551 moved", "553 bad name", "550 (5.1.1) no such user",
        "550 no such user 5.1.1", "550 5.1", "550 5.1.1.1 x", "550 5.1.1: x", "550 5..1 x",
        "550 +5.1.1 x", "550 5.1.1x", "550 5.1.18446744073709551617 x", "450 5.1.1 x",
        "550 4.1.1 x", "550-5.7.1 refused\n550 5.1.1 x", "550-5.1.1 x\n550 5.1.2 y"})
    BOOST_CHECK_MESSAGE(kind(Step::recipient, text) == Kind::failed, text);
}

BOOST_AUTO_TEST_CASE(the_code_may_stand_in_any_line) {
  for (const auto* text :
       {"550 5.1.1", "550 5.1.1 x", "550-5.1.1 x\n550 5.1.1 y",
        "550-5.1.1 x\n550 see http://relay.example/", "550-no such\n550 5.1.1 y"})
    BOOST_CHECK_MESSAGE(kind(Step::recipient, text) == Kind::no_mailbox, text);
}

BOOST_AUTO_TEST_CASE(refusals_of_session_and_sender_are_about_the_relay) {
  for (const auto* text :
       {"550 x", "554 5.7.1 x", "535 5.7.8 bad credentials", "550 5.1.8 x", "552 5.2.2 x", "504 x"})
    for (const auto step : {Step::session, Step::sender})
      BOOST_CHECK_MESSAGE(kind(step, text) == Kind::relay_refuses, text);
}

BOOST_AUTO_TEST_CASE(a_message_that_is_too_big_is_so_wherever_it_is_said) {
  for (const auto step : steps)
    for (const auto* text : {"552 5.3.4 x", "552 5.2.3 x"})
      BOOST_CHECK(kind(step, text) == Kind::message_refused);
  BOOST_CHECK(kind(Step::sender, "552 too big") == Kind::message_refused);
  BOOST_CHECK(kind(Step::recipient, "552 quota") == Kind::failed);
}

BOOST_AUTO_TEST_CASE(a_refusal_of_the_whole_message_is_about_its_content_unless_it_says_otherwise) {
  for (const auto* text : {"550 spam", "554 5.6.0 x", "550 5.7.0 x", "550 5.7.1 x", "554 5.0.0 x"})
    BOOST_CHECK_MESSAGE(kind(Step::message, text) == Kind::message_refused, text);
  for (const auto* text : {"550 5.1.1 x", "552 5.2.2 x", "554 5.3.0 x", "554 5.4.6 x",
                           "554 5.5.1 x", "550 5.7.8 x", "550 5.7.26 x", "451 4.7.1 x"})
    BOOST_CHECK_MESSAGE(kind(Step::message, text) == Kind::failed, text);
}

BOOST_AUTO_TEST_CASE(answers_are_one_printable_line) {
  TransferReply reply;
  reply.status = 550;
  reply.body = "550-one\x1b\n550 two";
  BOOST_CHECK_EQUAL(outcome_of_smtp(reply).answer, "SMTP 550-one\\x1b 550 two");
  reply.body.clear();
  BOOST_CHECK_EQUAL(outcome_of_smtp(reply).answer, "SMTP 550");
  BOOST_CHECK(outcome_of_smtp(fail(Code::commerror, "broken")).kind == Kind::failed);
  BOOST_CHECK(outcome_of_smtp(fail(Code::timeout, "late")).kind == Kind::failed);
}

BOOST_AUTO_TEST_SUITE_END()
