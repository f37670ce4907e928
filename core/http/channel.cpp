// SPDX-License-Identifier: Apache-2.0
#include "core/http/channel.hpp"

namespace sense::http {

// The connection of OpenSSL holds the context that it was made of.
Channel::Channel(boost::asio::ip::tcp::socket socket, const TlsContext& tls)
    : tcp_(std::move(socket)) {
  if (!tls) return;
  SSL_CTX_up_ref(tls.get());
  boost::asio::ssl::context context(tls.get());
  tls_.emplace(tcp_, context);
}

}  // namespace sense::http
