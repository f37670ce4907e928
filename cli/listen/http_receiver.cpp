// SPDX-License-Identifier: Apache-2.0
#include "cli/listen/http_receiver.hpp"

#include <boost/beast/core.hpp>
#include <boost/beast/http.hpp>
#include <optional>
#include <sstream>

#include "cli/listen/http_event.hpp"
#include "core/base/uri.hpp"

namespace sense::cli {

namespace asio = boost::asio;
namespace beast = boost::beast;
namespace http = beast::http;
using asio::ip::tcp;
using boost::system::error_code;

namespace {

constexpr auto request_deadline = std::chrono::seconds{30};

using Request = http::request<http::string_body>;
using Response = http::response<http::string_body>;

Response answer(const Request& request, http::status status, std::string text = {}) {
  Response response(status, request.version());
  response.set(http::field::server, "sense listen");
  if (!text.empty()) response.set(http::field::content_type, "text/plain; charset=utf-8");
  response.body() = std::move(text);
  response.keep_alive(request.keep_alive());
  return response;
}

// Section 4.2: allows who asks, at the rate that it asked for.
Response agree(const Request& request) {
  const auto origin = request["WebHook-Request-Origin"];
  if (origin.empty()) return answer(request, http::status::no_content);
  auto response = answer(request, http::status::ok);
  const auto rate = request["WebHook-Request-Rate"];
  response.set("WebHook-Allowed-Origin", origin);
  response.set("WebHook-Allowed-Rate", rate.empty() ? beast::string_view("*") : rate);
  response.set(http::field::allow, "POST");
  return response;
}

}  // namespace

// One connection, from accept to close; holds itself for as long as an operation is under way.
class HttpConversation : public std::enable_shared_from_this<HttpConversation> {
 public:
  HttpConversation(HttpReceiver& receiver, tcp::socket socket)
      : receiver_(receiver), connections_(receiver.connections_), stream_(std::move(socket)) {
    ++*connections_;
  }
  ~HttpConversation() { --*connections_; }
  HttpConversation(const HttpConversation&) = delete;
  HttpConversation& operator=(const HttpConversation&) = delete;

  void read() {
    parser_.emplace();
    parser_->body_limit(HttpReceiver::body_max);
    stream_.expires_after(request_deadline);
    http::async_read(stream_, buffer_, *parser_,
                     [self = shared_from_this()](error_code error, std::size_t) {
                       if (!error) self->answer_request();
                     });
  }

 private:
  void answer_request() {
    response_ = respond(parser_->get());
    response_.prepare_payload();
    http::async_write(stream_, response_,
                      [self = shared_from_this()](error_code error, std::size_t) {
                        if (!error && !self->response_.need_eof()) self->read();
                      });
  }

  Response respond(const Request& request) {
    const auto target = request.target().substr(0, request.target().find('?'));
    if (target != receiver_.path_) return answer(request, http::status::not_found, "not here\n");
    if (request.method() == http::verb::options) return agree(request);
    if (request.method() != http::verb::post)
      return answer(request, http::status::method_not_allowed, "POST events here\n");
    const auto header = [&](std::string_view name) {
      return std::string(request[beast::string_view(name.data(), name.size())]);
    };
    auto arrival = arrival_of_http(header, request.body());
    if (!arrival) return answer(request, http::status::bad_request, arrival.error().message + "\n");
    arrival->callback = receiver_.callback();
    // Printed first, answered then: what was acknowledged has been seen.
    receiver_.on_event_(*arrival);
    return answer(request, http::status::no_content);
  }

  HttpReceiver& receiver_;
  std::shared_ptr<std::size_t> connections_;
  beast::tcp_stream stream_;
  beast::flat_buffer buffer_;
  std::optional<http::request_parser<http::string_body>> parser_;
  Response response_;
};

HttpReceiver::HttpReceiver(asio::io_context& io, std::string path, OnEvent on_event)
    : acceptor_(io), path_(std::move(path)), on_event_(std::move(on_event)) {}

Result<std::unique_ptr<HttpReceiver>> HttpReceiver::open(asio::io_context& io,
                                                         const std::string& uri, OnEvent on_event) {
  const auto parsed = parse_uri(uri);
  if (!parsed) return tl::unexpected(parsed.error());
  error_code error;
  const auto address = asio::ip::make_address(parsed->host, error);
  if (error || parsed->scheme != "http")
    return fail(Code::badparam, "'" + uri +
                                    "' is not http://ADDRESS:PORT/path with an address of this "
                                    "machine");
  auto receiver = std::make_unique<HttpReceiver>(io, parsed->path.empty() ? "/" : parsed->path,
                                                 std::move(on_event));
  const tcp::endpoint endpoint(address, parsed->port.value_or(0));
  auto& acceptor = receiver->acceptor_;
  acceptor.open(endpoint.protocol(), error);
  if (!error) acceptor.set_option(tcp::acceptor::reuse_address(true), error);
  if (!error) acceptor.bind(endpoint, error);
  if (!error) acceptor.listen(asio::socket_base::max_listen_connections, error);
  if (error)
    return fail(Code::addrnotavail, "cannot listen at " + uri + ": " + error.message() +
                                        "; choose another port, or 0 for any");
  return receiver;
}

std::string HttpReceiver::callback() const {
  error_code ignored;
  std::ostringstream text;
  text << "http://" << acceptor_.local_endpoint(ignored) << path_;
  return text.str();
}

void HttpReceiver::start() {
  acceptor_.async_accept([this](error_code error, tcp::socket socket) {
    if (error == asio::error::operation_aborted) return;
    // Over the bound the connection is closed at once: the sender tries again.
    if (!error && *connections_ < connections_max)
      std::make_shared<HttpConversation>(*this, std::move(socket))->read();
    start();
  });
}

}  // namespace sense::cli
