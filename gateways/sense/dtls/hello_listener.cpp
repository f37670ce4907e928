// SPDX-License-Identifier: Apache-2.0
#include "gateways/sense/dtls/hello_listener.hpp"

#include <utility>

namespace sense::datagram {

std::unique_ptr<DtlsConnection> HelloListener::on_hello(std::string_view octets,
                                                        const Endpoint& from, MonoTime now,
                                                        DtlsOutput& out) {
  if (!listening_) {
    auto made = DtlsConnection::server(context_, *this);
    if (!made) return nullptr;
    listening_ = std::move(*made);
  }
  from_ = &from;
  now_ = now;
  const bool proved = listening_->listen(octets);
  from_ = nullptr;
  if (proved) return std::exchange(listening_, nullptr);
  for (auto& datagram : listening_->take_outgoing())
    out.send.push_back({from, std::move(datagram)});
  return nullptr;
}

std::set<std::string> HelloListener::set_keys(const std::vector<SharedKey>& keys) {
  const auto before = std::exchange(secrets_, {});
  for (const auto& key : keys) secrets_.emplace(key.name, key.secret);
  std::set<std::string> changed;
  for (const auto& [name, secret] : before)
    if (secret_of(name) != secret) changed.insert(name);
  return changed;
}

std::optional<std::string> HelloListener::secret_of(std::string_view name) {
  const auto found = secrets_.find(name);
  return found == secrets_.end() ? std::nullopt : std::optional(found->second);
}

std::string HelloListener::make_cookie() { return cookies_.make(*from_, now_); }

// OpenSSL asks a second time when the handshake starts, of a connection whose cookie was right.
bool HelloListener::is_cookie(std::string_view cookie) {
  return from_ == nullptr || cookies_.judge(cookie, *from_, now_) == Cookies::Age::current;
}

}  // namespace sense::datagram
