// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <boost/test/unit_test.hpp>

#include "core/http/response_stream.hpp"
#include "core/http/server.hpp"
#include "tests/core/http/http_client.hpp"
#include "tests/gateways/api/fakes.hpp"

namespace sense::test {

// Keeps what a stream is told. Reactor thread only.
struct TestSource : http::StreamSource {
  void begin(std::shared_ptr<http::ResponseStream> given) override {
    ++begun;
    stream = std::move(given);
    if (on_begin) on_begin(*stream);
  }
  void has_room() override {
    ++rooms;
    if (on_room) on_room();
  }
  void gone() override { ++ends; }

  std::shared_ptr<http::ResponseStream> stream;
  std::function<void(http::ResponseStream&)> on_begin;
  std::function<void()> on_room;
  int begun = 0;
  int rooms = 0;
  int ends = 0;
};

// A server whose handler echoes what it was given, on a reactor of its own.
struct ServerFixture {
  explicit ServerFixture(http::ServerOptions options = {}) {
    options.listen = "127.0.0.1:0";
    options.hosts.emplace_back("localhost");
    harness.on_reactor([&] {
      auto opened = http::Server::open(harness.reactor, options, harness.counters,
                                       [this](http::Request request, http::Respond respond) {
                                         if (request.target == "/never") {
                                           held.push_back(std::move(respond));
                                           return;
                                         }
                                         if (request.target == "/twice") respond({});
                                         if (request.target.starts_with("/stream"))
                                           return respond(streamed());
                                         http::Response response;
                                         response.body = request.method + " " + request.target +
                                                         " " + std::to_string(request.body.size());
                                         if (request.target == "/nothing")
                                           response = {204, "", "", {}};
                                         seen.push_back(std::move(request));
                                         respond(std::move(response));
                                       });
      BOOST_REQUIRE_MESSAGE(opened, opened.error().message);
      server = std::move(*opened);
    });
  }
  ~ServerFixture() {
    harness.on_reactor([this] { server.reset(); });
  }
  http::Response streamed() {
    auto source = std::make_shared<TestSource>();
    source->on_begin = on_begin;
    sources.push_back(source);
    http::Response response;
    response.content_type = "text/event-stream";
    response.stream = std::move(source);
    return response;
  }
  // Looks on the reactor's thread until it is true.
  void await(const std::function<bool()>& condition) {
    while (!harness.on_reactor(condition)) std::this_thread::yield();
  }
  std::uint16_t port() { return server->port(); }

  PluginHarness harness;
  std::vector<http::Respond> held;
  std::vector<http::Request> seen;                   // by the handler; read when it has responded
  std::vector<std::shared_ptr<TestSource>> sources;  // one for each request to /stream
  std::function<void(http::ResponseStream&)> on_begin;
  std::unique_ptr<http::Server> server;
};

inline std::string get(const std::string& target,
                       const std::string& headers = "Host: localhost\r\n") {
  return "GET " + target + " HTTP/1.1\r\n" + headers + "\r\n";
}

}  // namespace sense::test
