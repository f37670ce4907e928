// SPDX-License-Identifier: Apache-2.0
#include "core/egress/transfer_job.hpp"

#include <curl/curl.h>
#include <netinet/in.h>
#include <sys/socket.h>
#include <unistd.h>

#include <algorithm>
#include <boost/asio/ip/address.hpp>
#include <cstddef>
#include <cstring>
#include <utility>

#include "core/base/text.hpp"
#include "core/base/uri.hpp"

namespace sense {

namespace {

constexpr std::size_t header_kept_max = 1024;
constexpr std::size_t refusal_kept_max = 1024;

bool has_control(std::string_view text) {
  return std::any_of(text.begin(), text.end(), [](char c) {
    return (static_cast<unsigned char>(c) < ' ' && c != '\t') || c == 0x7f;
  });
}

bool bad_mailbox(std::string_view text) {
  return text.empty() || has_control(text) || text.find_first_of("<> \t") != std::string_view::npos;
}

std::uint16_t default_port(std::string_view scheme) {
  if (scheme == "https") return 443;
  if (scheme == "http") return 80;
  return scheme == "smtps" ? 465 : 25;
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

Status check_http(const HttpRequest& request) {
  for (const auto& [name, value] : request.headers)
    if (name.empty() || name.find_first_of(": \t") != std::string::npos || has_control(name) ||
        has_control(value))
      return fail(Code::badparam, "a request header has a character that headers may not have: " +
                                      printable(name.substr(0, 100)));
  if (has_control(request.pinned_address) || request.pinned_address.find(',') != std::string::npos)
    return fail(Code::badparam, "the pinned address is not an address");
  return {};
}

Status check_mail(const MailRequest& request) {
  if (bad_mailbox(request.sender) || bad_mailbox(request.recipient))
    return fail(Code::badparam,
                "a mail address is empty or has a space, an angle bracket or a "
                "control character");
  if (!request.hello.empty() && bad_mailbox(request.hello))
    return fail(Code::badparam, "the name for EHLO has a character that host names may not have");
  return {};
}

boost::asio::ip::address address_of(const curl_sockaddr& given) {
  using namespace boost::asio::ip;
  if (given.family == AF_INET && given.addrlen >= sizeof(sockaddr_in)) {
    sockaddr_in in{};
    std::memcpy(&in, &given.addr, sizeof in);
    return address_v4(ntohl(in.sin_addr.s_addr));
  }
  if (given.family != AF_INET6 || given.addrlen < sizeof(sockaddr_in6))
    return address_v6();  // unspecified, which no policy allows
  sockaddr_in6 in{};
  // libcurl's struct declares a sockaddr; the actual length is addrlen.
  const auto* start = reinterpret_cast<const char*>(&given) + offsetof(curl_sockaddr, addr);
  std::memcpy(&in, start, sizeof in);
  address_v6::bytes_type bytes{};
  std::memcpy(bytes.data(), &in.sin6_addr, bytes.size());
  return address_v6(bytes);
}

template <class T>
void set(void* easy, CURLoption option, T value) {
  // All options are known to the libcurl that is linked; a failure can only be a lack of memory,
  // and then the transfer fails.
  (void)curl_easy_setopt(static_cast<CURL*>(easy), option, value);
}

long milliseconds(Duration duration) {
  return static_cast<long>(std::chrono::duration_cast<std::chrono::milliseconds>(duration).count());
}

curl_slist* list(void* pointer) { return static_cast<curl_slist*>(pointer); }

}  // namespace

const std::string* TransferReply::header(std::string_view name) const {
  for (const auto& [key, value] : headers)
    if (key == name) return &value;
  return nullptr;
}

struct TransferJob::Callbacks {
  static TransferJob& job(void* self) { return *static_cast<TransferJob*>(self); }

