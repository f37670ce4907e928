// SPDX-License-Identifier: Apache-2.0
#include "core/sense/dtls/connection.hpp"

#include <openssl/err.h>
#include <openssl/ssl.h>
#include <openssl/x509v3.h>
#include <sys/time.h>

#include <array>
#include <cstring>
#include <utility>

#include "core/base/check.hpp"
#include "core/tls/certificate_files.hpp"

namespace sense::datagram {

namespace {

template <class T, void (*release)(T*)>
struct Release {
  void operator()(T* object) const { release(object); }
};

std::string subject_of(X509* certificate) {
  const std::unique_ptr<BIO, Release<BIO, BIO_free_all>> text(BIO_new(BIO_s_mem()));
  if (!text ||
      X509_NAME_print_ex(text.get(), X509_get_subject_name(certificate), 0, XN_FLAG_RFC2253) < 0)
    return {};
  char* begin = nullptr;
  const long size = BIO_get_mem_data(text.get(), &begin);
  return size > 0 ? std::string(begin, static_cast<std::size_t>(size)) : std::string();
}

// A numeric address is compared with the addresses of a certificate, any other text with its names.
bool expect_host(SSL* ssl, const std::string& host) {
  auto* wanted = SSL_get0_param(ssl);
  X509_VERIFY_PARAM_set_hostflags(wanted, X509_CHECK_FLAG_NO_PARTIAL_WILDCARDS);
  if (X509_VERIFY_PARAM_set1_ip_asc(wanted, host.c_str()) == 1) return true;
  ERR_clear_error();
  return SSL_set1_host(ssl, host.c_str()) == 1 && SSL_set_tlsext_host_name(ssl, host.c_str()) == 1;
}

constexpr std::size_t record_header = 13;
constexpr std::size_t tag_size = 16;
constexpr std::size_t explicit_nonce_size = 8;  // of GCM and CCM; ChaCha20 has none

// The least length of a protected record: with the tag of the suite, and its nonce.
std::size_t record_length_min(const SSL* ssl) {
  const auto* pending = SSL_get_pending_cipher(ssl);
  const auto* cipher = pending != nullptr ? pending : SSL_get_current_cipher(ssl);
  const bool chacha =
      cipher != nullptr && SSL_CIPHER_get_cipher_nid(cipher) == NID_chacha20_poly1305;
  return tag_size + (chacha ? 0 : explicit_nonce_size);
}

// The whole and well-formed records that a datagram begins with. OpenSSL 3.0 ends the connection
// for a protected record that is too short for its tag, and looks for the next record inside of one
// whose header it does not like. Any host can forge both.
std::string_view readable_records(std::string_view datagram, std::size_t length_min,
                                  bool dtls_1_0) {
  const auto octet_at = [&](std::size_t at) { return static_cast<unsigned char>(datagram[at]); };
  const auto number_at = [&](std::size_t at) {
    return static_cast<std::size_t>(octet_at(at)) << 8U | octet_at(at + 1);
  };
  std::size_t at = 0;
  while (datagram.size() - at >= record_header) {
    const auto version = number_at(at + 1);
    const auto length = number_at(at + 11);
    const bool sealed = number_at(at + 3) != 0;
    const bool known = octet_at(at) >= SSL3_RT_CHANGE_CIPHER_SPEC &&
                       octet_at(at) <= SSL3_RT_APPLICATION_DATA &&
                       (version == DTLS1_2_VERSION || (dtls_1_0 && version == DTLS1_VERSION));
    if (!known || (sealed && length < length_min) || length > SSL3_RT_MAX_ENCRYPTED_LENGTH ||
        length > datagram.size() - at - record_header)
      break;
    at += record_header + length;
  }
  return datagram.substr(0, at);
}

}  // namespace

// What OpenSSL calls, with access to the connection of the SSL object.
struct DtlsCallbacks {
  static DtlsConnection& connection_of(SSL* ssl) {
    return *static_cast<DtlsConnection*>(SSL_get_app_data(ssl));
  }

