// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <openssl/err.h>
#include <openssl/ssl.h>

#include <array>
#include <boost/asio/io_context.hpp>
#include <boost/asio/ip/tcp.hpp>
#include <csignal>
#include <memory>
#include <string>

#include "tests/core/http/test_authority.hpp"

namespace sense::test {

// A blocking client with TLS, which trusts all servers.
class TlsClient {
 public:
  struct Options {
    int version_min = TLS1_2_VERSION;
    int version_max = TLS1_3_VERSION;
    std::string protocols = {};  // of ALPN, on the wire
    const TestAuthority::Signed* certificate = nullptr;
  };
  TlsClient(std::uint16_t port, const Options& options)
      : context_(SSL_CTX_new(TLS_client_method()), &SSL_CTX_free),
        tls_(nullptr, &SSL_free),
        socket_(io_) {
    std::signal(SIGPIPE, SIG_IGN);  // OpenSSL writes to a server that has closed
    SSL_CTX_set_security_level(context_.get(), 0);
    SSL_CTX_set_min_proto_version(context_.get(), options.version_min);
    SSL_CTX_set_max_proto_version(context_.get(), options.version_max);
    if (options.certificate) {
      SSL_CTX_use_certificate_file(context_.get(), options.certificate->certificate.c_str(),
                                   SSL_FILETYPE_PEM);
      SSL_CTX_use_PrivateKey_file(context_.get(), options.certificate->key.c_str(),
                                  SSL_FILETYPE_PEM);
    }
    tls_.reset(SSL_new(context_.get()));
    if (!options.protocols.empty())
      SSL_set_alpn_protos(tls_.get(),
                          reinterpret_cast<const unsigned char*>(options.protocols.data()),
                          static_cast<unsigned>(options.protocols.size()));
    socket_.connect({boost::asio::ip::make_address("127.0.0.1"), port});
    SSL_set_fd(tls_.get(), socket_.native_handle());
    connected_ = SSL_connect(tls_.get()) == 1;
  }
  explicit TlsClient(std::uint16_t port) : TlsClient(port, Options{}) {}

  // With TLS 1.3 a server that refuses the certificate says so only afterwards.
  [[nodiscard]] bool connected() const { return connected_; }
  void write(const std::string& text) {
    SSL_write(tls_.get(), text.data(), static_cast<int>(text.size()));
  }
  // What has come up to and with `end`; all, when the server has closed before.
  std::string read_until(const std::string& end) {
    while (buffer_.find(end) == std::string::npos && fill()) {
    }
    const auto at = buffer_.find(end);
    auto text = buffer_.substr(0, at == std::string::npos ? at : at + end.size());
    buffer_.erase(0, text.size());
    return text;
  }
  std::string read_rest() {
    while (fill()) {
    }
    return std::exchange(buffer_, {});
  }
  // The head of the answer; "": there is none.
  std::string ask(const std::string& request) {
    write(request);
    return read_until("\r\n\r\n");
  }
  // Whether the server has said the end itself (close_notify).
  [[nodiscard]] bool ended_by_server() const {
    return (SSL_get_shutdown(tls_.get()) & SSL_RECEIVED_SHUTDOWN) != 0;
  }
  [[nodiscard]] std::string version() const { return SSL_get_version(tls_.get()); }
  [[nodiscard]] std::string protocol() const {
    const unsigned char* text = nullptr;
    unsigned size = 0;
    SSL_get0_alpn_selected(tls_.get(), &text, &size);
    return {reinterpret_cast<const char*>(text), size};
  }
  [[nodiscard]] std::string server_fingerprint() const {
    auto* certificate = SSL_get0_peer_certificate(tls_.get());
    return certificate ? fingerprint_of(*certificate) : "";
  }
  [[nodiscard]] bool can_resume() const {
    return SSL_SESSION_is_resumable(SSL_get_session(tls_.get())) == 1;
  }

 private:
  bool fill() {
    std::array<char, 4096> chunk{};
    const int size = SSL_read(tls_.get(), chunk.data(), static_cast<int>(chunk.size()));
    if (size > 0) buffer_.append(chunk.data(), static_cast<std::size_t>(size));
    return size > 0;
  }

  boost::asio::io_context io_;
  std::unique_ptr<SSL_CTX, decltype(&SSL_CTX_free)> context_;
  std::unique_ptr<SSL, decltype(&SSL_free)> tls_;
  boost::asio::ip::tcp::socket socket_;
  bool connected_ = false;
  std::string buffer_;
};

}  // namespace sense::test
