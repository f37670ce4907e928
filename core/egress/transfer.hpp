// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstddef>
#include <functional>
#include <memory>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "core/base/clock.hpp"
#include "core/base/error.hpp"
#include "core/egress/policy.hpp"

// What leaves this process by HTTP and SMTP, by libcurl on one thread of its own.
namespace sense {

struct HttpRequest {
  enum class Method { post, options };
  Method method = Method::post;
  std::string url;  // http or https, as parse_uri takes it
  // Sent as they are; a name or value with a control character is refused.
  std::vector<std::pair<std::string, std::string>> headers;
  std::string body;
  // When not empty, the host is taken to be at this address and no name server is asked.
  std::string pinned_address;
};

// One message to one recipient. The relay is the operator's own choice, not a stranger's, and is
// not subject to the egress policy.
struct MailRequest {
  enum class Tls { never, when_offered, required };
  std::string relay;  // smtp://host:port or smtps://host:port
  Tls tls = Tls::when_offered;
  std::string hello;      // the name to give in EHLO; empty: this machine's
  std::string sender;     // addresses without angle brackets, checked by the caller; a control
  std::string recipient;  // character, space or angle bracket in one is refused
  std::string message;    // RFC 5322, every line end CRLF
};

// What the other side said. A refusal by it is an answer, too.
struct TransferReply {
  unsigned status = 0;  // of HTTP; of SMTP the code that refused the message, or 250
  std::vector<std::pair<std::string, std::string>> headers;  // those of keep_headers that came
  std::string body;  // of HTTP at most body_max octets of it; of SMTP the line that refused
  bool recipient_refused = false;  // of SMTP: it was the recipient that status refused

  // The value of a header, name in lower case; or nullptr.
  [[nodiscard]] const std::string* header(std::string_view name) const;
};

struct TransferOptions {
  Duration connect_timeout = std::chrono::seconds{5};
  Duration total_timeout = std::chrono::seconds{15};    // from the start of the attempt
  Duration waiting_timeout = std::chrono::seconds{30};  // before an attempt may start
  // Octets of an answer's body that are kept; the rest is cut off.
  std::size_t body_max = 64 * 1024;
  std::size_t unfinished_max = 50'000;
  std::size_t unfinished_octets_max = 256 * 1024 * 1024;
  std::size_t in_flight_max = 2048;  // less when the process may not open that many files
  std::size_t in_flight_per_endpoint_max = 64;
  std::size_t waiting_per_endpoint_max = 4096;
  std::vector<std::string> keep_headers;  // lower case
  std::string ca_file;  // certificates to trust instead of the system's; empty: the system's
};

// Sends requests one after the other, many at a time. Connections are kept and used again. An
// endpoint (scheme, host, port) that does not answer gets one attempt at a time and, together with
// others like it, at most half of what may be in flight, so that it does not delay the rest.
//
// Every HTTP connection's actual address is checked against the policy when it is opened. Redirects
// are not followed, proxies and credentials from the environment are not used, TLS is verified.
//
// While a relay thinks about the end of a message, libcurl keeps the thread waiting: mail gets
// instances of its own, one for each message that shall be under way at once.
//
// Any thread may call; `done` is called exactly once, through the executor. Errors: noaccess (the
// policy), badparam (the request), nomoreroom (too much waits), timeout, commerror (no connection,
// or it broke: whether the request arrived is unknown), interrupted (stop).
class Transfer {
 public:
  using Executor = std::function<void(std::function<void()>)>;
  using Done = std::function<void(Result<TransferReply>)>;

  // The executor may be called from any thread until stop() returns.
  [[nodiscard]] static Result<std::unique_ptr<Transfer>> make(TransferOptions options,
                                                              EgressPolicy policy,
                                                              Executor executor);
  ~Transfer();  // stops
  Transfer(const Transfer&) = delete;
  Transfer& operator=(const Transfer&) = delete;

  void http(HttpRequest request, Done done);
  void mail(MailRequest request, Done done);
  // Answers what is unfinished with interrupted and joins the thread, which calls the executor: not
  // while holding a lock that the executor takes.
  void stop();

 private:
  class Engine;
  explicit Transfer(std::unique_ptr<Engine> engine);
  std::unique_ptr<Engine> engine_;
};

}  // namespace sense