  static unsigned server_key(SSL* ssl, const char* identity, unsigned char* place, unsigned size) {
    auto& connection = connection_of(ssl);
    const std::string_view name = identity == nullptr ? "" : identity;
    const auto secret =
        valid_key_name(name) ? connection.hooks_->secret_of(name) : std::optional<std::string>();
    connection.key_name_ = secret ? name : std::string_view();
    // An unknown name fails as a wrong secret does (RFC 4279 section 2): later, and in silence.
    static const std::string decoy = make_shared_key("-").secret;
    return copy_secret(secret.value_or(decoy), place, size);
  }

  static unsigned client_key(SSL* ssl, const char*, char* identity, unsigned identity_size,
                             unsigned char* place, unsigned size) {
    const auto& key = connection_of(ssl).key_;
    if (!key || key->name.size() >= identity_size) return 0;
    std::memcpy(identity, key->name.c_str(), key->name.size() + 1);
    return copy_secret(key->secret, place, size);
  }

  static int make_cookie(SSL* ssl, unsigned char* place, unsigned* size) {
    const auto cookie = connection_of(ssl).hooks_->make_cookie();
    SENSE_CHECK(cookie.size() < DTLS1_COOKIE_LENGTH);
    std::memcpy(place, cookie.data(), cookie.size());
    *size = static_cast<unsigned>(cookie.size());
    return 1;
  }

  static int is_cookie(SSL* ssl, const unsigned char* octets, unsigned size) {
    return connection_of(ssl).hooks_->is_cookie({reinterpret_cast<const char*>(octets), size}) ? 1
                                                                                               : 0;
  }

