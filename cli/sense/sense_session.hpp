// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <functional>
#include <map>
#include <memory>
#include <string>
#include <string_view>

#include "cli/base/loop.hpp"
#include "cli/sense/sense_client.hpp"

// What the commands that send requests to a SENSE server have in common.
namespace sense::cli {

// Requests to one SENSE/1 server, one at a time. The loop's thread; must outlive the loop's run.
class SenseSession {
 public:
  // The reply, or why there is none: a sentence that names the server.
  using Answer = std::function<void(Result<datagram::Message>)>;

  // `uri`: sense://HOST[:PORT]; `timeout`: how long to wait for each answer, as typed; "0s": until
  // the client gives up (two minutes).
  [[nodiscard]] static Result<std::unique_ptr<SenseSession>> open(Loop& loop,
                                                                  const std::string& uri,
                                                                  const SenseSocketOptions& options,
                                                                  const std::string& timeout);
  SenseSession(const SenseSession&) = delete;
  SenseSession& operator=(const SenseSession&) = delete;

  void ask_parameters(std::string_view after, Answer answer);
  // One page of the sources after `after`; `limit` 0: as many as fit into a datagram.
  void ask_sources(std::string_view after, std::uint32_t limit, Answer answer);

 private:
  SenseSession(Loop& loop, std::string uri, std::string timeout, SenseSocket socket);
  void begin(Answer answer);
  void on(const datagram::Notice& notice);
  void conclude(Result<datagram::Message> result);
  [[nodiscard]] std::string silence() const;

  Loop& loop_;
  const std::string uri_;
  const std::string timeout_;
  SenseClient client_;
  Answer answer_;  // empty: no request is open
  std::uint64_t requests_ = 0;
  bool port_closed_ = false;  // the server's machine reported that the port is closed
};

// The `name: value` lines of a PARAMETERS reply; what is no such line is left out.
using Parameters = std::map<std::string, std::string>;
[[nodiscard]] Parameters parse_parameters(std::string_view data);

// Asks for page after page of the server's parameters; `done` gets all of them, or the first error.
// The loop's thread; it and the session live as long as the loop runs.
class ParameterList {
 public:
  using Done = std::function<void(Result<Parameters>)>;
  ParameterList(SenseSession& session, std::string uri, Done done)
      : session_(session), uri_(std::move(uri)), done_(std::move(done)) {}
  void ask();

 private:
  void take(const Result<datagram::Message>& reply);

  SenseSession& session_;
  const std::string uri_;
  Done done_;
  Parameters parameters_;
  std::string after_;
};

// Opens a session and runs `action` with it until the loop is finished. Answers the exit code.
[[nodiscard]] int with_sense_session(const std::string& uri, const SenseSocketOptions& options,
                                     const std::string& timeout,
                                     const std::function<void(Loop&, SenseSession&)>& action);

}  // namespace sense::cli
