// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <map>
#include <memory>
#include <optional>
#include <set>
#include <string>
#include <string_view>
#include <vector>

#include "core/sense/dtls/connection.hpp"
#include "gateways/sense/admission/cookies.hpp"

namespace sense::datagram {

// What a call of DtlsSessions or HelloListener leads to. A value.
struct DtlsOutput {
  struct Sent {
    Endpoint to;
    std::string octets;
  };
  struct Received {
    Endpoint from;
    std::string octets;  // one datagram of SENSE
    std::shared_ptr<const SessionIdentity> session;
  };
  std::vector<Sent> send;
  std::vector<Received> received;
};

// Answers the hellos of addresses that have no session, without state for any of them, and finds
// the keys of those that get one. The cookie is that of SENSE/1 itself: a MAC of the address and a
// time window, valid for five to ten minutes (class Cookies). Pure; one thread.
class HelloListener final : private DtlsServerHooks {
 public:
  // `cookie_key`: 32 unguessable octets, used for nothing else.
  HelloListener(DtlsContext context, std::string cookie_key)
      : context_(std::move(context)), cookies_(std::move(cookie_key)) {}
  HelloListener(const HelloListener&) = delete;
  HelloListener& operator=(const HelloListener&) = delete;

  // A connection, not started, when the hello had a cookie of that address. It must not outlive
  // this. Null: it had none; the request to repeat it with one is in `out`, one datagram, shorter
  // than a hello can be.
  [[nodiscard]] std::unique_ptr<DtlsConnection> on_hello(std::string_view octets,
                                                         const Endpoint& from, MonoTime now,
                                                         DtlsOutput& out);
  // Answers the names of former keys that are not the same any more.
  std::set<std::string> set_keys(const std::vector<SharedKey>& keys);

 private:
  [[nodiscard]] std::optional<std::string> secret_of(std::string_view name) override;
  [[nodiscard]] std::string make_cookie() override;
  [[nodiscard]] bool is_cookie(std::string_view cookie) override;

  DtlsContext context_;
  Cookies cookies_;
  std::map<std::string, std::string, std::less<>> secrets_;  // by name
  std::unique_ptr<DtlsConnection> listening_;                // reused until a cookie is right
  const Endpoint* from_ = nullptr;                           // of the hello that is being read
  MonoTime now_;
};

}  // namespace sense::datagram
