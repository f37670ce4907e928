// SPDX-License-Identifier: Apache-2.0
#include "core/http/handshake.hpp"

#include <openssl/err.h>
#include <openssl/ssl.h>

#include <boost/asio/ssl/error.hpp>

#include "core/http/channel.hpp"

namespace sense::http {

namespace {

using HandshakeError = boost::system::error_code;

bool is_plain_http(const HandshakeError& error) {
  return error.category() == boost::asio::error::get_ssl_category() &&
         ERR_GET_REASON(static_cast<unsigned long>(error.value())) == SSL_R_HTTP_REQUEST;
}

void tell_failure(Service& service, Channel& channel, const HandshakeError& error) {
  HandshakeError gone;
  const auto from = channel.socket().remote_endpoint(gone).address().to_string();
  const long verified = SSL_get_verify_result(&channel.tls());
  const std::string reason =
      verified == X509_V_OK ? error.message() : X509_verify_cert_error_string(verified);
  const auto line = service.tls_warnings.check(from + " " + reason, mono_now());
  if (!line.allowed) return;
  log::info("a handshake of TLS has failed",
            {{"from", from}, {"reason", reason}, {"suppressed", std::to_string(line.suppressed)}});
}

Handshake outcome_of(Service& service, Channel& channel, const HandshakeError& error) {
  if (!error) return Handshake::done;
  if (error == boost::beast::error::timeout) {
    ++service.tls_timed_out;
    return Handshake::failed;
  }
  if (error == boost::asio::error::operation_aborted) return Handshake::failed;  // closed here
  if (is_plain_http(error)) {
    ++service.tls_plain;
    channel.drop_tls();
    return Handshake::plain;
  }
  ++service.tls_failed;
  // A client that only goes away is nothing to tell.
  if (error.category() == boost::asio::error::get_ssl_category())
    tell_failure(service, channel, error);
  return Handshake::failed;
}

}  // namespace

void shake_hands(std::shared_ptr<Service> service, Channel& channel,
                 std::function<void(Handshake)> done) {
  channel.expires_after(service->options.header_timeout);
  channel.async_handshake(
      [service = std::move(service), &channel, done = std::move(done)](HandshakeError error) {
        done(outcome_of(*service, channel, error));
      });
}

}  // namespace sense::http
