// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <atomic>
#include <cstdint>
#include <functional>
#include <map>
#include <memory>
#include <mutex>
#include <optional>
#include <string>
#include <string_view>
#include <thread>
#include <vector>

#include "broker/audit/audit_trail.hpp"
#include "broker/security/rights.hpp"
#include "core/base/clock.hpp"
#include "core/base/counters.hpp"
#include "core/base/error.hpp"

namespace zmq {
class context_t;
}

// The authenticator, which libzmq asks about every connection before it reads from it (ZAP, ZeroMQ
// RFC 27). A connection is accepted by status 200 only; others may be tried again by the peer.
namespace sense {

// A request without its routing id and the empty frame; views into the frames.
struct ZapRequest {
  std::string_view id;
  std::string_view domain;   // bus::Listener::domain()
  std::string_view address;  // of ipc:// "HOST:UID:GID:PID", as the kernel knows them
  std::string_view mechanism;
  std::vector<std::string_view> credentials;
};
[[nodiscard]] std::optional<ZapRequest> read_zap(const std::vector<std::string_view>& frames);

// The reply to a request.
struct ZapVerdict {
  std::string status;  // "200", "400" or "500"
  std::string reason;  // for the log; libzmq does not send it
  std::string user_id;
};
// Pure. The user id is `local`, `plaintext`, or user_id_of() the client's key or user, depending on
// the domain. `own_user`: that the broker runs as, which, with root, is `local`.
[[nodiscard]] ZapVerdict judge_zap(const ZapRequest& request, const AccessList& access,
                                   std::uint32_t own_user);

// Runs one thread, `sense-access`, which answers the requests of one context and reads the access
// file when it changes. Any thread may call.
class Authenticator {
 public:
  static constexpr auto look_interval = std::chrono::milliseconds{200};

  // Binds the authenticator's address in the context: REQUIRES that no other socket is bound yet.
  // An empty access_file: no key is accepted. Fails when the file cannot be used. `audit` gets what
  // is refused and changed; null: there is none.
  [[nodiscard]] static Result<std::unique_ptr<Authenticator>> start(zmq::context_t& context,
                                                                    std::string access_file,
                                                                    Counters& counters,
                                                                    AuditTrail* audit = nullptr);
  // Joins the thread. The context must outlive it.
  virtual ~Authenticator() = default;

  // The last valid content of the access file; `version` grows with each change.
  [[nodiscard]] virtual std::shared_ptr<const AccessList> access() const = 0;
  [[nodiscard]] virtual std::uint64_t version() const = 0;

  // Refuses new connections of that user to the live stream until that time.
  virtual void suspend_from_events(const std::string& user_id, MonoTime until) = 0;
  // Why its thread has ended before its time; it admits no peer since then.
  [[nodiscard]] virtual std::optional<Error> failure() const = 0;
  // The key of the self-test: refused with a permanent status, and neither counted nor logged.
  virtual void expect(const std::string& key) = 0;
};

}  // namespace sense
