// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "core/base/clock.hpp"
#include "core/sense/message_signer.hpp"

namespace sense::datagram {

// A request of a client that waits for its reply.
struct ClientRequest {
  Message message;       // without Cookie
  std::uint64_t id = 0;  // as in the client's notices; 0: the registration
};

// The requests of a client under way: tags, cookie, repeats. Pure; one thread. `send` below: where
// datagrams for the server are added. At most requests_max are under way.
class ClientRequests {
 public:
  static constexpr std::size_t requests_max = 64;

  // As in ClientOptions.
  struct Options {
    std::string tag_prefix;
    Duration retry_interval{};  // doubles after each try, up to 32 s
    std::uint32_t tries = 8;    // of one request
  };
  // `key`: signs all that is sent.
  ClientRequests(Options options, std::optional<SharedKey> key)
      : options_(std::move(options)), signer_(std::move(key)) {}
  [[nodiscard]] const MessageSigner& signer() const { return signer_; }

  // A tag that has not been used before.
  [[nodiscard]] std::string next_tag();
  // False: too many are under way, and it is not sent.
  [[nodiscard]] bool start(ClientRequest request, Timestamp now, std::vector<std::string>& send);

  // What a REPLY was.
  struct Reply {
    bool known = false;  // to a request of ours
    std::optional<ClientRequest>
        request;  // done; nothing: sent anew, with a cookie or another time
  };
  [[nodiscard]] Reply on_reply(const Message& reply, bool authenticated, Timestamp now,
                               std::vector<std::string>& send);
  // Repeats what is due. Returns the requests that were not answered after all tries.
  [[nodiscard]] std::vector<ClientRequest> on_timer(Timestamp now, std::vector<std::string>& send);
  [[nodiscard]] std::optional<MonoTime> next_timer() const;
  // Abandons the requests of that kind.
  void drop(Kind kind);

 private:
  struct UnderWay {
    ClientRequest request;
    std::string tag;
    std::uint32_t sent = 0;
    std::uint32_t restarts = 0;  // times sent anew with another cookie or time
    MonoTime due;
  };
  void send(UnderWay& one, Timestamp now, std::vector<std::string>& send);
  [[nodiscard]] bool restart(UnderWay& one, const Message& reply, bool authenticated, Timestamp now,
                             std::vector<std::string>& send);

  Options options_;
  MessageSigner signer_;
  std::string cookie_;
  std::uint64_t tags_ = 0;
  std::vector<UnderWay> under_way_;  // oldest first
};

}  // namespace sense::datagram
