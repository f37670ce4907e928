// SPDX-License-Identifier: Apache-2.0
// What a program hears when libzmq cannot serve it any more.
#include <dlfcn.h>
#include <zmq.h>

#include <atomic>
#include <boost/test/unit_test.hpp>
#include <cerrno>

#include "tests/core/bus/bus_fixture.hpp"

using namespace sense;

namespace {
std::atomic<bool> poll_fails{false};
}

// In the place of libzmq's, for this whole program.
extern "C" int zmq_poll(zmq_pollitem_t* items, int count, long timeout) {
  static const auto next = reinterpret_cast<decltype(&zmq_poll)>(::dlsym(RTLD_NEXT, "zmq_poll"));
  if (!poll_fails) return next(items, count, timeout);
  errno = ENOMEM;
  return -1;
}

BOOST_AUTO_TEST_SUITE(broken_sockets_tests)

BOOST_AUTO_TEST_CASE(broken_sockets_are_told_once_and_every_request_fails) {
  TestExecutor loop;
  std::vector<Error> told;
  BusOptions options;
  options.service = "ipc:///nonexistent/service";
  options.events = "ipc:///nonexistent/events";
  options.executor = loop.executor();
  options.on_broken = [&](Error why) { told.push_back(std::move(why)); };
  auto bus = connect_zmq_bus(options);
  BOOST_REQUIRE_MESSAGE(bus, (bus ? "" : bus.error().message));
  poll_fails = true;
  loop.until([&] { return !told.empty(); });
  poll_fails = false;
  BOOST_CHECK(told.front().code == Code::system);
  for (int i = 0; i < 2; ++i) {
    std::optional<Result<Receipt>> answer;
    (*bus)->publish(make_event("e-1", "{urn:a}one"), [&](auto got) { answer = std::move(got); });
    loop.until([&] { return answer.has_value(); });
    BOOST_CHECK(!*answer && answer->error().code == Code::system);
  }
  BOOST_CHECK_EQUAL(told.size(), 1U);
}

BOOST_AUTO_TEST_SUITE_END()
