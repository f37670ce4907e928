// SPDX-License-Identifier: Apache-2.0
#include "core/http/response_stream.hpp"

#include "tests/core/http/server_fixture.hpp"

using namespace sense;
using namespace sense::test;
using namespace std::chrono_literals;

namespace {

using Push = http::ResponseStream::Push;

std::shared_ptr<const std::string> octets(std::string text) {
  return std::make_shared<const std::string>(std::move(text));
}

// A client whose stream has begun.
struct StreamClient : HttpClient {
  explicit StreamClient(ServerFixture& fixture) : HttpClient(fixture.port()) {
    write(get("/stream"));
    const auto head = read_head();
    BOOST_REQUIRE(head);
    status = head->status;
  }
  unsigned status = 0;
};

Push push(ServerFixture& fixture, std::size_t which, const std::string& text) {
  return fixture.harness.on_reactor(
      [&] { return fixture.sources.at(which)->stream->push(octets(text)); });
}

std::uint64_t counted(ServerFixture& fixture, const char* name) {
  return fixture.harness.counters[name];
}

}  // namespace

BOOST_AUTO_TEST_SUITE(response_stream_tests)

BOOST_AUTO_TEST_CASE(what_is_pushed_over_time_arrives_in_chunks) {
  ServerFixture fixture;
  HttpClient client(fixture.port());
  client.write(get("/stream"));
  const auto head = client.read_head();
  BOOST_REQUIRE(head);
  BOOST_CHECK_EQUAL(head->status, 200U);
  for (const char* line : {"\r\nTransfer-Encoding: chunked\r\n", "\r\nConnection: close\r\n",
                           "\r\nContent-Type: text/event-stream\r\n"})
    BOOST_CHECK_MESSAGE(head->head.find(line) != std::string::npos, line);
  BOOST_CHECK_EQUAL(head->head.find("Content-Length"), std::string::npos);
  BOOST_CHECK(push(fixture, 0, ": hello\n\n") == Push::taken);
  BOOST_CHECK_EQUAL(client.read_octets(14), "9\r\n: hello\n\n\r\n");
  BOOST_CHECK(push(fixture, 0, "") == Push::taken);
  BOOST_CHECK(push(fixture, 0, std::string(300, 'x')) == Push::taken);
  BOOST_CHECK_EQUAL(client.read_octets(307), "12c\r\n" + std::string(300, 'x') + "\r\n");
  fixture.await([&] { return fixture.sources.at(0)->stream->waiting() == 0; });
  fixture.harness.on_reactor([&] {
    auto& stream = *fixture.sources.at(0)->stream;
    BOOST_CHECK(stream.push(octets("last")) == Push::taken);
    stream.end();
    stream.end();
    BOOST_CHECK(stream.push(octets("later")) == Push::gone);
  });
  BOOST_CHECK_EQUAL(client.read_rest(), "4\r\nlast\r\n0\r\n\r\n");
  fixture.await([&] { return counted(fixture, "http.streams.open") == 0; });
  BOOST_CHECK_EQUAL(fixture.sources.at(0)->ends, 0);  // a producer that has ended is not told
}

BOOST_AUTO_TEST_CASE(a_stream_may_be_written_and_ended_as_it_begins) {
  ServerFixture fixture;
  fixture.on_begin = [](http::ResponseStream& stream) {
    BOOST_CHECK(stream.push(octets("a")) == Push::taken);
    BOOST_CHECK(stream.push(octets("b")) == Push::taken);
    stream.end();
  };
  StreamClient client(fixture);
  BOOST_CHECK_EQUAL(client.read_rest(), "2\r\nab\r\n0\r\n\r\n");
}

BOOST_AUTO_TEST_CASE(head_of_a_stream_has_headers_only_and_costs_no_stream) {
  ServerFixture fixture;
  HttpClient client(fixture.port());
  client.write("HEAD /stream HTTP/1.1\r\nHost: localhost\r\n\r\n" + get("/y"));
  const auto head = client.read_head();
  BOOST_REQUIRE(head);
  BOOST_CHECK_EQUAL(head->status, 200U);
  BOOST_CHECK_NE(head->head.find("\r\nContent-Type: text/event-stream\r\n"), std::string::npos);
  BOOST_CHECK_EQUAL(client.read()->body, "GET /y 0");
  BOOST_CHECK_EQUAL(fixture.sources.at(0)->begun, 0);
  BOOST_CHECK_EQUAL(fixture.sources.at(0).use_count(), 1);
}

