// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <functional>
#include <memory>
#include <span>
#include <string>
#include <vector>

#include "core/base/counters.hpp"
#include "core/sense/transport/transport.hpp"
#include "gateways/sense/admission/listener_policy.hpp"
#include "gateways/sense/dtls/listener.hpp"
#include "gateways/sense/model/actions.hpp"

namespace sense::datagram {

// What the sense+dtls:// listeners of a gateway need besides. The references must outlive them.
struct DtlsServices {
  const Clock& clock;
  const Limits& limits;
  DtlsContext context;  // null: no listener is one of DTLS
  std::vector<SharedKey> keys;
};

// The sockets of a gateway, one for each entry of `listen`, known by their index there. Reactor
// thread only; never blocks.
class Listeners {
 public:
  Listeners(std::vector<ListenEntry> entries, TransportOptions options)
      : entries_(std::move(entries)), options_(std::move(options)) {}

  // Opens all of them; the error names the one that cannot be bound, and then none is open.
  // `reactor` and `counters` must outlive this.
  [[nodiscard]] Status open(boost::asio::io_context& reactor, Counters& counters,
                            const DtlsServices& dtls);
  // Calls back with what each of them receives, from now on until close().
  using OnBatch = std::function<void(std::size_t listener, std::span<const Datagram> batch)>;
  void receive(const OnBatch& on_batch);

  // Queues one datagram for the next flush(). `key`: as in Send.
  void send(const Peer& to, std::string_view key, std::string_view octets);
  void flush();
  void close();
  // Replaces the shared keys of DTLS sessions.
  void set_keys(const std::vector<SharedKey>& keys);

  // Both by listener; of open ones.
  [[nodiscard]] std::vector<Listener> described() const;
  [[nodiscard]] std::vector<ListenerPolicy> policies() const;
  // Where they listen, with the ports that the system chose.
  [[nodiscard]] std::vector<std::string> uris() const;

 private:
  struct Open {
    std::unique_ptr<Transport> transport;
    DtlsListener* dtls = nullptr;  // the same object; null: it is not one of DTLS
  };
  [[nodiscard]] Result<Open> open_entry(const ListenEntry& entry, boost::asio::io_context& reactor,
                                        Counters& counters, const DtlsServices& dtls) const;

  std::vector<ListenEntry> entries_;
  TransportOptions options_;
  std::vector<Open> open_;
};

}  // namespace sense::datagram
