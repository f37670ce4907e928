// SPDX-License-Identifier: Apache-2.0
#include "gateways/email/email_gateway.hpp"

#include <sys/stat.h>

#include <boost/test/unit_test.hpp>
#include <filesystem>
#include <fstream>
#include <sstream>

#include "gateways/email/maildir.hpp"
#include "gateways/email/mailer.hpp"
#include "tests/core/egress/loopback_server.hpp"
#include "tests/gateways/api/fakes.hpp"

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

Settings options(const std::string& key, const std::string& value) {
  auto settings = Settings::defaults(email::email_options());
  BOOST_REQUIRE(settings.set(key, value));
  BOOST_REQUIRE(settings.set("from", "sense@hq.example"));
  return settings;
}

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

// What the relay says at each step; "cut" closes the connection there, "hang" says nothing.
struct Script {
  std::string banner = "220 relay ready";
  std::string hello = "250 relay";
  std::string mail = "250 ok";
  std::string rcpt = "250 ok";
  std::string data = "354 go on";
  std::string final = "250 taken";
};

// A relay that follows the script and keeps what it took.
class Relay {
 public:
  explicit Relay(Script script = {})
      : script_(std::move(script)), server_([this](LoopbackServer::Peer& peer) { serve(peer); }) {}

  [[nodiscard]] std::string url() const {
    return "smtp://127.0.0.1:" + std::to_string(server_.port());
  }
  std::vector<std::string> messages() {
    const std::lock_guard lock(mutex_);
    return messages_;
  }
  std::vector<std::string> commands() {
    const std::lock_guard lock(mutex_);
    return commands_;
  }
  [[nodiscard]] std::size_t connections() const { return server_.connections(); }

 private:
  static bool say(LoopbackServer::Peer& peer, const std::string& text) {
    if (text == "cut") return false;
    if (text == "hang") {
      peer.wait_for_close();
      return false;
    }
    peer.write(text + "\r\n");
    return true;
  }
  const std::string& answer_to(const std::string& command) {
    static const std::string ok = "250 ok";
    if (command.starts_with("EHLO") || command.starts_with("HELO")) return script_.hello;
    if (command.starts_with("MAIL")) return script_.mail;
    if (command.starts_with("RCPT")) return script_.rcpt;
    return command.starts_with("DATA") ? script_.data : ok;
  }
  void serve(LoopbackServer::Peer& peer) {
    if (!say(peer, script_.banner)) return;
    while (const auto line = peer.read_until("\r\n")) {
      const auto command = line->substr(0, line->size() - 2);
      {
        const std::lock_guard lock(mutex_);
        commands_.push_back(command);
      }
      if (command == "QUIT") {
        peer.write("221 bye\r\n");
        return;
      }
      const auto& answer = answer_to(command);
      if (!say(peer, answer)) return;
      if (command != "DATA" || !answer.starts_with("354")) continue;
      const auto text = peer.read_until("\r\n.\r\n");
      if (!text) return;
      {
        const std::lock_guard lock(mutex_);
        messages_.push_back(text->substr(0, text->size() - 3));
      }
      if (!say(peer, script_.final)) return;
    }
  }

  Script script_;
  std::mutex mutex_;
  std::vector<std::string> messages_;
  std::vector<std::string> commands_;
  LoopbackServer server_;
};

Attempt deliver_by(Relay& relay, const std::string& timeout = "20s") {
  PluginHarness harness(std::vector<std::string>{});  // the relay needs no egress: allow:
  auto settings = options("smtp", relay.url());
  BOOST_REQUIRE(settings.set("timeout", timeout));
  BOOST_REQUIRE(harness.start(email::make_email_gateway(settings, harness.context)));
  return harness.deliver(sample_delivery("mailto:user@example.org"));
}

Attempt::Outcome outcome_with(Script script) {
  Relay relay(std::move(script));
  return deliver_by(relay).outcome;
}

using Outcome = Attempt::Outcome;

}  // namespace

BOOST_AUTO_TEST_SUITE(email_gateway_tests)

