// SPDX-License-Identifier: Apache-2.0
#include <sys/resource.h>
#include <sys/stat.h>
#include <unistd.h>

#include <boost/test/unit_test.hpp>
#include <csignal>
#include <fstream>
#include <nlohmann/json.hpp>
#include <sstream>

#include "core/event/cloudevents_json.hpp"
#include "tests/core/storage/temporary_folder.hpp"
#include "tests/gateways/api/fakes.hpp"

extern "C" const sense::GatewayDescriptor* sense_gateway_descriptor();

using namespace sense;
using namespace sense::test;
using AttemptOutcome = Attempt::Outcome;
using VerificationOutcome = Verification::Outcome;

namespace {

struct Fixture {
  Fixture() {
    ::chmod(place.path().c_str(), 0755);
    std::filesystem::create_directory(folder);
    auto settings = Settings::defaults(sense_gateway_descriptor()->options);
    BOOST_REQUIRE(settings.set("folder", folder));
    BOOST_REQUIRE(harness.start(sense_gateway_descriptor()->create(settings, harness.context)));
  }
  [[nodiscard]] std::string callback(const std::string& name) const {
    return "file:" + folder + "/" + name;
  }
  Attempt deliver(const std::string& name, Delivery::Kind kind = Delivery::Kind::event) {
    auto delivery = sample_delivery(callback(name));
    delivery->kind = kind;
    return harness.deliver(std::move(delivery));
  }
  VerificationOutcome verify(const std::string& callback) {
    auto subscription = std::make_shared<Subscription>();
    subscription->id = "s-1";
    subscription->callback = callback;
    return harness.verify(subscription, "token").outcome;
  }
  [[nodiscard]] std::string content(const std::string& name) const {
    std::ostringstream text;
    text << std::ifstream(folder + "/" + name).rdbuf();
    return text.str();
  }

  TemporaryFolder place;
  const std::string folder = place / "files";
  PluginHarness harness;  // last: its gateway uses the folder
};

const std::string line = to_cloudevents_json(sample_event()) + "\n";

// While it lives, this process can make no file longer than that: a disk that is full behind it.
class FileSizeLimit {
 public:
  explicit FileSizeLimit(rlim_t octets) : handler_(std::signal(SIGXFSZ, SIG_IGN)) {
    ::getrlimit(RLIMIT_FSIZE, &before_);
    const rlimit limit{octets, before_.rlim_max};
    ::setrlimit(RLIMIT_FSIZE, &limit);
  }
  ~FileSizeLimit() {
    ::setrlimit(RLIMIT_FSIZE, &before_);
    std::signal(SIGXFSZ, handler_);
  }
  FileSizeLimit(const FileSizeLimit&) = delete;
  FileSizeLimit& operator=(const FileSizeLimit&) = delete;

 private:
  void (*handler_)(int);
  rlimit before_{};
};

}  // namespace

BOOST_FIXTURE_TEST_SUITE(file_gateway_tests, Fixture)

BOOST_AUTO_TEST_CASE(what_is_delivered_stands_in_the_file) {
  BOOST_CHECK(deliver("a.log").outcome == AttemptOutcome::delivered);
  BOOST_CHECK_EQUAL(content("a.log"), line);
  BOOST_CHECK(deliver("a.log").outcome == AttemptOutcome::delivered);
  BOOST_CHECK_EQUAL(content("a.log"), line + line);
  const auto event = event_from_cloudevents_json(line, EventOrigin::service);
  BOOST_REQUIRE(event);
  BOOST_CHECK(*event == sample_event());
}

BOOST_AUTO_TEST_CASE(data_with_line_ends_stays_on_one_line) {
  auto event = sample_event();
  event.data = "one\ntwo\r\n";
  BOOST_CHECK(harness.deliver(sample_delivery(callback("a"), event)).outcome ==
              AttemptOutcome::delivered);
  const auto text = content("a");
  BOOST_CHECK_EQUAL(text.find('\n'), text.size() - 1);
}

BOOST_AUTO_TEST_CASE(gaps_ends_and_digests_are_lines_as_well) {
  for (const auto kind : {Delivery::Kind::gap, Delivery::Kind::ended, Delivery::Kind::digest})
    BOOST_CHECK(deliver("a", kind).outcome == AttemptOutcome::delivered);
  BOOST_CHECK_EQUAL(content("a"), line + line + line);
}

BOOST_AUTO_TEST_CASE(many_deliveries_at_once_do_not_mix) {
  std::vector<std::future<Attempt>> attempts;
  for (int i = 0; i < 50; ++i)
    attempts.push_back(harness.deliver_later(sample_delivery(callback("a"))));
  for (auto& attempt : attempts) BOOST_CHECK(attempt.get().outcome == AttemptOutcome::delivered);
  std::string all;
  for (int i = 0; i < 50; ++i) all += line;
  BOOST_CHECK_EQUAL(content("a"), all);
}

