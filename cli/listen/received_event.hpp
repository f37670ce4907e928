// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <optional>
#include <string>

namespace sense::cli {

class Loop;
struct ListenOptions;

// One event as `sense listen` received it, by any transport. Nothing in it was checked.
struct ReceivedEvent {
  std::string callback;  // URI at which it was received
  std::string type;
  std::string source;
  std::string number;        // within the subscription, as it was sent
  std::string id;            // of the event
  std::string subscription;  // empty: not given
  // Shown in JSON only, those that were given:
  std::string data;
  std::string content_type;
  std::string edition;
  std::string language;
  std::optional<std::uint64_t> truncated_length;  // the data was left out; it has so many octets
};

// Prints received events, one line each, and ends the loop after `count` of them or at the
// deadline. The loop's thread; both arguments must outlive it.
class ReceivedEvents {
 public:
  ReceivedEvents(Loop& loop, const ListenOptions& options);
  ReceivedEvents(const ReceivedEvents&) = delete;
  ReceivedEvents& operator=(const ReceivedEvents&) = delete;

  void add(const ReceivedEvent& event);

 private:
  Loop& loop_;
  const ListenOptions& options_;
  std::uint64_t seen_ = 0;
};

// `delivered CALLBACK TYPE SOURCE #NUMBER ID`, or one JSON object; safe to show on a terminal.
[[nodiscard]] std::string line_of(const ReceivedEvent& event, bool json);

}  // namespace sense::cli