BOOST_AUTO_TEST_CASE(a_relay_gets_the_message_for_one_recipient) {
  Relay relay;
  const auto attempt = deliver_by(relay);
  BOOST_CHECK_MESSAGE((attempt.outcome == Outcome::delivered), attempt.answer);
  BOOST_REQUIRE(relay.messages().size() == 1U);
  const auto message = relay.messages()[0];
  BOOST_CHECK(message.starts_with("From: sense@hq.example\r\nTo: user@example.org\r\n"));
  BOOST_CHECK_NE(message.find("342 Printer jam"), std::string::npos);
  std::size_t recipients = 0;
  for (const auto& command : relay.commands()) {
    if (command.starts_with("RCPT")) {
      ++recipients;
      BOOST_CHECK_EQUAL(command, "RCPT TO:<user@example.org>");
    }
    if (command.starts_with("MAIL"))
      BOOST_CHECK(command.starts_with("MAIL FROM:<sense@hq.example>"));
    if (command.starts_with("EHLO")) BOOST_CHECK_EQUAL(command, "EHLO hq.example");
  }
  BOOST_CHECK_EQUAL(recipients, 1U);
}

BOOST_AUTO_TEST_CASE(one_connection_carries_many_messages) {
  Relay relay;
  PluginHarness harness(std::vector<std::string>{});
  BOOST_REQUIRE(
      harness.start(email::make_email_gateway(options("smtp", relay.url()), harness.context)));
  for (int i = 0; i < 5; ++i)
    BOOST_CHECK(harness.deliver(sample_delivery("mailto:user@example.org")).outcome ==
                Outcome::delivered);
  BOOST_CHECK_EQUAL(relay.messages().size(), 5U);
  BOOST_CHECK_EQUAL(relay.connections(), 1U);
}

BOOST_AUTO_TEST_CASE(data_cannot_end_the_message_or_start_a_command) {
  Relay relay;
  PluginHarness harness(std::vector<std::string>{});
  BOOST_REQUIRE(
      harness.start(email::make_email_gateway(options("smtp", relay.url()), harness.context)));
  auto event = sample_event();
  event.data = "a\n.\nMAIL FROM:<x@y>\r\n.\r\nRCPT TO:<v@w>\n\n.\r.\r\n";
  BOOST_CHECK(harness.deliver(sample_delivery("mailto:user@example.org", event)).outcome ==
              Outcome::delivered);
  BOOST_REQUIRE(relay.messages().size() == 1U);
  BOOST_CHECK_NE(relay.messages()[0].find("RCPT TO:<v@w>"), std::string::npos);
  for (const auto& command : relay.commands()) BOOST_CHECK_NE(command, "RCPT TO:<v@w>");
}

BOOST_AUTO_TEST_CASE(passing_refusals_are_tried_again) {
  BOOST_CHECK(outcome_with({.banner = "421 busy"}) == Outcome::retry);
  BOOST_CHECK(outcome_with({.mail = "451 later"}) == Outcome::retry);
  BOOST_CHECK(outcome_with({.rcpt = "450 greylisted"}) == Outcome::retry);
  BOOST_CHECK(outcome_with({.data = "452 full"}) == Outcome::retry);
  BOOST_CHECK(outcome_with({.final = "451 later"}) == Outcome::retry);
}

BOOST_AUTO_TEST_CASE(lasting_refusals_are_rejected) {
  BOOST_CHECK(outcome_with({.mail = "550 not you"}) == Outcome::rejected);
  BOOST_CHECK(outcome_with({.rcpt = "554 no"}) == Outcome::rejected);
  BOOST_CHECK(outcome_with({.rcpt = "552 quota"}) == Outcome::rejected);
  BOOST_CHECK(outcome_with({.final = "550 looks like spam"}) == Outcome::rejected);
  BOOST_CHECK(outcome_with({.final = "554 no"}) == Outcome::rejected);
}

BOOST_AUTO_TEST_CASE(an_unknown_mailbox_ends_the_subscription) {
  for (const char* code :
       {"550 no such user", "551 moved", "553 bad name", "550-no\r\n550 such user"})
    BOOST_CHECK_MESSAGE((outcome_with({.rcpt = code}) == Outcome::gone), code);
}

