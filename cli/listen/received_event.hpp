// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <optional>
#include <string>

#include "cli/base/loop.hpp"
#include "cli/sense/sense_socket.hpp"

namespace sense::cli {

// What `sense listen` was told, whichever way. Everything in it came from outside.
struct Arrival {
  std::string callback;  // URI at which it arrived
  std::string type;
  std::string source;
  std::string number;        // within the subscription, as it was sent
  std::string id;            // of the event
  std::string subscription;  // empty when it was not said
  // JSON only, those that were said:
  std::string data;
  std::string content_type;
  std::string edition;
  std::string language;
  std::optional<std::uint64_t> truncated_length;  // the data was left out; it has so many octets
};

struct ListenOptions {
  std::string uri;
  std::vector<std::string> types;
  std::vector<std::string> sources;
  std::string period = "10min";
  SenseWay way;
  std::string subscribe;  // base URL of an HTTP gateway
  std::string filter;
  std::string edition;
  std::string language;
  std::string ack_delay = "10ms";
  std::uint64_t count = 0;
  std::string timeout = "0s";
  bool json = false;
};

// Prints arrivals, one line each, and ends the loop after `count` of them or at the deadline.
class Arrivals {
 public:
  Arrivals(Loop& loop, const ListenOptions& options);
  Arrivals(const Arrivals&) = delete;
  Arrivals& operator=(const Arrivals&) = delete;

  void arrived(const Arrival& arrival);

 private:
  Loop& loop_;
  const ListenOptions& options_;
  std::uint64_t seen_ = 0;
};

// `delivered CALLBACK TYPE SOURCE #NUMBER ID`, or one JSON object; safe to show on a terminal.
[[nodiscard]] std::string line_of(const Arrival& arrival, bool json);

// Each sets itself up on the loop and runs it; answers the exit code.
[[nodiscard]] int listen_sense(const ListenOptions& options);
[[nodiscard]] int listen_http(const ListenOptions& options);
[[nodiscard]] int listen_maildir(const ListenOptions& options);

}  // namespace sense::cli
