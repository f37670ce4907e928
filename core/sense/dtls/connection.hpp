// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "core/base/clock.hpp"
#include "core/sense/dtls/context.hpp"
#include "core/sense/dtls/datagram_bio.hpp"
#include "core/sense/shared_keys.hpp"
#include "core/sense/transport/transport.hpp"

struct ssl_st;

namespace sense::datagram {

// What the handshakes of a server ask for. Called from within DtlsConnection only.
class DtlsServerHooks {
 public:
  virtual ~DtlsServerHooks() = default;
  // The secret of the shared key of that name; nothing: the name is unknown.
  [[nodiscard]] virtual std::optional<std::string> secret_of(std::string_view name) = 0;
  // A cookie for the address that the hello came from, at most 255 octets; whether it is one.
  [[nodiscard]] virtual std::string make_cookie() = 0;
  [[nodiscard]] virtual bool is_cookie(std::string_view cookie) = 0;
};

// One DTLS connection without socket: octets in, octets out. Each record of application data holds
// one datagram. Input never ends the process: what cannot be read or authenticated is dropped, as
// RFC 6347 section 4.1.2.7 says. Not thread-safe.
//
// The retransmission of lost handshake datagrams is OpenSSL's, which reads the system's clock for
// it: after each call ask next_timeout(), and call on_timeout() when that span is over.
class DtlsConnection {
 public:
  enum class State { handshake, open, closed };
  // Longest datagram (RFC 5246 section 6.2.1), and what a record adds to one at most.
  static constexpr std::size_t sendable_max = 16'384;
  static constexpr std::size_t record_overhead = 13 + 8 + 16;

  // A server's side, before the hello. `hooks` must outlive it.
  [[nodiscard]] static Result<std::unique_ptr<DtlsConnection>> server(const DtlsContext& context,
                                                                      DtlsServerHooks& hooks);
  // A client's side. `key`: to prove; nothing: the server must prove that its certificate is for
  // `host`, a name or a numeric address.
  [[nodiscard]] static Result<std::unique_ptr<DtlsConnection>> client(const DtlsContext& context,
                                                                      std::optional<SharedKey> key,
                                                                      const std::string& host);
  ~DtlsConnection();
  DtlsConnection(const DtlsConnection&) = delete;
  DtlsConnection& operator=(const DtlsConnection&) = delete;

  // Server, before all else: answers a hello without a cookie by one with a request to repeat it
  // (in take_outgoing()), and keeps no state. True: it had a valid cookie, and this connection is
  // the client's from now on; call start().
  [[nodiscard]] bool listen(std::string_view hello);
  // Begins the handshake.
  void start() { advance(); }

  void receive(std::string_view datagram);
  // REQUIRES: open. False: it is too long, or empty; nothing is sent.
  bool send(std::string_view octets);
  // Tells the other side (close_notify).
  void close();
  void on_timeout();
  // Nothing: no retransmission is due.
  [[nodiscard]] std::optional<Duration> next_timeout() const;

  [[nodiscard]] State state() const { return state_; }
  // Why it is closed; "": it was not by an error.
  [[nodiscard]] const std::string& problem() const { return problem_; }
  // Whether the handshake has succeeded.
  [[nodiscard]] bool has_opened() const { return has_opened_; }
  // REQUIRES: has_opened().
  [[nodiscard]] const SessionIdentity& identity() const { return identity_; }
  // The name of the shared key, known to the server, that the client claims; proved when
  // has_opened().
  [[nodiscard]] const std::string& key_name() const { return key_name_; }
  // The agreed suite, as OpenSSL names it.
  [[nodiscard]] std::string suite() const;
  // Datagrams for the other side; datagrams of SENSE received from it.
  [[nodiscard]] std::vector<std::string> take_outgoing();
  [[nodiscard]] std::vector<std::string> take_received();

 private:
  friend struct DtlsCallbacks;
  struct Deleter {
    void operator()(ssl_st* ssl) const;
  };
  DtlsConnection() = default;
  [[nodiscard]] Status open(const DtlsContext& context);
  void advance();
  void read_records();
  void end(int result);
  void learn_identity();

  DatagramQueue queue_;
  std::unique_ptr<ssl_st, Deleter> ssl_;
  DtlsServerHooks* hooks_ = nullptr;
  std::optional<SharedKey> key_;
  State state_ = State::handshake;
  bool has_opened_ = false;
  std::string problem_;
  std::string key_name_;
  SessionIdentity identity_;
  std::vector<std::string> received_;
};

// Registers the callbacks for keys and cookies at a new context. For context.cpp.
void set_dtls_callbacks(ssl_ctx_st& context);

}  // namespace sense::datagram