BOOST_AUTO_TEST_CASE(the_refusal_is_shown_to_the_operator) {
  Relay relay({.rcpt = "550 5.1.1 no such user"});
  BOOST_CHECK_EQUAL(deliver_by(relay).answer, "SMTP 550 5.1.1 no such user");
}

BOOST_AUTO_TEST_CASE(a_lost_connection_is_unknown_and_tried_again) {
  BOOST_CHECK(outcome_with({.banner = "cut"}) == Outcome::retry);
  BOOST_CHECK(outcome_with({.hello = "cut"}) == Outcome::retry);
  BOOST_CHECK(outcome_with({.mail = "cut"}) == Outcome::retry);
  BOOST_CHECK(outcome_with({.rcpt = "cut"}) == Outcome::retry);
  BOOST_CHECK(outcome_with({.data = "cut"}) == Outcome::retry);
  BOOST_CHECK(outcome_with({.final = "cut"}) == Outcome::retry);
}

BOOST_AUTO_TEST_CASE(a_silent_relay_is_given_up_and_tried_again) {
  for (auto script : {Script{.banner = "hang"}, Script{.rcpt = "hang"}, Script{.final = "hang"}}) {
    Relay relay(script);
    BOOST_CHECK(deliver_by(relay, "1s").outcome == Outcome::retry);
  }
}

BOOST_AUTO_TEST_CASE(required_tls_is_not_done_without) {
  Relay relay;
  PluginHarness harness(std::vector<std::string>{});
  auto settings = options("smtp", relay.url());
  BOOST_REQUIRE(settings.set("starttls", "required"));
  BOOST_REQUIRE(harness.start(email::make_email_gateway(settings, harness.context)));
  BOOST_CHECK(harness.deliver(sample_delivery("mailto:user@example.org")).outcome ==
              Outcome::retry);
  BOOST_CHECK(relay.messages().empty());
}

BOOST_AUTO_TEST_CASE(a_mailbox_gets_the_message_under_new) {
  Folder folder;
  PluginHarness harness;
  BOOST_REQUIRE(harness.start(email::make_email_gateway(
      options("maildir", (folder.path / "mail").string()), harness.context)));
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
      email::make_email_gateway(options("maildir", folder.path.string()), harness.context)));
  BOOST_CHECK(harness.deliver(sample_delivery("mailto:/etc/x@example.org")).outcome ==
              Outcome::delivered);
  BOOST_CHECK_EQUAL(mails_in(folder.path / "%2Fetc%2Fx@example.org" / "new").size(), 1U);
}

BOOST_AUTO_TEST_CASE(a_mailbox_that_cannot_be_written_is_tried_again) {
  Folder folder;
  PluginHarness harness;
  BOOST_REQUIRE(harness.start(
      email::make_email_gateway(options("maildir", folder.path.string()), harness.context)));
  std::ofstream(folder.path / "user@example.org") << "in the way";
  const auto attempt = harness.deliver(sample_delivery("mailto:user@example.org"));
  BOOST_CHECK(attempt.outcome == Outcome::retry);
  BOOST_CHECK_NE(attempt.answer.find("user@example.org"), std::string::npos);
}

BOOST_AUTO_TEST_CASE(no_mail_goes_to_what_is_no_address) {
  Relay relay;
  PluginHarness harness;
  BOOST_REQUIRE(
      harness.start(email::make_email_gateway(options("smtp", relay.url()), harness.context)));
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
  auto settings = options("maildir", folder.path.string());
  BOOST_REQUIRE(settings.set("confirm-url", "http://hq.example:8080"));
  BOOST_REQUIRE(harness.start(email::make_email_gateway(settings, harness.context)));
  const auto answer =
      harness.verify(sample_delivery("mailto:user@example.org")->subscription, "T0KEN");
  BOOST_CHECK(answer.outcome == Verification::Outcome::asked);
  const auto mails = mails_in(folder.path / "user@example.org" / "new");
  BOOST_REQUIRE(mails.size() == 1U);
  BOOST_CHECK_NE(mails[0].find("T0KEN"), std::string::npos);
}

