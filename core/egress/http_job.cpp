// SPDX-License-Identifier: Apache-2.0
#include <algorithm>

#include "core/base/text.hpp"
#include "core/base/uri.hpp"
#include "core/egress/easy_option.hpp"
#include "core/egress/transfer_job.hpp"

namespace sense {

namespace {

constexpr std::size_t header_kept_max = 1024;

// The status in a line such as "HTTP/1.1 200 OK"; 0 when it has none.
unsigned status_in(std::string_view line) {
  const auto text = line.substr(std::min(line.find(' '), line.size()));
  return text.size() < 4 ? 0 : parse_integer<unsigned>(text.substr(1, 3)).value_or(0);
}

// The reply's status line and headers decide (RFC 9110 section 15). Once they have been read, the
// body cannot change the result: it may be too big, cut off, malformed, too slow or endless.
class HttpJob final : public TransferJob {
 public:
  HttpJob(HttpRequest request, Transfer::Done done)
      : TransferJob(std::move(done)), request_(std::move(request)) {}

  [[nodiscard]] Status check() override;
  [[nodiscard]] std::size_t octets() const override;
  [[nodiscard]] std::optional<MonoTime> enough_at() const override {
    if (!head_read_at_ || request_.body_decides) return std::nullopt;
    return *head_read_at_ + shared().options.body_timeout;
  }
  [[nodiscard]] Result<TransferReply> result(int curl_code, bool& answered) override;

 private:
  void set_up() override;
  [[nodiscard]] bool take_body(std::string_view octets) override;
  [[nodiscard]] bool take_line(std::string_view line) override;
  // Through a proxy it is the proxy's, which the operator vouches for.
  [[nodiscard]] Status check_address(const boost::asio::ip::address& address,
                                     std::uint16_t port) const override {
    return shared().options.proxy.empty() ? shared().policy.check_http(address, port)
                                          : check_target();
  }
  [[nodiscard]] Status check_target() const;
  void set_tls_of_endpoint();
  void pin_address();

