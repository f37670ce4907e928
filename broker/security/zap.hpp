// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <atomic>
#include <functional>
#include <map>
#include <memory>
#include <mutex>
#include <optional>
#include <string>
#include <string_view>
#include <thread>
#include <vector>

#include "broker/security/rights.hpp"
#include "core/base/clock.hpp"
#include "core/base/counters.hpp"
#include "core/base/error.hpp"

namespace zmq {
class context_t;
}

// Who gets in: the authenticator that libzmq asks about every connection before anything is taken
// from it (ZAP, ZeroMQ RFC 27). What it does not answer with 200 stays outside, and may try again.
namespace sense {

// A request without its routing id and the empty frame; views into the frames.
struct ZapRequest {
  std::string_view id;
  std::string_view domain;  // bus::Door::domain()
  std::string_view address;
  std::string_view mechanism;
  std::vector<std::string_view> credentials;
};
[[nodiscard]] std::optional<ZapRequest> read_zap(const std::vector<std::string_view>& frames);

struct ZapVerdict {
  std::string status;  // "200", "400" or "500"
  std::string reason;  // for a person; libzmq does not pass it on
  std::string user_id;
};
// Pure: `local`, `plaintext`, or the client's key, as the domain says.
[[nodiscard]] ZapVerdict judge_zap(const ZapRequest& request, const Access& access);

// Runs one thread, `sense-access`, that answers for one context and reads the allow file when it
// changes. Any thread may call its functions.
class Authenticator {
 public:
  static constexpr auto look_interval = std::chrono::milliseconds{200};

  // Binds the authenticator's address in the context: do it before any other socket is bound. An
  // empty allow_file: nobody has a key. Fails when the file is bad.
  [[nodiscard]] static Result<std::unique_ptr<Authenticator>> start(zmq::context_t& context,
                                                                    std::string allow_file,
                                                                    Counters& counters);
  // Joins the thread. The context must still be there.
  virtual ~Authenticator() = default;

  // The allow file as it was when it was last good; `version` grows with each change.
  [[nodiscard]] virtual std::shared_ptr<const Access> access() const = 0;
  [[nodiscard]] virtual std::uint64_t version() const = 0;

  // Refuses new connections of that user to the live stream until then.
  virtual void keep_from_events(const std::string& user_id, MonoTime until) = 0;
  // A key that the start-up test tries: refused in so many words, and neither counted nor logged.
  virtual void expect(const std::string& key) = 0;
};

}  // namespace sense