BOOST_AUTO_TEST_CASE(a_question_that_cannot_be_sent_is_refused) {
  Relay relay({.rcpt = "550 no such user"});
  PluginHarness harness;
  BOOST_REQUIRE(
      harness.start(email::make_email_gateway(options("smtp", relay.url()), harness.context)));
  const auto answer =
      harness.verify(sample_delivery("mailto:user@example.org")->subscription, "T0KEN");
  BOOST_CHECK(answer.outcome == Verification::Outcome::refused);
  BOOST_CHECK_NE(answer.answer.find("no such user"), std::string::npos);
}

BOOST_AUTO_TEST_CASE(a_relay_that_is_busy_has_refused_nothing) {
  Relay relay({.rcpt = "451 later"});
  PluginHarness harness;
  BOOST_REQUIRE(
      harness.start(email::make_email_gateway(options("smtp", relay.url()), harness.context)));
  const auto answer =
      harness.verify(sample_delivery("mailto:user@example.org")->subscription, "T0KEN");
  BOOST_CHECK(answer.outcome == Verification::Outcome::failed);
}

BOOST_AUTO_TEST_CASE(stop_answers_what_is_under_way_once_and_does_not_wait_for_the_relay) {
  for (auto script : {Script{.banner = "hang"}, Script{.rcpt = "hang"}, Script{.data = "hang"},
                      Script{.final = "hang"}}) {
    Relay relay(script);
    std::vector<std::future<Attempt>> attempts;
    const auto begin = std::chrono::steady_clock::now();
    {
      PluginHarness harness(std::vector<std::string>{});
      BOOST_REQUIRE(
          harness.start(email::make_email_gateway(options("smtp", relay.url()), harness.context)));
      for (int i = 0; i < 8; ++i)
        attempts.push_back(harness.deliver_later(sample_delivery("mailto:user@example.org")));
      while (relay.connections() == 0) std::this_thread::yield();
      if (script.final == "hang")
        while (relay.messages().empty()) std::this_thread::yield();
    }
    BOOST_CHECK(std::chrono::steady_clock::now() - begin < std::chrono::seconds{20});
    for (auto& attempt : attempts) BOOST_CHECK(attempt.get().outcome == Outcome::retry);
  }
}

BOOST_AUTO_TEST_CASE(stop_does_not_complete_a_message_that_is_half_sent) {
  std::promise<void> begun;
  std::promise<void> stopped;
  std::promise<std::string> taken;
  LoopbackServer relay([&, first = true](LoopbackServer::Peer& peer) mutable {
    peer.write("220 ready\r\n");
    while (const auto line = peer.read_until("\r\n")) {
      if (!line->starts_with("DATA")) {
        peer.write("250 ok\r\n");
        continue;
      }
      peer.write("354 go on\r\n");
      if (std::exchange(first, false)) begun.set_value();
      stopped.get_future().wait();  // the sender's and our buffers fill up
      std::string text;
      while (const auto octet = peer.read(1)) text += *octet;
      return taken.set_value(text);
    }
  });
  {
    PluginHarness harness(std::vector<std::string>{});
    auto settings = options("smtp", "smtp://127.0.0.1:" + std::to_string(relay.port()));
    BOOST_REQUIRE(settings.set("connections", "1"));
    BOOST_REQUIRE(harness.start(email::make_email_gateway(settings, harness.context)));
    auto event = sample_event();
    event.data.assign(Event::data_length_max, '=');  // three octets each
    (void)harness.deliver_later(sample_delivery("mailto:user@example.org", event));
    begun.get_future().wait();
  }
  stopped.set_value();
  const auto text = taken.get_future().get();
  BOOST_TEST_MESSAGE("octets that the relay got: " << text.size());
  if (text.find("number: 42") == std::string::npos || text.size() < 3U * Event::data_length_max)
    BOOST_CHECK(!text.ends_with("\r\n.\r\n"));
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
