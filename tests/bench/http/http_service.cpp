// SPDX-License-Identifier: Apache-2.0
#include "tests/bench/http/http_service.hpp"

#include <unistd.h>

#include <fstream>

#include "tests/bench/harness/system_under_test.hpp"
#include "tests/bench/http/http_clients.hpp"

namespace sense::bench {

namespace {

constexpr auto http_config_file = "sense.yaml";

}  // namespace

Status HttpService::start() {
  if (auto good = folder_.enter(options_.data); !good) return good;
  const auto port = free_port();
  if (!port) return tl::unexpected(port.error());
  port_ = *port;
  std::ofstream file(http_config_file);
  file << "data: .\n"
          "bus: {service: ipc://service, events: ipc://events, publish: ipc://publish}\n"
          "egress: {allow: [127.0.0.0/8]}\n"
          "gateways:\n  http: {listen: \"127.0.0.1:"
       << port_ << "\", max-connections: 1000, max-streams: 20000, max-streams-per-address: 0}\n";
  if (!file.flush())
    return fail(Code::system, std::string(http_config_file) + " cannot be written");
  for (const auto& words : {std::vector<std::string>{"broker"}, {"gateway", "http"}}) {
    auto started = start_sense(children_, words, http_config_file, options_.plugins);
    if (!started) return tl::unexpected(started.error());
    gateway_ = *started;
  }
  return until_ready();
}

Result<std::string> HttpService::subscribe() {
  HttpClients one(port_);
  if (auto good = one.open(1); !good) return tl::unexpected(good.error());
  const auto made = one.ask(
      request_for("POST", "/v1/subscriptions", "application/json",
                  R"({"callback":"pull:","types":["{urn:example:bench}event"],"period":"1h"})"));
  if (!made) return made;
  constexpr std::string_view member = R"("id":")";
  const auto at = made->find(member);
  if (at == std::string::npos) return fail(Code::protoerror, "no subscription: " + *made);
  auto id = made->substr(at + member.size());
  id.resize(id.find('"'));
  // It is served once it is active.
  for (int i = 0; i < 200; ++i) {
    const auto shown_now = one.ask(request_for("GET", "/v1/subscriptions/" + id));
    if (shown_now && shown_now->find(R"("state":"active")") != std::string::npos) return id;
    if (auto good = children_.pause(std::chrono::milliseconds{20}); !good)
      return tl::unexpected(good.error());
  }
  return fail(Code::timeout, "the subscription did not become active");
}

Status HttpService::publish() {
  HttpClients one(port_);
  if (auto good = one.open(1); !good) return good;
  const auto answered = one.repeat(event_request(), Duration{1});
  return answered ? Status() : tl::unexpected(answered.error());
}

// A publish is answered once the broker and the gateway are there.
Status HttpService::until_ready() {
  Status last;
  for (int i = 0; i < 200; ++i) {
    if (auto good = children_.pause(std::chrono::milliseconds{50}); !good) return good;
    if (last = publish(); last) return last;
  }
  return fail(last.error().code, last.error().message + last_words_of_servers());
}

double HttpService::resident() const {
  std::ifstream file("/proc/" + std::to_string(gateway_) + "/statm");
  double size = 0, resident = 0;
  file >> size >> resident;
  return resident * static_cast<double>(::sysconf(_SC_PAGESIZE)) / 1024;
}

std::string request_for(const std::string& method, const std::string& path, const std::string& type,
                        const std::string& body) {
  std::string text = method + " " + path + " HTTP/1.1\r\nHost: localhost\r\n";
  if (!type.empty())
    text += "Content-Type: " + type + "\r\nContent-Length: " + std::to_string(body.size()) + "\r\n";
  return text + "\r\n" + body;
}

std::string event_request() {
  return request_for("POST", "/v1/events", "application/cloudevents+json", one_event);
}

}  // namespace sense::bench
