// SPDX-License-Identifier: Apache-2.0
#include "gateways/email/email_gateway.hpp"

#include <sys/stat.h>

#include <boost/test/unit_test.hpp>
#include <filesystem>
#include <fstream>
#include <sstream>

#include "gateways/email/maildir.hpp"
#include "tests/gateways/email/relay.hpp"

using namespace sense;
using namespace sense::test;
namespace fs = std::filesystem;

namespace {

struct Folder {
  Folder() {
    std::string name = (fs::temp_directory_path() / "sense-email-XXXXXX").string();
    BOOST_REQUIRE(::mkdtemp(name.data()) != nullptr);
    path = name;
  }
  ~Folder() {
    std::error_code ignored;
    fs::remove_all(path, ignored);
  }
  fs::path path;
};

std::vector<std::string> mails_in(const fs::path& folder) {
  std::vector<std::string> mails;
  if (!fs::exists(folder)) return mails;
  for (const auto& entry : fs::directory_iterator(folder)) {
    std::ifstream file(entry.path(), std::ios::binary);
    std::ostringstream text;
    text << file.rdbuf();
    mails.push_back(text.str());
  }
  return mails;
}

using Outcome = Attempt::Outcome;

}  // namespace

BOOST_AUTO_TEST_SUITE(email_gateway_tests)

BOOST_AUTO_TEST_CASE(a_mailbox_gets_the_message_under_new) {
  Folder folder;
  PluginHarness harness;
  BOOST_REQUIRE(harness.start(email::make_email_gateway(
      mail_options("maildir", (folder.path / "mail").string()), harness.context)));
  const auto attempt = harness.deliver(sample_delivery("mailto:user@Example.org"));
  BOOST_CHECK_MESSAGE((attempt.outcome == Outcome::delivered), attempt.answer);
  const auto box = folder.path / "mail" / "user@example.org";
  const auto mails = mails_in(box / "new");
  BOOST_REQUIRE(mails.size() == 1U);
  BOOST_CHECK(mails[0].starts_with("From: sense@hq.example\nTo: user@example.org\n"));
  BOOST_CHECK_EQUAL(mails[0].find('\r'), std::string::npos);
  BOOST_CHECK(mails_in(box / "tmp").empty());
  BOOST_CHECK(fs::exists(box / "cur"));
  struct stat info {};
  BOOST_REQUIRE(::stat(box.c_str(), &info) == 0);
  BOOST_CHECK_EQUAL((info.st_mode & 077U), 0U);
}

BOOST_AUTO_TEST_CASE(an_address_stays_below_the_folder) {
  BOOST_CHECK_EQUAL(email::folder_name("a/../../b@x"), "a%2F..%2F..%2Fb@x");
  BOOST_CHECK_EQUAL(email::folder_name(".."), "%2E.");
  BOOST_CHECK_EQUAL(email::folder_name("A.b+c@x.example"), "A.b+c@x.example");
  BOOST_CHECK_EQUAL(email::folder_name(std::string(250, '/')).size(), 64U);
  Folder folder;
  PluginHarness harness;
  BOOST_REQUIRE(harness.start(
      email::make_email_gateway(mail_options("maildir", folder.path.string()), harness.context)));
  BOOST_CHECK(harness.deliver(sample_delivery("mailto:/etc/x@example.org")).outcome ==
              Outcome::delivered);
  BOOST_CHECK_EQUAL(mails_in(folder.path / "%2Fetc%2Fx@example.org" / "new").size(), 1U);
}

BOOST_AUTO_TEST_CASE(a_mailbox_that_cannot_be_written_is_tried_again) {
  Folder folder;
  PluginHarness harness;
  BOOST_REQUIRE(harness.start(
      email::make_email_gateway(mail_options("maildir", folder.path.string()), harness.context)));
  std::ofstream(folder.path / "user@example.org") << "in the way";
  const auto attempt = harness.deliver(sample_delivery("mailto:user@example.org"));
  BOOST_CHECK(attempt.outcome == Outcome::retry);
  BOOST_CHECK_NE(attempt.answer.find("user@example.org"), std::string::npos);
}