  static std::size_t body(char* data, std::size_t size, std::size_t count, void* self) {
    auto& reply = job(self).reply_;
    const auto octets = size * count;
    const auto room = job(self).shared_->options.body_max - reply.body.size();
    reply.body.append(data, std::min(octets, room));
    if (octets <= room) return octets;
    job(self).body_full_ = true;  // the bound is reached; further data ends the transfer
    return 0;
  }
  static std::size_t header(char* data, std::size_t size, std::size_t count, void* self) {
    job(self).on_header({data, size * count});
    return size * count;
  }
  static std::size_t message(char* data, std::size_t size, std::size_t count, void* self) {
    const auto& text = std::get<MailRequest>(job(self).request_).message;
    const auto octets = std::min(size * count, text.size() - job(self).sent_);
    std::memcpy(data, text.data() + job(self).sent_, octets);
    job(self).sent_ += octets;
    return octets;
  }
  // A persistent connection may fail after a part of the message was sent.
  static int rewind(void* self, curl_off_t offset, int origin) {
    if (origin != SEEK_SET || offset < 0) return CURL_SEEKFUNC_FAIL;
    job(self).sent_ = static_cast<std::size_t>(offset);
    return CURL_SEEKFUNC_OK;
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

TransferJob::~TransferJob() {
  curl_slist_free_all(list(headers_));
  curl_slist_free_all(list(resolve_));
  curl_slist_free_all(list(recipients_));
}

Status TransferJob::check() {
  const auto* http = std::get_if<HttpRequest>(&request_);
  const auto* mail = std::get_if<MailRequest>(&request_);
  if (auto good = http ? check_http(*http) : check_mail(*mail); !good) return good;
  auto endpoint =
      http ? endpoint_of(http->url, "http", "https") : endpoint_of(mail->relay, "smtp", "smtps");
  if (!endpoint) return tl::unexpected(endpoint.error());
  endpoint_ = std::move(*endpoint);
  return {};
}

std::size_t TransferJob::octets() const {
  constexpr std::size_t overhead = 1024;
  if (const auto* mail = std::get_if<MailRequest>(&request_))
    return overhead + mail->message.size();
  const auto& http = std::get<HttpRequest>(request_);
  std::size_t size = overhead + http.url.size() + http.body.size();
  for (const auto& [name, value] : http.headers) size += name.size() + value.size() + 64;
  return size;
}

void TransferJob::begin(void* easy, Shared& shared) {
  const auto& options = shared.options;
  easy_ = easy;
  shared_ = &shared;
  set(easy, CURLOPT_PRIVATE, this);
  set(easy, CURLOPT_NOSIGNAL, 1L);
  set(easy, CURLOPT_QUICK_EXIT, 1L);  // otherwise an unresponsive name server blocks the thread
  set(easy, CURLOPT_ERRORBUFFER, error_text_.data());
  set(easy, CURLOPT_FOLLOWLOCATION, 0L);
  set(easy, CURLOPT_PROXY, "");
  set(easy, CURLOPT_NETRC, static_cast<long>(CURL_NETRC_IGNORED));
  set(easy, CURLOPT_SSLVERSION, static_cast<long>(CURL_SSLVERSION_TLSv1_2));
  set(easy, CURLOPT_SSL_VERIFYPEER, 1L);
  set(easy, CURLOPT_SSL_VERIFYHOST, 2L);
  if (!options.ca_file.empty()) set(easy, CURLOPT_CAINFO, options.ca_file.c_str());
  set(easy, CURLOPT_CONNECTTIMEOUT_MS, milliseconds(options.connect_timeout));
  set(easy, CURLOPT_TIMEOUT_MS, milliseconds(options.total_timeout));
  set(easy, CURLOPT_WRITEFUNCTION, &Callbacks::body);
  set(easy, CURLOPT_WRITEDATA, this);
  set(easy, CURLOPT_HEADERFUNCTION, &Callbacks::header);
  set(easy, CURLOPT_HEADERDATA, this);
  set(easy, CURLOPT_OPENSOCKETFUNCTION, &Callbacks::open);
  set(easy, CURLOPT_OPENSOCKETDATA, this);
  set(easy, CURLOPT_CLOSESOCKETFUNCTION, &Callbacks::close);
  set(easy, CURLOPT_CLOSESOCKETDATA, &shared);  // a connection outlives the job that opened it
  if (const auto* http = std::get_if<HttpRequest>(&request_))
    begin_http(*http);
  else
    begin_mail(std::get<MailRequest>(request_));
}

void TransferJob::add_header(const std::string& line) {
  if (auto* longer = curl_slist_append(list(headers_), line.c_str())) headers_ = longer;
}

void TransferJob::begin_http(const HttpRequest& request) {
  set(easy_, CURLOPT_PROTOCOLS_STR, "http,https");
  set(easy_, CURLOPT_HTTP_VERSION, static_cast<long>(CURL_HTTP_VERSION_1_1));
  set(easy_, CURLOPT_URL, request.url.c_str());
  set(easy_, CURLOPT_PATH_AS_IS, 1L);
  set(easy_, CURLOPT_USERAGENT, "sense");
  bool content_type = false;
  for (const auto& [name, value] : request.headers) {
    content_type = content_type || lower(name) == "content-type";
    // libcurl's notation for a header without a value is "Name;".
    add_header(value.empty() ? name + ";" : name + ": " + value);
  }
  add_header("Expect:");
  if (request.method == HttpRequest::Method::post) {
    if (!content_type) add_header("Content-Type:");  // otherwise libcurl sends that of a form
    set(easy_, CURLOPT_POST, 1L);
    set(easy_, CURLOPT_POSTFIELDSIZE_LARGE, static_cast<curl_off_t>(request.body.size()));
    set(easy_, CURLOPT_POSTFIELDS, request.body.c_str());
  } else {
    set(easy_, CURLOPT_HTTPGET, 1L);
    set(easy_, CURLOPT_CUSTOMREQUEST, "OPTIONS");
  }
  set(easy_, CURLOPT_HTTPHEADER, list(headers_));
  if (request.pinned_address.empty()) return;
  const auto uri = parse_uri(endpoint_);
  const auto entry =
      "+" + uri->host + ":" + std::to_string(*uri->port) + ":" + request.pinned_address;
  resolve_ = curl_slist_append(nullptr, entry.c_str());
  set(easy_, CURLOPT_RESOLVE, list(resolve_));
}

void TransferJob::begin_mail(const MailRequest& request) {
  set(easy_, CURLOPT_PROTOCOLS_STR, "smtp,smtps");
  const auto url = endpoint_ + "/" + request.hello;
  set(easy_, CURLOPT_URL, url.c_str());
  const auto tls = request.tls == MailRequest::Tls::never          ? CURLUSESSL_NONE
                   : request.tls == MailRequest::Tls::when_offered ? CURLUSESSL_TRY
                                                                   : CURLUSESSL_ALL;
  set(easy_, CURLOPT_USE_SSL, static_cast<long>(tls));
  const auto sender = "<" + request.sender + ">";
  const auto recipient = "<" + request.recipient + ">";
  set(easy_, CURLOPT_MAIL_FROM, sender.c_str());
  recipients_ = curl_slist_append(nullptr, recipient.c_str());
  set(easy_, CURLOPT_MAIL_RCPT, list(recipients_));
  set(easy_, CURLOPT_UPLOAD, 1L);
  set(easy_, CURLOPT_READFUNCTION, &Callbacks::message);
  set(easy_, CURLOPT_READDATA, this);
  set(easy_, CURLOPT_SEEKFUNCTION, &Callbacks::rewind);
  set(easy_, CURLOPT_SEEKDATA, this);
  set(easy_, CURLOPT_INFILESIZE_LARGE, static_cast<curl_off_t>(request.message.size()));
  // The bound of libcurl's blocking wait for the replies to the message and to QUIT.
  set(easy_, CURLOPT_SERVER_RESPONSE_TIMEOUT,
      std::max(1L, milliseconds(shared_->options.total_timeout) / 1000));
}

void TransferJob::on_header(std::string_view line) {
  while (!line.empty() && (line.back() == '\r' || line.back() == '\n')) line.remove_suffix(1);
  if (std::holds_alternative<MailRequest>(request_)) return on_mail_line(line);
  if (line.starts_with("HTTP/")) reply_.headers.clear();  // after a 100 Continue
  const auto colon = line.find(':');
  if (colon == std::string_view::npos) return;
  const auto name = lower(line.substr(0, colon));
  const auto& keep = shared_->options.keep_headers;
  if (std::find(keep.begin(), keep.end(), name) == keep.end() || reply_.header(name)) return;
  reply_.headers.emplace_back(name, trim(line.substr(colon + 1)).substr(0, header_kept_max));
}

void TransferJob::on_mail_line(std::string_view line) {
  if (line.starts_with("220")) message_asked_ = false;  // libcurl has connected anew
  // What follows is the reply to the message, and an earlier refusal (of EHLO) is history.
  if (line.starts_with("354")) {
    message_asked_ = true;
    reply_ = {};
  }
  const bool refusal = line.size() >= 3 && (line[0] == '4' || line[0] == '5');
  const bool more = std::exchange(refusal_continues_, refusal && line.substr(3, 1) == "-");
  // The last refusal counts: libcurl continued after earlier ones (of EHLO or STARTTLS).
  if (!refusal) return;
  if (!more) reply_.body.clear();
  reply_.status = parse_integer<unsigned>(line.substr(0, 3)).value_or(0);
  const auto room = refusal_kept_max - reply_.body.size();
  reply_.body += ((more ? "\n" : "") + std::string(line)).substr(0, room);
}

// By what libcurl says of the command; it says nothing of the reply to a whole message.
TransferReply::MailStep TransferJob::refused_step() const {
  using Step = TransferReply::MailStep;
  const std::string_view error(error_text_.data());
  if (error.starts_with("MAIL failed")) return Step::sender;
  if (error.starts_with("RCPT failed")) return Step::recipient;
  return message_asked_ ? Step::message : Step::session;
}

// The decisive check: independent of name and resolver, this is the address that the connection
// goes to.
int TransferJob::open_socket(const void* given) {
  const auto& address = *static_cast<const curl_sockaddr*>(given);
  if (std::holds_alternative<HttpRequest>(request_)) {
    if (auto allowed = shared_->policy.check(address_of(address)); !allowed) {
      denied_ = std::move(allowed.error().message);
      return CURL_SOCKET_BAD;
    }
  }
  opened_allowed_ = true;
  const int opened = ::socket(address.family, address.socktype | SOCK_CLOEXEC, address.protocol);
  if (opened < 0) return opened;
  const std::lock_guard lock(shared_->mutex);
  shared_->sockets.insert(opened);
  return opened;
}

Error TransferJob::failure(int curl_code) const {
  const auto code = static_cast<CURLcode>(curl_code);
  if (!denied_.empty() && !opened_allowed_) return {Code::noaccess, endpoint_ + ": " + denied_};
  const std::string_view detail =
      error_text_[0] != 0 ? error_text_.data() : curl_easy_strerror(code);
  auto message = endpoint_ + ": " + printable(detail.substr(0, 200));
  if (code == CURLE_OPERATION_TIMEDOUT) return {Code::timeout, std::move(message)};
  if (code == CURLE_URL_MALFORMAT || code == CURLE_UNSUPPORTED_PROTOCOL)
    return {Code::badparam, std::move(message)};
  return {Code::commerror, std::move(message)};
}

Result<TransferReply> TransferJob::result(int curl_code, bool& answered) {
  const bool mail = std::holds_alternative<MailRequest>(request_);
  if (!mail) {
    long status = 0;
    curl_easy_getinfo(static_cast<CURL*>(easy_), CURLINFO_RESPONSE_CODE, &status);
    reply_.status = static_cast<unsigned>(status);
  } else if (curl_code == CURLE_OK) {
    reply_ = {};
    reply_.status = 250;
  } else {
    reply_.refused = refused_step();
  }
  answered = reply_.status != 0 && (mail || curl_code == CURLE_OK || body_full_);
  if (answered) return std::move(reply_);
  return tl::unexpected(failure(curl_code));
}

}  // namespace sense