  static unsigned copy_secret(const std::string& secret, unsigned char* place, unsigned size) {
    if (secret.size() > size) return 0;
    std::memcpy(place, secret.data(), secret.size());
    return static_cast<unsigned>(secret.size());
  }
};

void set_dtls_callbacks(ssl_ctx_st& context) {
  SSL_CTX_set_psk_server_callback(&context, &DtlsCallbacks::server_key);
  SSL_CTX_set_psk_client_callback(&context, &DtlsCallbacks::client_key);
  SSL_CTX_set_cookie_generate_cb(&context, &DtlsCallbacks::make_cookie);
  SSL_CTX_set_cookie_verify_cb(&context, &DtlsCallbacks::is_cookie);
}

void DtlsConnection::Deleter::operator()(ssl_st* ssl) const { SSL_free(ssl); }

DtlsConnection::~DtlsConnection() = default;

Status DtlsConnection::open(const DtlsContext& context) {
  ERR_clear_error();
  ssl_.reset(SSL_new(context.get()));
  auto* bio = ssl_ ? make_datagram_bio(queue_) : nullptr;
  if (bio == nullptr) return fail(Code::nomemory, "no memory for a DTLS connection");
  SSL_set_bio(ssl_.get(), bio, bio);
  SSL_set_app_data(ssl_.get(), this);
  SSL_set_mtu(ssl_.get(), static_cast<long>(dtls_handshake_octets_max));
  return {};
}

Result<std::unique_ptr<DtlsConnection>> DtlsConnection::server(const DtlsContext& context,
                                                               DtlsServerHooks& hooks) {
  std::unique_ptr<DtlsConnection> connection(new DtlsConnection);
  connection->hooks_ = &hooks;
  if (auto status = connection->open(context); !status) return tl::unexpected(status.error());
  SSL_set_accept_state(connection->ssl_.get());
  return connection;
}

Result<std::unique_ptr<DtlsConnection>> DtlsConnection::client(const DtlsContext& context,
                                                               std::optional<SharedKey> key,
                                                               const std::string& host) {
  std::unique_ptr<DtlsConnection> connection(new DtlsConnection);
  connection->key_ = std::move(key);
  if (auto status = connection->open(context); !status) return tl::unexpected(status.error());
  if (!connection->key_ && !expect_host(connection->ssl_.get(), host))
    return fail(Code::badparam, "no certificate can be for the host " + host);
  SSL_set_connect_state(connection->ssl_.get());
  return connection;
}

bool DtlsConnection::listen(std::string_view hello) {
  const std::unique_ptr<BIO_ADDR, Release<BIO_ADDR, BIO_ADDR_free>> unused(BIO_ADDR_new());
  if (!unused) return false;
  ERR_clear_error();
  queue_.in = readable_records(hello, tag_size + explicit_nonce_size, true);
  queue_.in_full = true;
  const int result = DTLSv1_listen(ssl_.get(), unused.get());
  queue_.in_full = false;
  return result == 1;
}

void DtlsConnection::receive(std::string_view datagram) {
  if (state_ == State::closed) return;
  // A server asks for the cookie in a record of DTLS 1.0 (RFC 6347 section 4.2.1).
  const bool before_version = state_ == State::handshake && hooks_ == nullptr;
  queue_.in = readable_records(datagram, record_length_min(ssl_.get()), before_version);
  queue_.in_full = !queue_.in.empty();
  advance();
  queue_.in_full = false;
}

void DtlsConnection::advance() {
  ERR_clear_error();
  if (state_ == State::handshake) {
    const int result = SSL_do_handshake(ssl_.get());
    if (result != 1) return end(result);
    state_ = State::open;
    has_opened_ = true;
    learn_identity();
  }
  if (state_ == State::open) read_records();
}

void DtlsConnection::read_records() {
  std::array<char, sendable_max> buffer;
  while (state_ == State::open) {
    const int size = SSL_read(ssl_.get(), buffer.data(), static_cast<int>(buffer.size()));
    if (size <= 0) return end(size);
    received_.emplace_back(buffer.data(), static_cast<std::size_t>(size));
  }
}

// A call has returned without success: it needs more input, or the connection is over.
void DtlsConnection::end(int result) {
  const int error = SSL_get_error(ssl_.get(), result);
  if (error == SSL_ERROR_WANT_READ || error == SSL_ERROR_WANT_WRITE) return;
  state_ = State::closed;
  if (error == SSL_ERROR_ZERO_RETURN) return;
  const long verified = SSL_get_verify_result(ssl_.get());
  const char* reason = ERR_reason_error_string(ERR_peek_error());
  problem_ = verified != X509_V_OK ? X509_verify_cert_error_string(verified)
             : reason != nullptr   ? reason
                                   : "the connection failed";
  ERR_clear_error();
}

void DtlsConnection::learn_identity() {
  identity_.key = key_name_;
  if (auto* certificate = SSL_get0_peer_certificate(ssl_.get()); certificate != nullptr) {
    identity_.certificate_subject = subject_of(certificate);
    identity_.certificate_fingerprint = fingerprint_of(*certificate);
  }
}

bool DtlsConnection::send(std::string_view octets) {
  if (state_ != State::open || octets.empty() || octets.size() > sendable_max) return false;
  ERR_clear_error();
  return SSL_write(ssl_.get(), octets.data(), static_cast<int>(octets.size())) > 0;
}

void DtlsConnection::close() {
  if (state_ == State::closed) return;
  ERR_clear_error();
  if (state_ == State::open) (void)SSL_shutdown(ssl_.get());
  ERR_clear_error();
  state_ = State::closed;
}

void DtlsConnection::on_timeout() {
  if (state_ == State::closed) return;
  ERR_clear_error();
  const auto result = static_cast<int>(DTLSv1_handle_timeout(ssl_.get()));
  if (result < 0) end(result);
}

std::optional<Duration> DtlsConnection::next_timeout() const {
  timeval left{};
  if (state_ == State::closed || DTLSv1_get_timeout(ssl_.get(), &left) != 1) return std::nullopt;
  return std::chrono::seconds{left.tv_sec} + Duration{left.tv_usec};
}

std::string DtlsConnection::suite() const {
  const char* name = SSL_get_cipher_name(ssl_.get());
  return name == nullptr ? "" : name;
}

std::vector<std::string> DtlsConnection::take_outgoing() { return std::exchange(queue_.out, {}); }

std::vector<std::string> DtlsConnection::take_received() { return std::exchange(received_, {}); }

}  // namespace sense::datagram
