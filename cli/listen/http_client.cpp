// SPDX-License-Identifier: Apache-2.0
#include "cli/listen/http_client.hpp"

#include <boost/asio/ip/tcp.hpp>
#include <boost/beast/core.hpp>
#include <boost/beast/http.hpp>
#include <chrono>
#include <memory>

namespace sense::cli {

namespace asio = boost::asio;
namespace beast = boost::beast;
namespace beast_http = beast::http;
using asio::ip::tcp;
using boost::system::error_code;

namespace {

constexpr auto deadline = std::chrono::seconds{5};
constexpr std::size_t reply_max = 1024 * 1024;  // octets

// Owns itself while an operation is under way.
class HttpCall : public std::enable_shared_from_this<HttpCall> {
 public:
  HttpCall(asio::io_context& io, beast_http::request<beast_http::string_body> request,
           std::function<void(HttpReply)> done)
      : resolver_(io), stream_(io), request_(std::move(request)), done_(std::move(done)) {
    parser_.body_limit(reply_max);
  }

  void start(const std::string& host, std::uint16_t port) {
    stream_.expires_after(deadline);
    resolver_.async_resolve(
        host, std::to_string(port),
        [self = shared_from_this()](error_code error, const tcp::resolver::results_type& found) {
          if (error) return self->fail(error);
          self->connect(found);
        });
  }

 private:
  void connect(const tcp::resolver::results_type& found) {
    stream_.async_connect(found,
                          [self = shared_from_this()](error_code error, const tcp::endpoint&) {
                            if (error) return self->fail(error);
                            self->write();
                          });
  }

  void write() {
    beast_http::async_write(stream_, request_,
                            [self = shared_from_this()](error_code error, std::size_t) {
                              if (error) return self->fail(error);
                              self->read();
                            });
  }

  void read() {
    beast_http::async_read(stream_, buffer_, parser_,
                           [self = shared_from_this()](error_code error, std::size_t) {
                             if (error) return self->fail(error);
                             auto& reply = self->parser_.get();
                             self->done_({reply.result_int(), std::move(reply.body()), {}});
                           });
  }

  void fail(error_code error) { done_({0, {}, error.message()}); }

  tcp::resolver resolver_;
  beast::tcp_stream stream_;
  beast::flat_buffer buffer_;
  beast_http::request<beast_http::string_body> request_;
  beast_http::response_parser<beast_http::string_body> parser_;
  std::function<void(HttpReply)> done_;
};

}  // namespace

void ask_http(asio::io_context& io, const Uri& server, const std::string& method,
              const std::string& path, std::string body, std::function<void(HttpReply)> done) {
  beast_http::request<beast_http::string_body> request;
  request.method_string(method);
  request.target(path);
  request.set(beast_http::field::host, server.authority());
  request.set(beast_http::field::content_type, "application/json");
  request.set(beast_http::field::connection, "close");
  request.body() = std::move(body);
  request.prepare_payload();
  std::make_shared<HttpCall>(io, std::move(request), std::move(done))
      ->start(server.host, server.port.value_or(80));
}

}  // namespace sense::cli
