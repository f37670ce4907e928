// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <functional>
#include <map>
#include <memory>
#include <string>
#include <string_view>

#include "cli/base/loop.hpp"
#include "cli/sense/sense_client.hpp"

// What the commands that ask a SENSE server questions have in common.
namespace sense::cli {

// Questions to one SENSE/1 server, one at a time. The loop's thread; must outlive the loop's run.
class SenseTalk {
 public:
  // The reply, or why there is none: a sentence that names the server.
  using Answer = std::function<void(Result<datagram::Message>)>;

  // `uri`: sense://HOST[:PORT]; `timeout`: how long to wait for each answer, as typed; "0s": until
  // the client gives up (two minutes).
  [[nodiscard]] static Result<std::unique_ptr<SenseTalk>> open(Loop& loop, const std::string& uri,
                                                               const SenseWay& way,
                                                               const std::string& timeout);
  SenseTalk(const SenseTalk&) = delete;
  SenseTalk& operator=(const SenseTalk&) = delete;

  void ask_parameters(std::string_view after, Answer answer);
  // One page of the sources after `after`; `limit` 0: as many as fit into a datagram.
  void ask_sources(std::string_view after, std::uint32_t limit, Answer answer);

 private:
  SenseTalk(Loop& loop, std::string uri, std::string timeout, SensePeer peer);
  void begin(Answer answer);
  void on(const datagram::Notice& notice);
  void conclude(Result<datagram::Message> result);
  [[nodiscard]] std::string silence() const;

  Loop& loop_;
  const std::string uri_;
  const std::string timeout_;
  SenseShell shell_;
  Answer answer_;  // empty: nothing is asked
  std::uint64_t questions_ = 0;
  bool nobody_ = false;  // the server's machine said that nobody listens there
};

// The `name: value` lines of a PARAMETERS reply; what is no such line is left out.
using Parameters = std::map<std::string, std::string>;
[[nodiscard]] Parameters parse_parameters(std::string_view data);

// Asks for page after page of the server's parameters. Lives as long as the loop runs.
class ParameterList {
 public:
  using Done = std::function<void(Result<Parameters>)>;
  ParameterList(SenseTalk& talk, std::string uri, Done done)
      : talk_(talk), uri_(std::move(uri)), done_(std::move(done)) {}
  void ask();

 private:
  void take(const Result<datagram::Message>& reply);

  SenseTalk& talk_;
  const std::string uri_;
  Done done_;
  Parameters parameters_;
  std::string after_;
};

// Opens a talk and runs `action` with it until the loop is finished. Answers the exit code.
[[nodiscard]] int talk_to_sense(const std::string& uri, const SenseWay& way,
                                const std::string& timeout,
                                const std::function<void(Loop&, SenseTalk&)>& action);

}  // namespace sense::cli