BOOST_AUTO_TEST_CASE(a_client_of_http_1_0_gets_the_octets_until_the_end) {
  ServerFixture fixture;
  fixture.on_begin = [](http::ResponseStream& stream) {
    BOOST_CHECK(stream.push(octets("data: 1\n\n")) == Push::taken);
    stream.end();
  };
  HttpClient client(fixture.port());
  client.write("GET /stream HTTP/1.0\r\n\r\n");
  const auto head = client.read_head();
  BOOST_REQUIRE(head);
  BOOST_CHECK_EQUAL(head->head.find("Transfer-Encoding"), std::string::npos);
  BOOST_CHECK_EQUAL(client.read_rest(), "data: 1\n\n");
}

BOOST_AUTO_TEST_CASE(a_client_that_closes_is_told_to_the_producer_once) {
  ServerFixture fixture;
  auto client = std::make_unique<StreamClient>(fixture);
  BOOST_CHECK_EQUAL(counted(fixture, "http.streams.open"), 1U);
  client.reset();
  fixture.await([&] { return fixture.sources.at(0)->ends > 0; });
  BOOST_CHECK(push(fixture, 0, "late") == Push::gone);
  fixture.harness.on_reactor([&] { fixture.sources.at(0)->stream->end(); });
  BOOST_CHECK_EQUAL(fixture.sources.at(0)->ends, 1);
  BOOST_CHECK_EQUAL(counted(fixture, "http.streams.open"), 0U);
  BOOST_CHECK_EQUAL(fixture.sources.at(0).use_count(), 1);
}

BOOST_AUTO_TEST_CASE(a_client_that_goes_on_sending_is_gone) {
  ServerFixture fixture;
  StreamClient client(fixture);
  client.write(get("/ignored"));
  BOOST_CHECK(push(fixture, 0, "x") == Push::taken);
  BOOST_CHECK_EQUAL(client.read_octets(6), "1\r\nx\r\n");
  client.write(std::string(8192, 'x'));
  fixture.await([&] { return fixture.sources.at(0)->ends == 1; });
  BOOST_CHECK(fixture.seen.empty());
}

BOOST_AUTO_TEST_CASE(a_full_queue_is_told_and_so_is_room_in_it) {
  http::ServerOptions options;
  options.stream_queue_max = 1000;
  ServerFixture fixture(options);
  StreamClient client(fixture);
  fixture.await([&] { return fixture.sources.at(0)->stream->waiting() == 0; });
  fixture.harness.on_reactor([&] {
    auto& stream = *fixture.sources.at(0)->stream;
    BOOST_CHECK(stream.push(octets(std::string(999, 'a'))) == Push::taken);
    BOOST_CHECK(stream.push(octets(std::string(500, 'b'))) == Push::taken);
    BOOST_CHECK(stream.push(octets("c")) == Push::full);
    BOOST_CHECK(stream.push(octets("c")) == Push::full);
    BOOST_CHECK_EQUAL(stream.waiting(), 1499U);
  });
  fixture.await([&] { return fixture.sources.at(0)->rooms == 1; });
  BOOST_CHECK(push(fixture, 0, "d") == Push::taken);
  fixture.await([&] { return fixture.sources.at(0)->stream->waiting() == 0; });
  BOOST_CHECK_EQUAL(fixture.sources.at(0)->rooms, 1);
}

