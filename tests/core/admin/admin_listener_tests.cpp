// SPDX-License-Identifier: Apache-2.0
#include "core/admin/admin_listener.hpp"

#include <atomic>
#include <boost/asio/executor_work_guard.hpp>
#include <boost/asio/io_context.hpp>
#include <boost/asio/post.hpp>
#include <boost/test/unit_test.hpp>
#include <future>
#include <thread>

#include "tests/core/http/http_client.hpp"

namespace sense::test {

namespace {

namespace asio = boost::asio;

bool has(const std::string& text, std::string_view part) {
  return text.find(part) != std::string::npos;
}

// A process: its loop on a thread, and the listener beside.
struct AdminFixture {
  AdminFixture() {
    listen();
    thread = std::thread([this] { loop.run(); });
  }
  ~AdminFixture() {
    listener.reset();
    loop.stop();
    thread.join();
  }
  void listen(Duration deadline) { listen("127.0.0.1:0", deadline); }
  void listen(const std::string& address = "127.0.0.1:0",
              Duration deadline = std::chrono::minutes{2}) {
    listener.reset();
    auto opened = AdminListener::open(address,
                                      {[this](auto task) {
                                         ++posted;
                                         asio::post(loop, std::move(task));
                                       },
                                       [this] {
                                         waiting.set(++reports);
                                         return missing;
                                       },
                                       counters, metrics},
                                      deadline);
    BOOST_REQUIRE_MESSAGE(opened, opened.error().message);
    listener = std::move(*opened);
  }
  [[nodiscard]] std::uint16_t port() const {
    const auto& address = listener->address();
    return static_cast<std::uint16_t>(std::stoul(address.substr(address.rfind(':') + 1)));
  }
  HttpClient::Reply ask(const std::string& target, const std::string& method = "GET",
                        const std::string& host = "localhost") {
    HttpClient client(port());
    client.write(method + " " + target + " HTTP/1.1\r\nHost: " + host + "\r\n\r\n");
    const auto reply = method == "HEAD" ? client.read_head() : client.read();
    BOOST_REQUIRE(reply);
    return *reply;
  }
  void on_loop(std::function<void()> task) {
    std::promise<void> done;
    asio::post(loop, [&] {
      task();
      done.set_value();
    });
    done.get_future().wait();
  }

  Counters counters;
  Metrics metrics{{"gateway", "test"}};
  Gauge waiting = metrics.gauge("sense_test_reports", "Reports");
  std::string missing;  // of the loop
  int reports = 0;
  std::atomic<int> posted = 0;
  asio::io_context loop;
  asio::executor_work_guard<asio::io_context::executor_type> work{loop.get_executor()};
  std::unique_ptr<AdminListener> listener;
  std::thread thread;
};

// The loop stands still while this lives.
class StuckLoop {
 public:
  explicit StuckLoop(asio::io_context& loop) {
    asio::post(loop, [until = until_.get_future().share()] { until.wait(); });
  }
  ~StuckLoop() { until_.set_value(); }