  const HttpRequest request_;
  List headers_;
  List resolve_;
  std::optional<MonoTime> head_read_at_;  // of the final reply
  TransferReply reply_;
};

Status HttpJob::check() {
  for (const auto& [name, value] : request_.headers)
    if (name.empty() || name.find_first_of(": \t") != std::string::npos || has_control(name) ||
        has_control(value))
      return fail(Code::badparam, "a request header has a character that headers may not have: " +
                                      printable(name.substr(0, 100)));
  const auto& pinned = request_.pinned_address;
  if (has_control(pinned) || pinned.find(',') != std::string::npos)
    return fail(Code::badparam, "the pinned address is not an address");
  auto endpoint = endpoint_of(request_.url, "http", "https");
  if (!endpoint) return tl::unexpected(endpoint.error());
  endpoint_ = std::move(*endpoint);
  return {};
}

std::size_t HttpJob::octets() const {
  constexpr std::size_t overhead = 1024;
  std::size_t size = overhead + request_.url.size() + request_.body.size();
  for (const auto& [name, value] : request_.headers) size += name.size() + value.size() + 64;
  return size;
}

void HttpJob::set_up() {
  set_option(CURLOPT_PROTOCOLS_STR, "http,https");
  // Over TLS, where the other side speaks it.
  set_option(CURLOPT_HTTP_VERSION, static_cast<long>(CURL_HTTP_VERSION_2TLS));
  set_tls_of_endpoint();
  if (const auto& proxy = shared().options.proxy; !proxy.empty()) {
    set_option(CURLOPT_PROXY, proxy.c_str());
    set_option(CURLOPT_NOPROXY, "");
    // For http, too: an answer is then the callback's, never the proxy's.
    set_option(CURLOPT_HTTPPROXYTUNNEL, 1L);
    set_option(CURLOPT_SUPPRESS_CONNECT_HEADERS, 1L);
  }
  set_option(CURLOPT_URL, request_.url.c_str());
  set_option(CURLOPT_PATH_AS_IS, 1L);
  set_option(CURLOPT_USERAGENT, "sense");
  bool content_type = false;
  for (const auto& [name, value] : request_.headers) {
    content_type = content_type || lower(name) == "content-type";
    // libcurl's notation for a header without a value is "Name;".
    append(headers_, value.empty() ? name + ";" : name + ": " + value);
  }
  append(headers_, "Expect:");
  if (request_.method == HttpRequest::Method::post) {
    // Otherwise libcurl sends that of a form.
    if (!content_type) append(headers_, "Content-Type:");
    set_option(CURLOPT_POST, 1L);
    set_option(CURLOPT_POSTFIELDSIZE_LARGE, static_cast<curl_off_t>(request_.body.size()));
    set_option(CURLOPT_POSTFIELDS, request_.body.c_str());
  } else {
    set_option(CURLOPT_HTTPGET, 1L);
    if (request_.method == HttpRequest::Method::options)
      set_option(CURLOPT_CUSTOMREQUEST, "OPTIONS");
  }
  set_option(CURLOPT_HTTPHEADER, headers_.get());
  if (!request_.pinned_address.empty()) pin_address();
}

void HttpJob::set_tls_of_endpoint() {
  const auto& options = shared().options;
  if (options.endpoints.empty()) return;
  const auto uri = parse_uri(endpoint_);
  complete_ &= uri.has_value();
  if (!uri) return;
  const auto* tls = endpoint_tls_of(options.endpoints, uri->host);
  if (tls == nullptr) return;
  if (!tls->ca_file.empty()) set_option(CURLOPT_CAINFO, tls->ca_file.c_str());
  if (tls->certificate.empty()) return;
  set_option(CURLOPT_SSLCERT, tls->certificate.c_str());
  set_option(CURLOPT_SSLKEY, tls->key.c_str());
}

Status HttpJob::check_target() const {
  const auto uri = parse_uri(endpoint_);
  if (!uri) return tl::unexpected(uri.error());
  return shared().policy.check_http_host(uri->host, *uri->port);
}

void HttpJob::pin_address() {
  const auto uri = parse_uri(endpoint_);
  complete_ &= uri.has_value();
  if (!uri) return;
  append(resolve_,
         "+" + uri->host + ":" + std::to_string(*uri->port) + ":" + request_.pinned_address);
  set_option(CURLOPT_RESOLVE, resolve_.get());
}

bool HttpJob::take_body(std::string_view octets) {
  const auto room = shared().options.body_max - reply_.body.size();
  reply_.body.append(octets.substr(0, room));
  return octets.size() <= room;
}

bool HttpJob::take_line(std::string_view line) {
  if (head_read_at_) return true;  // a trailer field
  line = line.substr(0, line.find_first_of("\r\n"));
  if (line.starts_with("HTTP/")) {
    // An interim reply (100, 103) may have come before: its headers are not the final one's.
    reply_.headers.clear();
    reply_.status = status_in(line);
    return true;
  }
  if (line.empty()) {
    if (reply_.status >= 200) head_read_at_ = mono_now();
    return true;
  }
  const auto colon = line.find(':');
  if (colon == std::string_view::npos) return true;
  const auto name = lower(line.substr(0, colon));
  const auto& keep = shared().options.keep_headers;
  if (std::find(keep.begin(), keep.end(), name) != keep.end() && !reply_.header(name))
    reply_.headers.emplace_back(name, trim(line.substr(colon + 1)).substr(0, header_kept_max));
  return true;
}

Result<TransferReply> HttpJob::result(int curl_code, bool& answered) {
  // libcurl ends a transfer at a header about the body that it cannot read (Content-Length,
  // Transfer-Encoding), before the end of the head.
  const bool bad_framing = curl_code == CURLE_WEIRD_SERVER_REPLY ||
                           curl_code == CURLE_BAD_CONTENT_ENCODING ||
                           curl_code == CURLE_FILESIZE_EXCEEDED;
  answered = head_read_at_ || curl_code == CURLE_OK || (bad_framing && reply_.status >= 200);
  if (!answered) return tl::unexpected(failure(curl_code));
  reply_.body_ended = curl_code == CURLE_OK;
  return std::move(reply_);
}

}  // namespace

std::unique_ptr<TransferJob> make_http_job(HttpRequest request, Transfer::Done done) {
  return std::make_unique<HttpJob>(std::move(request), std::move(done));
}

}  // namespace sense
