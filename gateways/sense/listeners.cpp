// SPDX-License-Identifier: Apache-2.0
#include "gateways/sense/listeners.hpp"

#include "core/base/random.hpp"

namespace sense::datagram {

Status Listeners::open(boost::asio::io_context& reactor, Counters& counters,
                       const DtlsServices& dtls) {
  for (const auto& entry : entries_) {
    auto opened = open_entry(entry, reactor, counters, dtls);
    if (!opened) {
      open_.clear();
      return fail(opened.error().code,
                  opened.error().message + "; change `listen` of this gateway");
    }
    open_.push_back(std::move(*opened));
  }
  return {};
}

Result<Listeners::Open> Listeners::open_entry(const ListenEntry& entry,
                                              boost::asio::io_context& reactor, Counters& counters,
                                              const DtlsServices& dtls) const {
  auto options = options_;
  if (entry.endpoint.dtls()) options.octets_max = DtlsListener::socket_octets_max;
  auto socket = open_transport(reactor, entry.endpoint.with_dtls(false), options, counters);
  if (!socket) return tl::unexpected(socket.error());
  if (!entry.endpoint.dtls()) return Open{std::move(*socket)};
  std::string cookie_key(32, '\0');
  fill_random({reinterpret_cast<unsigned char*>(cookie_key.data()), cookie_key.size()});
  auto sessions =
      std::make_unique<DtlsSessions>(dtls.context, dtls.limits, counters, std::move(cookie_key));
  auto listener = std::make_unique<DtlsListener>(
      reactor, dtls.clock, std::move(*socket), std::move(sessions),
      [policy = entry.policy](const Endpoint& from) { return policy.admits(from); },
      counters["sense.datagrams.outside"]);
  listener->set_keys(dtls.keys);
  auto* raw = listener.get();
  return Open{std::move(listener), raw};
}

void Listeners::receive(const OnBatch& on_batch) {
  for (std::size_t i = 0; i < open_.size(); ++i)
    open_[i].transport->start(
        [on_batch, i](std::span<const Datagram> batch) { on_batch(i, batch); });
}

void Listeners::send(const Peer& to, std::string_view key, std::string_view octets) {
  if (to.listener >= open_.size()) return;
  auto& open = open_[to.listener];
  if (open.dtls != nullptr)
    open.dtls->send_as(key, to.address, octets);
  else
    open.transport->send(to.address, octets);
}

void Listeners::flush() {
  for (const auto& open : open_) open.transport->flush();
}

void Listeners::close() {
  for (const auto& open : open_) open.transport->close();
}

void Listeners::set_keys(const std::vector<SharedKey>& keys) {
  for (const auto& open : open_)
    if (open.dtls != nullptr) open.dtls->set_keys(keys);
}

std::vector<Listener> Listeners::described() const {
  std::vector<Listener> all;
  for (std::size_t i = 0; i < open_.size(); ++i)
    all.push_back({entries_[i].address, entries_[i].endpoint.kind(),
                   open_[i].transport->sendable_max(), entries_[i].endpoint.dtls()});
  return all;
}

std::vector<ListenerPolicy> Listeners::policies() const {
  std::vector<ListenerPolicy> all;
  for (const auto& entry : entries_) all.push_back(entry.policy);
  return all;
}

std::vector<std::string> Listeners::uris() const {
  std::vector<std::string> all;
  for (const auto& open : open_) all.push_back(callback_of(open.transport->local()));
  return all;
}

}  // namespace sense::datagram
