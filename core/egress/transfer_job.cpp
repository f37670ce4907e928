// SPDX-License-Identifier: Apache-2.0
#include "core/egress/transfer_job.hpp"

#include <netinet/in.h>
#include <netinet/tcp.h>
#include <sys/socket.h>
#include <unistd.h>

#include <algorithm>
#include <boost/asio/ip/address.hpp>
#include <cstddef>
#include <cstring>

#include "core/base/text.hpp"
#include "core/base/uri.hpp"
#include "core/egress/easy_option.hpp"

namespace sense {

namespace {

std::uint16_t default_port(std::string_view scheme) {
  if (scheme == "https") return 443;
  if (scheme == "http") return 80;
  return scheme == "smtps" ? 465 : 25;
}

struct AddressAndPort {
  boost::asio::ip::address address;
  std::uint16_t port = 0;
};

AddressAndPort address_of(const curl_sockaddr& given) {
  using namespace boost::asio::ip;
  if (given.family == AF_INET && given.addrlen >= sizeof(sockaddr_in)) {
    sockaddr_in in{};
    std::memcpy(&in, &given.addr, sizeof in);
    return {address_v4(ntohl(in.sin_addr.s_addr)), ntohs(in.sin_port)};
  }
  if (given.family != AF_INET6 || given.addrlen < sizeof(sockaddr_in6))
    return {address_v6(), 0};  // unspecified, which no policy allows
  sockaddr_in6 in{};
  // libcurl's struct declares a sockaddr; the actual length is addrlen.
  const auto* start = reinterpret_cast<const char*>(&given) + offsetof(curl_sockaddr, addr);
  std::memcpy(&in, start, sizeof in);
  address_v6::bytes_type bytes{};
  std::memcpy(bytes.data(), &in.sin6_addr, bytes.size());
  return {address_v6(bytes), ntohs(in.sin6_port)};
}

}  // namespace

bool has_control(std::string_view text) {
  return std::any_of(text.begin(), text.end(), [](char c) {
    return (static_cast<unsigned char>(c) < ' ' && c != '\t') || c == 0x7f;
  });
}

Result<std::string> endpoint_of(const std::string& url, std::string_view plain,
                                std::string_view secure) {
  auto uri = parse_uri(url);
  if (!uri) return tl::unexpected(uri.error());
  if ((uri->scheme != plain && uri->scheme != secure) || uri->host.empty())
    return fail(Code::badparam, "'" + printable(url.substr(0, 200)) + "' is not " +
                                    std::string(plain) + "://host or " + std::string(secure) +
                                    "://host");
  if (!uri->port) uri->port = default_port(uri->scheme);
  return uri->scheme + "://" + uri->authority();
}

const std::string* TransferReply::header(std::string_view name) const {
  for (const auto& [key, value] : headers)
    if (key == name) return &value;
  return nullptr;
}

void TransferJob::FreeList::operator()(void* list) const {
  curl_slist_free_all(static_cast<curl_slist*>(list));
}

void TransferJob::append(List& list, const std::string& line) {
  auto* longer = curl_slist_append(static_cast<curl_slist*>(list.get()), line.c_str());
  complete_ &= longer != nullptr;
  if (longer == nullptr) return;
  (void)list.release();
  list.reset(longer);
}

struct TransferJob::Callbacks {
  static TransferJob& job(void* self) { return *static_cast<TransferJob*>(self); }

