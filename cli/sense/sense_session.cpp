// SPDX-License-Identifier: Apache-2.0
#include "cli/sense/sense_session.hpp"

#include <utility>
#include <variant>

#include "cli/base/command.hpp"
#include "core/base/random.hpp"
#include "core/base/text.hpp"

namespace sense::cli {

namespace {

datagram::ClientOptions client_options() {
  datagram::ClientOptions options;
  options.tag_prefix = random_token(60);
  options.retry_interval = std::chrono::milliseconds{500};
  return options;
}

}  // namespace

Result<std::unique_ptr<SenseSession>> SenseSession::open(Loop& loop, const std::string& uri,
                                                         const SenseSocketOptions& options,
                                                         const std::string& timeout) {
  auto socket = open_sense_socket(loop.io(), uri, options);
  if (!socket) return tl::unexpected(socket.error());
  return std::unique_ptr<SenseSession>(new SenseSession(loop, uri, timeout, std::move(*socket)));
}

SenseSession::SenseSession(Loop& loop, std::string uri, std::string timeout, SenseSocket socket)
    : loop_(loop),
      uri_(std::move(uri)),
      timeout_(std::move(timeout)),
      client_(
          std::move(socket), client_options(),
          [this](const datagram::Notice& notice) { on(notice); }, [this] { port_closed_ = true; }) {
  client_.receive();
}

void SenseSession::ask_parameters(std::string_view after, Answer answer) {
  begin(std::move(answer));
  client_.handle(client_.protocol().parameters(system_clock().now(), after));
}

void SenseSession::ask_sources(std::string_view after, std::uint32_t limit, Answer answer) {
  begin(std::move(answer));
  client_.handle(client_.protocol().sources(after, limit, system_clock().now()));
}

void SenseSession::begin(Answer answer) {
  answer_ = std::move(answer);
  loop_.set_deadline(*parse_duration(timeout_), [this, request = ++requests_] {
    if (request == requests_) conclude(fail(Code::timeout, silence()));
  });
}

void SenseSession::on(const datagram::Notice& notice) {
  if (const auto* answered = std::get_if<datagram::Replied>(&notice)) {
    port_closed_ = false;
    conclude(answered->reply);
  } else if (const auto* failure = std::get_if<datagram::Failed>(&notice)) {
    const auto& error = failure->error;
    conclude(fail(error.code, failure->silent ? silence() : uri_ + " refused: " + error.message));
  }
}

// Not from within the client's own notice, whose datagrams have not been sent yet.
void SenseSession::conclude(Result<datagram::Message> result) {
  ++requests_;
  if (!answer_) return;
  loop_.later(Duration{0}, [answer = std::exchange(answer_, {}), result = std::move(result)] {
    answer(result);
  });
}

std::string SenseSession::silence() const {
  const auto within = timeout_ == "0s" ? std::string() : " within " + timeout_;
  if (port_closed_)
    return "nothing listens at " + uri_ + within +
           ": is the gateway running, and is this its port?";
  if (uri_.starts_with("sense+dtls:"))
    return "no answer from " + uri_ + within +
           ": is it running, is this where, and has it this key? A wrong one gets no answer";
  return "no answer from " + uri_ + within + ": is it running, and is this where?";
}

Parameters parse_parameters(std::string_view data) {
  Parameters parameters;
  for (const auto line : split(data, '\n')) {
    const auto colon = line.find(':');
    if (colon == std::string_view::npos) continue;
    parameters.emplace(line.substr(0, colon), datagram::decode_value(trim(line.substr(colon + 1))));
  }
  return parameters;
}

void ParameterList::ask() {
  session_.ask_parameters(after_, [this](const Result<datagram::Message>& reply) { take(reply); });
}

void ParameterList::take(const Result<datagram::Message>& reply) {
  if (!reply) return done_(tl::unexpected(reply.error()));
  const auto known = parameters_.size();
  for (const auto line : split(reply->data, '\n')) {
    auto parameters = parse_parameters(line);
    if (parameters.empty()) continue;
    after_ = parameters.begin()->first;
    parameters_.merge(parameters);
  }
  if (lower(reply->text("More")) != "yes") return done_(std::move(parameters_));
  // Asking again would bring the same page.
  if (parameters_.size() == known)
    return done_(
        fail(Code::protoerror, uri_ + " said that there are more parameters, and named none"));
  ask();
}

int with_sense_session(const std::string& uri, const SenseSocketOptions& options,
                       const std::string& timeout,
                       const std::function<void(Loop&, SenseSession&)>& action) {
  Loop loop;
  const auto session = SenseSession::open(loop, uri, options, timeout);
  if (!session) return refused(session.error());
  loop.set_interrupted_code(exit_failed);
  action(loop, **session);
  return loop.run();
}

}  // namespace sense::cli