BOOST_AUTO_TEST_CASE(names_directly_below_the_folder_are_verified) {
  for (const auto* name : {"a", "a.log", "A-b_c.1", "a..b"})
    BOOST_CHECK_MESSAGE(verify(callback(name)) == VerificationOutcome::verified, name);
  BOOST_CHECK(verify("file://" + folder + "/a") == VerificationOutcome::verified);
}

BOOST_AUTO_TEST_CASE(names_outside_the_folder_are_refused_and_never_written) {
  std::filesystem::create_directory(folder + "/below");
  for (const std::string name :
       {"", ".", "..", ".hidden", "../a", "below/a", "below", "a/", "../files/a", "/a/../a"})
    BOOST_CHECK_MESSAGE(verify(callback(name)) == VerificationOutcome::refused, name);
  for (const std::string& other : std::vector<std::string>{
           "/etc/passwd", "", "files/a", "//localhost/a", "//host.example" + folder + "/a"}) {
    BOOST_CHECK_MESSAGE(verify("file:" + other) == VerificationOutcome::refused, other);
    const auto attempt = harness.deliver(sample_delivery("file:" + other));
    BOOST_CHECK_MESSAGE(attempt.outcome == AttemptOutcome::rejected, other);
  }
}

BOOST_AUTO_TEST_CASE(links_folders_and_pipes_are_refused_and_never_written) {
  const auto secret = place / "secret";
  std::ofstream(secret) << "secret\n";
  std::filesystem::create_symlink(secret, folder + "/link");
  std::filesystem::create_symlink(folder + "/a", folder + "/inside");
  std::filesystem::create_directory(folder + "/below");
  BOOST_REQUIRE_EQUAL(::mkfifo((folder + "/pipe").c_str(), 0600), 0);
  for (const auto* name : {"link", "inside", "below", "pipe"}) {
    BOOST_CHECK_MESSAGE(verify(callback(name)) == VerificationOutcome::refused, name);
    BOOST_CHECK_MESSAGE(deliver(name).outcome == AttemptOutcome::retry, name);
  }
  BOOST_CHECK(!std::filesystem::exists(folder + "/a"));
  BOOST_CHECK_EQUAL(std::filesystem::file_size(secret), 7U);
}

BOOST_AUTO_TEST_CASE(a_folder_that_is_missing_is_tried_again) {
  std::filesystem::remove(folder);
  BOOST_CHECK(verify(callback("a")) == VerificationOutcome::failed);
  BOOST_CHECK(deliver("a").outcome == AttemptOutcome::retry);
  std::filesystem::create_directory(folder);
  BOOST_CHECK(verify(callback("a")) == VerificationOutcome::verified);
  BOOST_CHECK(deliver("a").outcome == AttemptOutcome::delivered);
}

BOOST_AUTO_TEST_CASE(a_file_that_cannot_be_written_is_tried_again) {
  std::ofstream(folder + "/a") << "";
  ::chmod((folder + "/a").c_str(), 0400);
  // Permissions do not hold root back.
  const bool root = ::geteuid() == 0;
  if (root) BOOST_REQUIRE_EQUAL(::seteuid(65534), 0);
  const auto attempt = deliver("a");
  if (root) BOOST_REQUIRE_EQUAL(::seteuid(0), 0);
  BOOST_CHECK(attempt.outcome == AttemptOutcome::retry);
  BOOST_CHECK_NE(attempt.answer.find(folder + "/a"), std::string::npos);
}

BOOST_AUTO_TEST_CASE(a_full_disk_is_tried_again_and_leaves_no_part_of_a_line) {
  BOOST_CHECK(deliver("a").outcome == AttemptOutcome::delivered);
  {
    const FileSizeLimit limit(line.size() + 10);
    BOOST_CHECK(deliver("a").outcome == AttemptOutcome::retry);
  }
  BOOST_CHECK_EQUAL(content("a"), line);
  BOOST_CHECK(deliver("a").outcome == AttemptOutcome::delivered);
  BOOST_CHECK_EQUAL(content("a"), line + line);
}

BOOST_AUTO_TEST_CASE(a_line_that_a_crash_cut_short_is_ended_before_the_next) {
  std::ofstream(folder + "/a") << R"({"specversion)";
  BOOST_CHECK(deliver("a").outcome == AttemptOutcome::delivered);
  BOOST_CHECK_EQUAL(content("a"), "{\"specversion\n" + line);
}

BOOST_AUTO_TEST_CASE(a_new_file_is_readable_by_its_owner_only) {
  BOOST_CHECK(deliver("a").outcome == AttemptOutcome::delivered);
  struct stat info {};
  BOOST_REQUIRE_EQUAL(::stat((folder + "/a").c_str(), &info), 0);
  BOOST_CHECK_EQUAL(info.st_mode & 0777U, 0600U);
}

BOOST_AUTO_TEST_SUITE_END()