BOOST_AUTO_TEST_CASE(a_client_that_takes_nothing_is_closed_and_delays_no_other) {
  http::ServerOptions options;
  options.write_timeout = 200ms;
  ServerFixture fixture(options);
  StreamClient slow(fixture);
  const auto block = octets(std::string(64 * 1024, 'x'));
  const auto fill = [source = fixture.sources.at(0).get(), block] {
    while (source->stream->push(block) == Push::taken) {
    }
  };
  fixture.harness.on_reactor([&] {
    fixture.sources.at(0)->on_room = fill;
    fill();
  });
  HttpClient other(fixture.port());
  other.write(get("/"));
  BOOST_CHECK_EQUAL(other.read()->status, 200U);
  fixture.await([&] { return fixture.sources.at(0)->ends == 1; });
  fixture.await([&] { return counted(fixture, "http.streams.slow") == 1; });
  BOOST_CHECK_EQUAL(counted(fixture, "http.streams.open"), 0U);
}

BOOST_AUTO_TEST_CASE(streams_have_a_budget_of_their_own) {
  http::ServerOptions options;
  options.connections_max = 2;
  options.streams_max = 3;
  ServerFixture fixture(options);
  std::vector<std::unique_ptr<StreamClient>> streams;
  for (int i = 0; i < 3; ++i) {
    streams.push_back(std::make_unique<StreamClient>(fixture));
    BOOST_CHECK_EQUAL(streams.back()->status, 200U);
  }
  HttpClient further(fixture.port());
  further.write(get("/stream") + get("/x"));
  const auto refused = further.read();
  BOOST_REQUIRE(refused);
  BOOST_CHECK_EQUAL(refused->status, 503U);
  BOOST_CHECK_NE(refused->body.find("\"symbol\":\"NOMOREROOM\""), std::string::npos);
  BOOST_CHECK_EQUAL(further.read()->body, "GET /x 0");  // the connection is in order
  BOOST_CHECK_EQUAL(counted(fixture, "http.streams.no-room"), 1U);
  BOOST_CHECK_EQUAL(fixture.sources.at(3)->begun, 0);
  BOOST_CHECK_EQUAL(fixture.sources.at(3)->ends, 0);
  streams.front().reset();
  fixture.await([&] { return counted(fixture, "http.streams.open") == 2; });
  BOOST_CHECK_EQUAL(StreamClient(fixture).status, 200U);
}

BOOST_AUTO_TEST_CASE(a_stream_outlives_the_time_for_answers_and_headers) {
  http::ServerOptions options;
  options.answer_timeout = 100ms;
  options.header_timeout = 100ms;
  ServerFixture fixture(options);
  StreamClient client(fixture);
  HttpClient later(fixture.port());
  later.write(get("/never"));
  BOOST_CHECK_EQUAL(later.read()->status, 504U);
  BOOST_CHECK(push(fixture, 0, "x") == Push::taken);
  BOOST_CHECK_EQUAL(client.read_octets(6), "1\r\nx\r\n");
}

BOOST_AUTO_TEST_CASE(close_ends_a_stream_in_good_order) {
  ServerFixture fixture;
  StreamClient client(fixture);
  BOOST_CHECK(push(fixture, 0, "x") == Push::taken);
  fixture.harness.on_reactor([&] { fixture.server->close(); });
  BOOST_CHECK_EQUAL(fixture.sources.at(0)->ends, 1);
  BOOST_CHECK_EQUAL(client.read_rest(), "1\r\nx\r\n0\r\n\r\n");
  BOOST_CHECK(push(fixture, 0, "y") == Push::gone);
}

BOOST_AUTO_TEST_CASE(pipelined_requests_are_answered_in_order_one_at_a_time) {
  ServerFixture fixture;
  HttpClient client(fixture.port());
  client.write(get("/never") + get("/b") + get("/c"));
  fixture.await([&] { return fixture.held.size() == 1; });
  BOOST_CHECK(fixture.harness.on_reactor([&] { return fixture.seen.empty(); }));
  fixture.harness.on_reactor([&] {
    http::Response response;
    response.body = "held";
    fixture.held.at(0)(std::move(response));
  });
  BOOST_CHECK_EQUAL(client.read()->body, "held");
  BOOST_CHECK_EQUAL(client.read()->body, "GET /b 0");
  BOOST_CHECK_EQUAL(client.read()->body, "GET /c 0");
}

BOOST_AUTO_TEST_SUITE_END()
