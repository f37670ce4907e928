// SPDX-License-Identifier: Apache-2.0
#include "gateways/host/records/delivery_log.hpp"

#include <boost/test/unit_test.hpp>

using namespace sense;
using namespace std::chrono_literals;

namespace {

Subscription logged(const std::string& id) {
  Subscription subscription;
  subscription.id = id;
  subscription.callback = "https://desk.example/hook?key=open-sesame";
  return subscription;
}

AttemptRecord attempt_at(std::uint64_t number, std::string answer = "HTTP 500") {
  AttemptRecord record;
  record.number = number;
  record.answer = std::move(answer);
  return record;
}

using Numbers = std::vector<std::uint64_t>;

struct LogFixture {
  Counters counters;
  DeliveryLog log{{3, 64 * 1024}, counters["dropped"]};

  [[nodiscard]] Numbers numbers(const std::string& id, std::uint64_t after = 0,
                                std::size_t limit = 100) const {
    Numbers numbers;
    for (const auto& record : log.page(id, after, limit).records) numbers.push_back(record.number);
    return numbers;
  }
  std::uint64_t dropped() { return counters["dropped"]; }
};

}  // namespace

BOOST_FIXTURE_TEST_SUITE(delivery_log_tests, LogFixture)

BOOST_AUTO_TEST_CASE(the_last_attempts_of_each_subscription_stay) {
  for (std::uint64_t number = 1; number <= 5; ++number) {
    log.add(logged("s-1"), attempt_at(number));
    if (number < 3) log.add(logged("s-2"), attempt_at(number));
  }
  BOOST_TEST(numbers("s-1") == (Numbers{3, 4, 5}), boost::test_tools::per_element());
  BOOST_TEST(numbers("s-2") == (Numbers{1, 2}), boost::test_tools::per_element());
  BOOST_CHECK(numbers("s-3").empty());
  BOOST_CHECK_EQUAL(dropped(), 0U);
}

BOOST_AUTO_TEST_CASE(a_page_says_whether_there_is_more) {
  for (std::uint64_t number = 1; number <= 3; ++number) log.add(logged("s-1"), attempt_at(number));
  const auto page = log.page("s-1", 0, 2);
  BOOST_CHECK(page.more);
  BOOST_CHECK_EQUAL(page.records.size(), 2U);
  const auto rest = log.page("s-1", page.records.back().id, 2);
  BOOST_CHECK(!rest.more);
  BOOST_CHECK_EQUAL(rest.records.at(0).number, 3U);
  BOOST_CHECK(log.page("s-1", rest.records.back().id, 2).records.empty());
  BOOST_CHECK(!log.page("s-1", 0, 3).more);
}

BOOST_AUTO_TEST_CASE(in_all_the_oldest_give_way_and_are_counted) {
  const auto before = log.octets();
  for (int i = 0; i < 1000; ++i)
    log.add(logged("s-" + std::to_string(i)), attempt_at(1, std::string(1000, 'x')));
  BOOST_CHECK_EQUAL(before, 0U);
  BOOST_CHECK_LE(log.octets(), 64U * 1024U);
  BOOST_CHECK_GT(log.octets(), 60U * 1024U);
  BOOST_CHECK(numbers("s-0").empty());
  BOOST_CHECK_EQUAL(numbers("s-999").size(), 1U);
  BOOST_CHECK_GT(dropped(), 900U);
  for (int i = 0; i < 1000; ++i) log.forget("s-" + std::to_string(i));
  BOOST_CHECK_EQUAL(log.octets(), 0U);
}

BOOST_AUTO_TEST_CASE(one_that_is_bigger_than_all_room_is_not_kept) {
  DeliveryLog tiny({3, 100}, counters["dropped"]);
  tiny.add(logged("s-1"), attempt_at(1));
  BOOST_CHECK_EQUAL(tiny.octets(), 0U);
  BOOST_CHECK(tiny.page("s-1", 0, 10).records.empty());
  DeliveryLog none({0, 100'000}, counters["dropped"]);
  none.add(logged("s-1"), attempt_at(1));
  BOOST_CHECK_EQUAL(none.octets(), 0U);
}

BOOST_AUTO_TEST_CASE(what_is_forgotten_takes_no_room) {
  log.add(logged("s-1"), attempt_at(1));
  log.add(logged("s-2"), attempt_at(1));
  log.forget("s-1");
  log.forget("s-1");
  BOOST_CHECK(numbers("s-1").empty());
  BOOST_CHECK_EQUAL(numbers("s-2").size(), 1U);
  log.forget("s-2");
  BOOST_CHECK_EQUAL(log.octets(), 0U);
}

BOOST_AUTO_TEST_CASE(an_answer_is_shown_as_a_kibibyte_of_printable_text) {
  const auto shown = shown_answer("a\r\nb\x1b[31m" + std::string(5000, '\n'), "http://a/");
  BOOST_CHECK_LE(shown.size(), 1024U);
  BOOST_CHECK_EQUAL(shown.find_first_of("\r\n\x1b"), std::string::npos);
}

BOOST_AUTO_TEST_CASE(credentials_in_an_answer_are_hidden) {
  const std::string callback = "https://desk.example/hook?key=open-sesame";
  for (const std::string& secret :
       {std::string("whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw"),
        std::string("whsk_6Xb/dCcHpPea21PS1N9VY/NZW723CEc77N4rJCubMbc="),
        std::string("sense_0123456789ABCDEFGHJKMNPQRS"),
        std::string("Bearer eyJhbGciOiJIUzI1NiJ9.e30.abcdefgh"), std::string("key=open-sesame")}) {
    const auto shown = shown_answer("you sent \"" + secret + "\", and " + secret, callback);
    BOOST_CHECK_EQUAL(shown.find(secret.substr(secret.find_first_of("_ =") + 1)),
                      std::string::npos);
    BOOST_CHECK(shown.starts_with("you sent "));
    BOOST_CHECK_NE(shown.find("***\", and "), std::string::npos);
  }
  BOOST_CHECK_EQUAL(shown_answer("a Bearer of sense_number", callback), "a Bearer of sense_number");
}

BOOST_AUTO_TEST_SUITE_END()
