// SPDX-License-Identifier: Apache-2.0
#include "core/bus/mailbox.hpp"

#include <boost/test/unit_test.hpp>
#include <memory>
#include <thread>

using namespace sense::bus;

namespace {

bool readable(const Mailbox<int>& box) {
  pollfd item{box.fd(), POLLIN, 0};
  return ::poll(&item, 1, 0) == 1;
}

}  // namespace

BOOST_AUTO_TEST_SUITE(mailbox_tests)

BOOST_AUTO_TEST_CASE(what_waits_is_taken_at_once_and_in_order) {
  Mailbox<int> box;
  BOOST_CHECK(!readable(box));
  for (int i = 0; i < 5; ++i) box.put(i);
  BOOST_CHECK(readable(box));
  const auto taken = box.take();
  BOOST_TEST(taken == (std::vector<int>{0, 1, 2, 3, 4}), boost::test_tools::per_element());
  BOOST_CHECK(!readable(box));
  BOOST_CHECK(box.take().empty());
}

BOOST_AUTO_TEST_CASE(wake_makes_it_readable_without_a_value) {
  Mailbox<int> box;
  box.wake();
  BOOST_CHECK(readable(box));
  box.wait(std::chrono::milliseconds{60'000});  // at once
  BOOST_CHECK(box.take().empty());
  BOOST_CHECK(!readable(box));
}

BOOST_AUTO_TEST_CASE(values_that_can_only_be_moved_pass) {
  Mailbox<std::unique_ptr<int>> box;
  box.put(std::make_unique<int>(7));
  auto taken = box.take();
  BOOST_REQUIRE(taken.size() == 1u);
  BOOST_CHECK_EQUAL(*taken.front(), 7);
}

// A lost wake-up shows as a wait of its full minute, and so as the time limit of the test.
BOOST_AUTO_TEST_CASE(no_value_and_no_wake_up_is_lost_between_threads) {
  constexpr int threads = 4;
  constexpr int values = 20'000;
  Mailbox<std::pair<int, int>> box;
  std::vector<std::thread> senders;
  for (int t = 0; t < threads; ++t)
    senders.emplace_back([&box, t] {
      for (int i = 0; i < values; ++i) box.put({t, i});
    });
  std::vector<int> next(threads, 0);
  int count = 0;
  bool in_order = true;
  while (count < threads * values) {
    box.wait(std::chrono::milliseconds{60'000});
    for (const auto& [thread, value] : box.take()) {
      auto& expected = next[static_cast<std::size_t>(thread)];
      in_order = in_order && value == expected;
      expected = value + 1;
      ++count;
    }
  }
  for (auto& sender : senders) sender.join();
  BOOST_CHECK(in_order);
  BOOST_CHECK_EQUAL(count, threads * values);
}

BOOST_AUTO_TEST_SUITE_END()
