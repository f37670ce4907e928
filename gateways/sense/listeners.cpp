// SPDX-License-Identifier: Apache-2.0
#include "gateways/sense/listeners.hpp"

namespace sense::datagram {

Status Listeners::open(boost::asio::io_context& reactor, Counters& counters) {
  for (const auto& entry : entries_) {
    auto transport = open_transport(reactor, entry.endpoint, options_, counters);
    if (!transport) {
      open_.clear();
      return fail(transport.error().code,
                  transport.error().message + "; change `listen` of this gateway");
    }
    open_.push_back(std::move(*transport));
  }
  return {};
}

void Listeners::receive(const OnBatch& on_batch) {
  for (std::size_t i = 0; i < open_.size(); ++i)
    open_[i]->start([on_batch, i](std::span<const Datagram> batch) { on_batch(i, batch); });
}

void Listeners::send(const Peer& to, std::string_view octets) {
  if (to.listener < open_.size()) open_[to.listener]->send(to.address, octets);
}

void Listeners::flush() {
  for (const auto& transport : open_) transport->flush();
}

void Listeners::close() {
  for (const auto& transport : open_) transport->close();
}

std::vector<Listener> Listeners::described() const {
  std::vector<Listener> all;
  for (std::size_t i = 0; i < open_.size(); ++i)
    all.push_back({entries_[i].address, entries_[i].endpoint.kind(), open_[i]->sendable_max()});
  return all;
}

std::vector<ListenerPolicy> Listeners::policies() const {
  std::vector<ListenerPolicy> all;
  for (const auto& entry : entries_) all.push_back(entry.policy);
  return all;
}

std::vector<std::string> Listeners::uris() const {
  std::vector<std::string> all;
  for (const auto& transport : open_) all.push_back(callback_of(transport->local()));
  return all;
}

}  // namespace sense::datagram