 private:
  std::promise<void> until_;
};

}  // namespace

BOOST_FIXTURE_TEST_SUITE(admin_listener_tests, AdminFixture)

BOOST_AUTO_TEST_CASE(a_process_that_serves_is_live_and_ready) {
  for (const auto* path : {"/livez", "/readyz", "/readyz?verbose"}) {
    const auto reply = ask(path);
    BOOST_CHECK_EQUAL(reply.status, 200U);
    BOOST_CHECK_EQUAL(reply.body, "ok\n");
  }
}

BOOST_AUTO_TEST_CASE(a_process_that_misses_something_is_live_and_says_what_is_missing) {
  on_loop([this] { missing = "the broker does not answer"; });
  BOOST_CHECK_EQUAL(ask("/livez").status, 200U);
  const auto reply = ask("/readyz");
  BOOST_CHECK_EQUAL(reply.status, 503U);
  BOOST_CHECK_EQUAL(reply.body, "the broker does not answer\n");
  on_loop([this] { missing.clear(); });
  BOOST_CHECK_EQUAL(ask("/readyz").status, 200U);
}

BOOST_AUTO_TEST_CASE(a_loop_that_is_stuck_is_neither_live_nor_ready_and_metrics_are_answered) {
  counters["bus.lost"] = 2;
  BOOST_CHECK_EQUAL(ask("/livez").status, 200U);
  listen(std::chrono::milliseconds{20});
  {
    const StuckLoop stuck(loop);
    for (const auto* path : {"/livez", "/readyz"}) {
      const auto reply = ask(path);
      BOOST_CHECK_EQUAL(reply.status, 503U);
      BOOST_CHECK_EQUAL(reply.body, "the loop of this process has not answered for 20ms\n");
    }
    const auto metrics_reply = ask("/metrics");
    BOOST_CHECK_EQUAL(metrics_reply.status, 200U);
    BOOST_TEST(has(metrics_reply.body, "sense_bus_lost_total{gateway=\"test\"} 2\n"),
               metrics_reply.body);
  }
  listen();
  BOOST_CHECK_EQUAL(ask("/livez").status, 200U);
}

BOOST_AUTO_TEST_CASE(a_stuck_loop_is_asked_once_however_often_the_listener_is) {
  listen(std::chrono::milliseconds{1});
  const StuckLoop stuck(loop);
  for (int i = 0; i < 10; ++i) BOOST_CHECK_EQUAL(ask("/livez").status, 503U);
  BOOST_CHECK_EQUAL(posted.load(), 1);
}

BOOST_AUTO_TEST_CASE(metrics_come_with_the_gauges_of_that_moment) {
  counters["bus.lost"] = 2;
  static_cast<void>(ask("/livez"));
  const auto reply = ask("/metrics");
  BOOST_CHECK_EQUAL(reply.status, 200U);
  BOOST_TEST(has(reply.head, "Content-Type: text/plain; version=0.0.4; charset=utf-8\r\n"),
             reply.head);
  BOOST_TEST(has(reply.body, "# TYPE sense_bus_lost_total counter\n"), reply.body);
  BOOST_TEST(has(reply.body, "sense_test_reports{gateway=\"test\"} 2\n"), reply.body);
}

BOOST_AUTO_TEST_CASE(only_get_and_head_of_three_paths_are_taken) {
  BOOST_CHECK_EQUAL(ask("/livez", "HEAD").status, 200U);
  for (const auto* method : {"POST", "DELETE", "OPTIONS"}) {
    const auto reply = ask("/livez", method);
    BOOST_CHECK_EQUAL(reply.status, 405U);
    BOOST_TEST(has(reply.head, "Allow: GET, HEAD\r\n"), reply.head);
  }
  for (const auto* path : {"/", "/livez/", "/v1/health", "/metrics/x"})
    BOOST_CHECK_EQUAL(ask(path).status, 404U);
  BOOST_CHECK_EQUAL(reports, 1);
}

BOOST_AUTO_TEST_CASE(a_web_page_that_rebinds_its_name_reads_nothing) {
  BOOST_CHECK_EQUAL(ask("/metrics", "GET", "evil.example").status, 421U);
  BOOST_CHECK_EQUAL(ask("/metrics", "GET", listener->address()).status, 200U);
}

BOOST_AUTO_TEST_CASE(an_address_of_other_machines_takes_any_host) {
  listen("0.0.0.0:0");
  BOOST_CHECK_EQUAL(ask("/metrics", "GET", "sense.example").status, 200U);
}

BOOST_AUTO_TEST_CASE(idle_connections_give_way_to_a_further_one) {
  std::vector<std::unique_ptr<HttpClient>> idle;
  for (int i = 0; i < 40; ++i) idle.push_back(std::make_unique<HttpClient>(port()));
  BOOST_CHECK_EQUAL(ask("/livez").status, 200U);
}

BOOST_AUTO_TEST_CASE(a_task_that_runs_after_the_end_does_nothing) {
  listen(std::chrono::milliseconds{1});
  {
    const StuckLoop stuck(loop);
    BOOST_CHECK_EQUAL(ask("/livez").status, 503U);
    listener.reset();
  }
  on_loop([] {});
  BOOST_CHECK_EQUAL(reports, 0);
}

BOOST_AUTO_TEST_CASE(an_address_that_is_taken_or_is_none_is_refused_with_the_key) {
  const auto open = [this](const std::string& address) {
    return AdminListener::open(address, {{}, {}, counters, metrics});
  };
  for (const auto& wrong : {std::string("localhost:80"), std::string("127.0.0.1"),
                            std::string("127.0.0.1:70000"), listener->address()}) {
    const auto opened = open(wrong);
    BOOST_REQUIRE(!opened);
    BOOST_TEST(opened.error().message.starts_with("'admin-listen': "), opened.error().message);
  }
  BOOST_CHECK(*open("") == nullptr);
}

BOOST_AUTO_TEST_SUITE_END()

}  // namespace sense::test