  static std::size_t body(char* data, std::size_t size, std::size_t count, void* self) {
    return job(self).take_body({data, size * count}) ? size * count : 0;
  }
  static std::size_t header(char* data, std::size_t size, std::size_t count, void* self) {
    return job(self).take_line({data, size * count}) ? size * count : 0;
  }
  static curl_socket_t open(void* self, curlsocktype, curl_sockaddr* address) {
    return job(self).open_socket(address);
  }
  static int close(void* given, curl_socket_t socket) {
    auto& shared = *static_cast<Shared*>(given);
    {
      const std::lock_guard lock(shared.mutex);
      shared.sockets.erase(socket);
    }
    return ::close(socket);
  }
};

void TransferJob::Shared::shut_sockets() {
  const std::lock_guard lock(mutex);
  for (const int socket : sockets) ::shutdown(socket, SHUT_RDWR);
}

bool TransferJob::begin(void* easy, Shared& shared) {
  const auto& options = shared.options;
  easy_ = easy;
  shared_ = &shared;
  set_option(CURLOPT_PRIVATE, this);
  set_option(CURLOPT_NOSIGNAL, 1L);
  set_option(CURLOPT_QUICK_EXIT,
             1L);  // otherwise an unresponsive name server blocks the thread
  set_option(CURLOPT_ERRORBUFFER, error_text_.data());
  set_option(CURLOPT_FOLLOWLOCATION, 0L);
  set_option(CURLOPT_PROXY, "");
  set_option(CURLOPT_NETRC, static_cast<long>(CURL_NETRC_IGNORED));
  set_option(CURLOPT_SSLVERSION, static_cast<long>(CURL_SSLVERSION_TLSv1_2));
  set_option(CURLOPT_SSL_VERIFYPEER, 1L);
  set_option(CURLOPT_SSL_VERIFYHOST, 2L);
  if (!options.ca_file.empty()) set_option(CURLOPT_CAINFO, options.ca_file.c_str());
  set_option(CURLOPT_CONNECTTIMEOUT_MS, in_milliseconds(options.connect_timeout));
  set_option(CURLOPT_TIMEOUT_MS, in_milliseconds(options.total_timeout));
  set_option(CURLOPT_WRITEFUNCTION, &Callbacks::body);
  set_option(CURLOPT_WRITEDATA, this);
  set_option(CURLOPT_HEADERFUNCTION, &Callbacks::header);
  set_option(CURLOPT_HEADERDATA, this);
  set_option(CURLOPT_OPENSOCKETFUNCTION, &Callbacks::open);
  set_option(CURLOPT_OPENSOCKETDATA, this);
  set_option(CURLOPT_CLOSESOCKETFUNCTION, &Callbacks::close);
  set_option(CURLOPT_CLOSESOCKETDATA,
             &shared);  // a connection outlives the job that opened it
  set_up();
  return complete_;
}

// The decisive check: independent of name and resolver, this is the address that the connection
// goes to.
int TransferJob::open_socket(const void* given) {
  const auto& address = *static_cast<const curl_sockaddr*>(given);
  const auto [ip, port] = address_of(address);
  if (auto allowed = check_address(ip, port); !allowed) {
    denied_ = std::move(allowed.error().message);
    return CURL_SOCKET_BAD;
  }
  opened_allowed_ = true;
  const int opened = ::socket(address.family, address.socktype | SOCK_CLOEXEC, address.protocol);
  if (opened < 0) return opened;
  // A connection that many share is given up when its octets are not acknowledged: the end of one
  // of its transfers does not close it.
  const auto lost_after = static_cast<unsigned>(in_milliseconds(shared_->options.total_timeout));
  ::setsockopt(opened, IPPROTO_TCP, TCP_USER_TIMEOUT, &lost_after, sizeof lost_after);
  const std::lock_guard lock(shared_->mutex);
  shared_->sockets.insert(opened);
  return opened;
}

Error TransferJob::failure(int curl_code) const {
  const auto code = static_cast<CURLcode>(curl_code);
  if (!denied_.empty() && !opened_allowed_) return {Code::noaccess, endpoint_ + ": " + denied_};
  const std::string_view detail = error_text().empty() ? curl_easy_strerror(code) : error_text();
  auto message = endpoint_ + ": " + printable(detail.substr(0, 200));
  if (code == CURLE_OPERATION_TIMEDOUT) return {Code::timeout, std::move(message)};
  if (code == CURLE_URL_MALFORMAT) return {Code::badparam, std::move(message)};
  // Also CURLE_UNSUPPORTED_PROTOCOL: the scheme is known to be good, so the reply was no HTTP.
  return {Code::commerror, std::move(message)};
}

}  // namespace sense
