// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <atomic>
#include <cstddef>
#include <functional>
#include <memory>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "core/base/clock.hpp"
#include "core/base/error.hpp"
#include "core/egress/endpoint_tls.hpp"
#include "core/egress/policy.hpp"

// Outgoing HTTP and SMTP, by libcurl on a thread of its own.
namespace sense {

// A request of Transfer::http(). A value.
struct HttpRequest {
  enum class Method { post, get, options };
  Method method = Method::post;
  std::string url;  // http or https, as parse_uri takes it
  // Sent as they are; a name or value with a control character is refused.
  std::vector<std::pair<std::string, std::string>> headers;
  std::string body;  // of a post; others have none
  // Waits for the reply's body as long as total_timeout permits, not body_timeout, because the
  // caller decides by the body.
  bool body_decides = false;
  // If not empty, the address of the host, which is then not resolved.
  std::string pinned_address;
};

// One message to one recipient. The relay is configured by the operator and therefore not subject
// to the egress policy.
struct MailRequest {
  enum class Tls { never, when_offered, required };
  std::string relay;  // smtp://host:port or smtps://host:port
  // when_offered: a relay that offers STARTTLS and then refuses it gets no message.
  Tls tls = Tls::when_offered;
  // If not null, set once the relay has offered STARTTLS; from then on when_offered is required, so
  // that a man in the middle cannot take the offer out. Shared by the requests to one relay; any
  // thread.
  std::shared_ptr<std::atomic<bool>> tls_offered = {};
  std::string hello;      // the name to give in EHLO; empty: this machine's
  std::string sender;     // addresses without angle brackets, checked by the caller; a control
  std::string recipient;  // character, space or angle bracket in one is refused
  std::string message;    // RFC 5322, every line end CRLF
};

// The reply of the other side, which may be a refusal.
struct TransferReply {
  // What a relay refused: the connection, its greeting, TLS or DATA; MAIL; RCPT; the whole message.
  enum class MailStep { session, sender, recipient, message };

  unsigned status = 0;  // HTTP status; SMTP: the code of the refusal, or 250
  std::vector<std::pair<std::string, std::string>> headers;  // of keep_headers, values cut to 1 KiB
  // HTTP: its first body_max octets; SMTP: the lines of the refusal, separated by LF, the first 1
  // KiB.
  std::string body;
  bool body_ended = true;  // HTTP: false when the body was longer, cut off, slow or malformed
  MailStep refused = MailStep::session;  // SMTP: what status and body refer to, when they refuse

  // The value of a header, name in lower case; or nullptr.
  [[nodiscard]] const std::string* header(std::string_view name) const;
};

// The limits of one Transfer. A value. A request that would be one too many unfinished, or waiting
// for its endpoint, fails with nomoreroom; one too many in flight waits.
struct TransferOptions {
  Duration connect_timeout = std::chrono::seconds{5};
  Duration total_timeout = std::chrono::seconds{15};    // from the start of the attempt
  Duration waiting_timeout = std::chrono::seconds{30};  // before an attempt may start
  // From a reply's headers to the end of its body. What is missing then is not waited for.
  Duration body_timeout = std::chrono::seconds{5};
  // Octets of a reply's body that are kept; the rest is dropped.
  std::size_t body_max = 64 * 1024;
  std::size_t unfinished_max = 50'000;                    // requests waiting or in flight
  std::size_t unfinished_octets_max = 256 * 1024 * 1024;  // of their memory, as estimated
  std::size_t in_flight_max = 2048;  // less when the process may not open that many files
  std::size_t in_flight_per_endpoint_max = 64;
  std::size_t waiting_per_endpoint_max = 4096;
  std::vector<std::string> keep_headers;  // lower case
  std::string ca_file;  // certificates to trust instead of the system's; empty: the system's
  std::vector<EndpointTls> endpoints = {};  // of HTTP: what is different for some hosts
  // Of HTTP: http://host:port of a forward proxy that every connection goes through, by CONNECT;
  // empty: none.
  std::string proxy = {};
};

// Sends requests, many in parallel, over persistent connections. An endpoint (scheme, host, port)
// that does not answer gets one attempt at a time and, together with others like it, at most half
// of the transfers in flight, so that it does not delay the rest.
//
// The status line and the headers of an HTTP reply are the reply: once the final ones are there,
// nothing that happens to the body makes the request fail. A connection whose body has not ended
// properly is closed.
//
// Every HTTP connection's actual address is checked against the policy when it is opened; with a
// proxy, that of a URL with an address instead of a name, and the port: names are the proxy's.
// Redirects are not followed, proxies and credentials from the environment are not used, TLS is
// verified. Requests to one endpoint share a connection where it speaks HTTP/2.
//
// libcurl blocks the thread while a relay processes the end of a message: mail needs instances of
// its own, one for each message to be sent in parallel.
//
// Any thread may call; `done` is called exactly once, through the executor. Errors: noaccess (the
// policy; of mail: TLS is required and not to be had), badparam (the request), nomoreroom (queue
// full), timeout, commerror (no connection, or it broke: whether the request arrived is unknown),
// interrupted (stop).
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
  // Ends unfinished requests with interrupted and joins the thread, which calls the executor:
  // REQUIRES that the caller holds no lock that the executor takes.
  void stop();

 private:
  class Engine;
  explicit Transfer(std::unique_ptr<Engine> engine);
  std::unique_ptr<Engine> engine_;
};

}  // namespace sense
