// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <sys/types.h>

#include <cstdint>
#include <string>

#include "tests/bench/harness/children.hpp"
#include "tests/bench/harness/work_folder.hpp"
#include "tests/bench/report/metric.hpp"

namespace sense::bench {

// A broker and an HTTP gateway in a folder of their own, in which this process works meanwhile. One
// object at a time, which the options must outlive.
class HttpService {
 public:
  explicit HttpService(const MetricOptions& options) : options_(options) {}

  // Until a publish is answered.
  [[nodiscard]] Status start();
  [[nodiscard]] std::uint16_t port() const { return port_; }
  [[nodiscard]] Children& children() { return children_; }
  // KiB of memory that the gateway has.
  [[nodiscard]] double resident() const;
  [[nodiscard]] Status pause(Duration time) { return children_.pause(time); }

  // Of the events that publish() makes, by a client that asks. Its id.
  [[nodiscard]] Result<std::string> subscribe();
  // One event, by a connection of its own.
  [[nodiscard]] Status publish();

 private:
  [[nodiscard]] Status until_ready();

  const MetricOptions& options_;
  WorkFolder folder_;
  Children children_;
  std::uint16_t port_ = 0;
  pid_t gateway_ = 0;
};

// A request as it is sent; with a body when there is a type.
[[nodiscard]] std::string request_for(const std::string& method, const std::string& path,
                                      const std::string& type = "", const std::string& body = "");
// An event that HttpService::subscribe() matches, in JSON.
inline constexpr const char* one_event =
    R"({"specversion":"1.0","type":"{urn:example:bench}event","source":"/bench","data":{"n":1}})";
[[nodiscard]] std::string event_request();

}  // namespace sense::bench
