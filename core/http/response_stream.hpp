// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstddef>
#include <memory>
#include <string>

namespace sense::http {

// The open body of a response, which its producer writes over time, such as Server-Sent Events. It
// belongs to the server; a producer that keeps it keeps little memory once the client has gone.
// Reactor thread only.
class ResponseStream {
 public:
  virtual ~ResponseStream() = default;

  enum class Push {
    taken,  // they are on their way
    full,   // not taken: the client is slow; StreamSource::has_room() says when to go on
    gone,   // not taken: the client has gone, or the stream has ended
  };
  // Octets of the body, shared with other streams. The queue takes them as long as fewer than
  // ServerOptions::stream_queue_max wait, so it exceeds that by one push at most.
  [[nodiscard]] virtual Push push(std::shared_ptr<const std::string> octets) = 0;
  // Ends the body, after what waits. Nothing is taken any more, and the source is told nothing.
  virtual void end() = 0;
  // Octets that the connection has not taken yet.
  [[nodiscard]] virtual std::size_t waiting() const = 0;
};

// Produces the body of a Response that is a stream: what the server calls. The server holds it
// until the stream ends. A response that becomes no stream (to HEAD, or when there are too many
// streams: 503) releases it without a call, so what it costs begins with begin(). Calls never come
// from within push() or end(). Reactor thread only.
class StreamSource {
 public:
  virtual ~StreamSource() = default;
  // Once, first: the headers are on their way.
  virtual void begin(std::shared_ptr<ResponseStream> stream) = 0;
  // Once after each push that was answered `full`: half of the queue is free. Default: nothing.
  virtual void has_room() {}
  // Once, last: the client has closed or takes nothing, or the server stops. Not after end().
  virtual void gone() = 0;
};

}  // namespace sense::http