BOOST_AUTO_TEST_CASE(no_mail_goes_to_what_is_no_address) {
  Relay relay;
  PluginHarness harness;
  BOOST_REQUIRE(
      harness.start(email::make_email_gateway(mail_options("smtp", relay.url()), harness.context)));
  for (const char* callback :
       {"mailto:a@b?bcc=c@d", "mailto:a@b%0d%0aRCPT%20TO:%3Cc@d%3E", "mailto:"}) {
    BOOST_CHECK(harness.deliver(sample_delivery(callback)).outcome == Outcome::gone);
    const auto answer = harness.verify(sample_delivery(callback)->subscription, "token");
    BOOST_CHECK(answer.outcome == Verification::Outcome::refused);
  }
  BOOST_CHECK_EQUAL(relay.connections(), 0U);
}

BOOST_AUTO_TEST_CASE(a_pending_address_is_asked_by_mail) {
  Folder folder;
  PluginHarness harness;
  auto settings = mail_options("maildir", folder.path.string());
  BOOST_REQUIRE(settings.set("confirm-url", "http://hq.example:8080"));
  BOOST_REQUIRE(harness.start(email::make_email_gateway(settings, harness.context)));
  const auto answer =
      harness.verify(sample_delivery("mailto:user@example.org")->subscription, "T0KEN");
  BOOST_CHECK(answer.outcome == Verification::Outcome::asked);
  const auto mails = mails_in(folder.path / "unconfirmed" / "new");
  BOOST_REQUIRE(mails.size() == 1U);
  BOOST_CHECK_NE(mails[0].find("T0KEN"), std::string::npos);
  BOOST_CHECK_NE(mails[0].find("To: user@example.org\n"), std::string::npos);
}

BOOST_AUTO_TEST_CASE(an_invented_address_gets_no_folder) {
  Folder folder;
  PluginHarness harness;
  BOOST_REQUIRE(harness.start(
      email::make_email_gateway(mail_options("maildir", folder.path.string()), harness.context)));
  const auto ask = [&](const std::string& address) {
    return harness.verify(sample_delivery("mailto:" + address)->subscription, "T0KEN").outcome;
  };
  for (int i = 0; i < 20; ++i)
    BOOST_CHECK(ask("invented" + std::to_string(i) + "@example.org") ==
                Verification::Outcome::asked);
  const auto folders = std::distance(fs::directory_iterator(folder.path), {});
  BOOST_CHECK_EQUAL(folders, 1);
  BOOST_CHECK_EQUAL(mails_in(folder.path / "unconfirmed" / "new").size(), 20U);
  // One that has agreed before is asked in its own.
  BOOST_CHECK(harness.deliver(sample_delivery("mailto:user@example.org")).outcome ==
              Outcome::delivered);
  BOOST_CHECK(ask("user@example.org") == Verification::Outcome::asked);
  BOOST_CHECK_EQUAL(mails_in(folder.path / "user@example.org" / "new").size(), 2U);
}

