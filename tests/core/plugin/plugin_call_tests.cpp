// SPDX-License-Identifier: Apache-2.0
#include "core/plugin/plugin_call.hpp"

#include <boost/asio/io_context.hpp>
#include <boost/asio/post.hpp>
#include <boost/test/unit_test.hpp>
#include <stdexcept>

using namespace sense;

BOOST_AUTO_TEST_SUITE(plugin_call_tests)

BOOST_AUTO_TEST_CASE(what_a_plugin_throws_names_plugin_function_and_exception) {
  const auto called = call_plugin("gateway x", "start()",
                                  []() -> Status { throw std::runtime_error("went\nwrong"); });
  BOOST_REQUIRE(!called.has_value());
  BOOST_CHECK(called.error().code == Code::internalerror);
  BOOST_CHECK_EQUAL(called.error().message,
                    "gateway x threw in start(): std::runtime_error: went\\x0awrong; this is a "
                    "fault of the plugin");
}

BOOST_AUTO_TEST_CASE(what_is_no_exception_of_the_library_is_unknown) {
  const auto called = call_plugin("adapter x", "create()", []() -> Result<int> { throw 5; });
  BOOST_CHECK_NE(called.error().message.find("an unknown exception"), std::string::npos);
}

BOOST_AUTO_TEST_CASE(an_answer_or_an_error_of_a_plugin_is_passed_on) {
  BOOST_CHECK_EQUAL(call_plugin("", "", []() -> Result<int> { return 7; }).value(), 7);
  const auto refused =
      call_plugin("", "", []() -> Result<int> { return fail(Code::badparam, "the option"); });
  BOOST_CHECK_EQUAL(refused.error().message, "the option");
}

BOOST_AUTO_TEST_CASE(what_escapes_the_reactor_is_told_as_what_it_is_and_blames_no_plugin) {
  boost::asio::io_context reactor;
  std::vector<std::string> escaped;
  int behind = 0;
  boost::asio::post(reactor, [] { throw std::length_error("too long"); });
  boost::asio::post(reactor, [&] { ++behind; });
  run_reactor(reactor, [&](const Error& why) { escaped.push_back(why.message); });
  BOOST_REQUIRE_EQUAL(escaped.size(), 1U);
  BOOST_CHECK_NE(escaped[0].find("std::length_error: too long"), std::string::npos);
  BOOST_CHECK_EQUAL(escaped[0].find("plugin"), std::string::npos);
  BOOST_CHECK_EQUAL(behind, 1);  // the end is orderly: what is posted still runs
}

BOOST_AUTO_TEST_CASE(a_second_escape_ends_the_run) {
  boost::asio::io_context reactor;
  int escapes = 0;
  int behind = 0;
  for (int i = 0; i < 2; ++i) boost::asio::post(reactor, [] { throw std::runtime_error("again"); });
  boost::asio::post(reactor, [&] { ++behind; });
  run_reactor(reactor, [&](const Error&) { ++escapes; });
  BOOST_CHECK_EQUAL(escapes, 1);
  BOOST_CHECK_EQUAL(behind, 0);
}

BOOST_AUTO_TEST_SUITE_END()
