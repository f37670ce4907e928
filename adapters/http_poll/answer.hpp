// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <optional>
#include <string>
#include <vector>

#include "adapters/http_poll/known.hpp"
#include "adapters/http_poll/resource.hpp"
#include "core/egress/transfer.hpp"
#include "core/event/event.hpp"

// What a resource is asked, and what its answer means. Pure: no I/O, no clocks; any thread.
namespace sense::http_poll {

// Bounds of what is taken from an answer. A value.
struct ContentLimits {
  std::size_t body_max = 1024 * 1024;  // octets that the transfer keeps
  std::size_t data_max = 256 * 1024;   // of content in an event
};

// Why a poll failed. The names of their counters are in failure_name().
enum class Failure {
  connection,  // none, or it broke
  denied,      // by the egress policy
  timeout,
  redirect,
  status,    // any other that is neither 200, 304 nor the end of the resource
  too_long,  // over body_max, and the server gave no validator
  body,      // cut off, or in a coding that was not asked for
  json,
  pointer,  // it names nothing
  secret,   // a file with headers or a token cannot be used
  state,    // it cannot be stored, so nothing is published
  publish   // the broker refused the event
};
inline constexpr std::size_t failure_kinds = 12;
[[nodiscard]] const char* failure_name(Failure failure);

// What an event carries of an answer. A value.
struct Content {
  std::string type;        // its media type
  std::string data;        // empty when reference
  bool reference = false;  // it is too long: the event names the URL instead
};

// What an answer means. A value.
struct Finding {
  enum class Kind {
    unchanged,
    absent,   // as before
    changed,  // an event is to be published
    failed
  };
  Kind kind = Kind::failed;
  // unchanged: what was known, with the newest validators; changed: what is known from now on.
  Known known = {};
  Content content = {};  // of changed
  Failure failure = Failure::connection;
  std::string why = {};  // of failed: a sentence
  // How long the server asks to be left alone: Retry-After, max-age.
  std::optional<Duration> wanted = std::nullopt;
};

// Headers that an answer is judged by: TransferOptions::keep_headers.
[[nodiscard]] std::vector<std::string> judged_headers();

// The headers that make a request depend on what is known, and refuse compression.
[[nodiscard]] std::vector<std::pair<std::string, std::string>> request_headers(const Known& known);

// The content decides whether a resource has changed; the validators of one that is too long to be
// read. REQUIRES: the reply is that to a request with request_headers(known), and kept body_max.
[[nodiscard]] Finding judge(const Resource& resource, const Known& known,
                            const Result<TransferReply>& reply, const ContentLimits& limits,
                            WallTime now);

// The event of a finding that is Kind::changed, complete and with the same id whenever it is made
// again. Fails when it cannot be an event.
[[nodiscard]] Result<Event> event_of(const Resource& resource, const Known& known,
                                     const Content& content);

}  // namespace sense::http_poll