BOOST_AUTO_TEST_CASE(questions_that_are_not_read_are_bounded) {
  Folder folder;
  PluginHarness harness;
  BOOST_REQUIRE(harness.start(
      email::make_email_gateway(mail_options("maildir", folder.path.string()), harness.context)));
  const auto box = folder.path / "unconfirmed" / "new";
  static_assert(email::Maildir::questions_max == 1'000);
  fs::create_directories(box);
  for (std::size_t i = 0; i < email::Maildir::questions_max; ++i)
    std::ofstream(box / std::to_string(i)) << "x";
  const auto answer = harness.verify(sample_delivery("mailto:a@example.org")->subscription, "T");
  BOOST_CHECK(answer.outcome == Verification::Outcome::failed);
  BOOST_CHECK_EQUAL(harness.counters["email.maildir.no-room"], 1U);
  // Deliveries go on, and an address with a mailbox is asked as before.
  BOOST_CHECK(harness.deliver(sample_delivery("mailto:user@example.org")).outcome ==
              Outcome::delivered);
  const auto known = harness.verify(sample_delivery("mailto:user@example.org")->subscription, "T");
  BOOST_CHECK(known.outcome == Verification::Outcome::asked);
}

BOOST_AUTO_TEST_CASE(the_number_of_mailboxes_is_bounded_and_those_there_are_go_on) {
  Folder folder;
  PluginHarness harness;
  auto settings = mail_options("maildir", folder.path.string());
  BOOST_REQUIRE(settings.set("max-mailboxes", "2"));
  BOOST_REQUIRE(harness.start(email::make_email_gateway(settings, harness.context)));
  const auto outcome = [&](const std::string& address) {
    return harness.deliver(sample_delivery("mailto:" + address)).outcome;
  };
  BOOST_CHECK(outcome("a@example.org") == Outcome::delivered);
  BOOST_CHECK(outcome("b@example.org") == Outcome::delivered);
  BOOST_CHECK(outcome("c@example.org") == Outcome::retry);
  BOOST_CHECK(outcome("a@example.org") == Outcome::delivered);
  BOOST_CHECK(!fs::exists(folder.path / "c@example.org"));
  BOOST_CHECK_EQUAL(harness.counters["email.maildir.no-room"], 1U);
}

BOOST_AUTO_TEST_CASE(a_question_to_a_missing_mailbox_is_refused) {
  Relay relay({.rcpt = "550 5.1.1 no such user"});
  PluginHarness harness;
  BOOST_REQUIRE(
      harness.start(email::make_email_gateway(mail_options("smtp", relay.url()), harness.context)));
  const auto answer =
      harness.verify(sample_delivery("mailto:user@example.org")->subscription, "T0KEN");
  BOOST_CHECK(answer.outcome == Verification::Outcome::refused);
  BOOST_CHECK_NE(answer.answer.find("no such user"), std::string::npos);
}

BOOST_AUTO_TEST_CASE(a_question_that_the_relay_does_not_take_is_asked_again) {
  for (auto script : {Script{.rcpt = "451 later"}, Script{.mail = "550 not you"},
                      Script{.rcpt = "550 5.7.1 policy"}, Script{.final = "550 spam"}}) {
    Relay relay(script);
    PluginHarness harness;
    BOOST_REQUIRE(harness.start(
        email::make_email_gateway(mail_options("smtp", relay.url()), harness.context)));
    const auto answer =
        harness.verify(sample_delivery("mailto:user@example.org")->subscription, "T0KEN");
    BOOST_CHECK(answer.outcome == Verification::Outcome::failed);
  }
}

BOOST_AUTO_TEST_CASE(options_that_cannot_be_used_are_refused_by_name) {
  PluginHarness harness;
  const auto refusal = [&](const std::vector<std::pair<std::string, std::string>>& pairs) {
    auto settings = Settings::defaults(email::email_options());
    for (const auto& [key, value] : pairs) BOOST_REQUIRE(settings.set(key, value));
    const auto made = email::make_email_gateway(settings, harness.context);
    return made ? std::string() : made.error().message;
  };
  BOOST_CHECK_EQUAL(refusal({}), "");  // a mailbox below the data folder
  BOOST_CHECK_EQUAL(refusal({{"maildir", ""}}).find("smtp (a relay"), 0U);
  BOOST_CHECK_EQUAL(refusal({{"smtp", "http://a"}}).find("smtp:"), 0U);
  BOOST_CHECK_EQUAL(refusal({{"smtp", "smtp://u:p@a"}}).find("smtp:"), 0U);
  BOOST_CHECK_EQUAL(refusal({{"smtp", "smtp://a"}, {"starttls", "maybe"}}).find("starttls:"), 0U);
  BOOST_CHECK_EQUAL(refusal({{"maildir", "/x"}, {"from", "no-address"}}).find("from:"), 0U);
  for (const char* url : {"hq.example", "http://a/", "http://a/?x", "http://a/';rm", "ftp://a"})
    BOOST_CHECK_MESSAGE(
        refusal({{"maildir", "/x"}, {"confirm-url", url}}).find("confirm-url:") == 0U, url);
  BOOST_CHECK(refusal({{"smtp", "smtp://a:25"}}).empty());
}

BOOST_AUTO_TEST_SUITE_END()
