// SPDX-License-Identifier: Apache-2.0
#include "core/http/server.hpp"

#include <algorithm>
#include <array>
#include <boost/asio/ip/tcp.hpp>
#include <boost/asio/post.hpp>
#include <boost/asio/steady_timer.hpp>
#include <boost/beast/core.hpp>
#include <boost/beast/http.hpp>
#include <optional>
#include <unordered_set>

#include "core/base/log.hpp"
#include "core/base/text.hpp"
#include "core/http/problem.hpp"
#include "core/http/request_guard.hpp"

namespace sense::http {

namespace {

namespace asio = boost::asio;
namespace beast = boost::beast;
namespace bhttp = boost::beast::http;
using asio::ip::tcp;
using ErrorCode = boost::system::error_code;

constexpr auto write_timeout = std::chrono::seconds{30};
constexpr auto linger_timeout = std::chrono::seconds{2};
constexpr auto accept_pause = std::chrono::milliseconds{100};

Request take_request(bhttp::request<bhttp::string_body>& parsed) {
  Request request;
  request.method = std::string(parsed.method_string());
  request.target = std::string(parsed.target());
  for (const auto& field : parsed)
    request.headers.emplace_back(lower({field.name_string().data(), field.name_string().size()}),
                                 std::string(field.value()));
  request.body = std::move(parsed.body());
  return request;
}

template <class Fields>
std::vector<std::string_view> values_of(const Fields& fields, bhttp::field name) {
  std::vector<std::string_view> values;
  const auto [first, last] = fields.equal_range(name);
  for (auto it = first; it != last; ++it)
    values.emplace_back(it->value().data(), it->value().size());
  return values;
}

}  // namespace

class Server::Impl : public std::enable_shared_from_this<Server::Impl> {
 public:
  class Connection;

  Impl(asio::io_context& reactor, ServerOptions options, Counters& counters, Handler handler)
      : options_(std::move(options)),
        guard_({}, false),
        handler_(std::move(handler)),
        reactor_(reactor),
        acceptor_(reactor),
        pause_(reactor),
        requests_(counters["http.requests"]),
        refused_(counters["http.requests.refused"]),
        rejected_(counters["http.connections.turned-away"]),
        timed_out_(counters["http.requests.timed-out"]) {}

  [[nodiscard]] Status listen();
  void accept();
  void close();

  const ServerOptions options_;
  RequestGuard guard_;
  Handler handler_;
  asio::io_context& reactor_;
  tcp::acceptor acceptor_;
  asio::steady_timer pause_;
  std::unordered_set<Connection*> connections_;
  std::string address_;
  std::uint16_t port_ = 0;
  bool closed_ = false;
  Counters::Counter& requests_;
  Counters::Counter& refused_;
  Counters::Counter& rejected_;
  Counters::Counter& timed_out_;
};

// One client's connection. Lives as long as an operation or the handler's response is pending.
class Server::Impl::Connection : public std::enable_shared_from_this<Server::Impl::Connection> {
 public:
  Connection(std::shared_ptr<Impl> server, tcp::socket socket)
      : server_(std::move(server)),
        stream_(std::move(socket)),
        buffer_(server_->options_.header_max + 64 * 1024),
        response_timer_(server_->reactor_) {
    server_->connections_.insert(this);
    ErrorCode error;
    from_ = stream_.socket().remote_endpoint(error).address();
  }
  ~Connection() { server_->connections_.erase(this); }
  Connection(const Connection&) = delete;
  Connection& operator=(const Connection&) = delete;

  void read_header();
  void close() {
    response_timer_.cancel();
    stream_.close();
  }

 private:
  void on_header(ErrorCode error);
  [[nodiscard]] std::optional<Response> check_guard() const;
  void allow_body();
  void read_body();
  void on_body(ErrorCode error);
  void on_read_error(ErrorCode error);
  void handle();
  void respond(const Response& response, bool keep);
  void linger();
  void discard();

  std::shared_ptr<Impl> server_;
  beast::tcp_stream stream_;
  beast::flat_buffer buffer_;
  asio::ip::address from_;
  std::optional<bhttp::request_parser<bhttp::string_body>> parser_;
  std::optional<bhttp::response<bhttp::string_body>> response_;
  std::optional<bhttp::response<bhttp::empty_body>> continue_;
  asio::steady_timer response_timer_;
  std::uint64_t request_number_ = 0;  // tells a late response from the awaited one
  bool awaiting_ = false;
  std::array<char, 4096> discarded_{};
};

void Server::Impl::Connection::read_header() {
  if (server_->closed_) return;
  parser_.emplace();
  parser_->header_limit(static_cast<std::uint32_t>(server_->options_.header_max));
  parser_->body_limit(server_->options_.body_max);
  stream_.expires_after(server_->options_.header_timeout);
  bhttp::async_read_header(
      stream_, buffer_, *parser_,
      [self = shared_from_this()](ErrorCode error, std::size_t) { self->on_header(error); });
}

std::optional<Response> Server::Impl::Connection::check_guard() const {
  const auto& options = server_->options_;
  if (!options.guarded) return std::nullopt;
  const auto& request = parser_->get();
  const auto origins = values_of(request, bhttp::field::origin);
  const std::string_view target(request.target().data(), request.target().size());
  const bool permitted =
      request.method() == bhttp::verb::get && options.permitted && options.permitted(target);
  return server_->guard_.refusal(from_, values_of(request, bhttp::field::host),
                                 origins.empty() ? nullptr : &origins.front(), permitted);
}

void Server::Impl::Connection::on_header(ErrorCode error) {
  if (error) return on_read_error(error);
  ++server_->requests_;
  if (const auto refusal = check_guard()) return respond(*refusal, false);
  const auto& request = parser_->get();
  if (!request.target().starts_with('/'))
    return respond(problem(Error{Code::protoerror, "the request's target is not a path"}), false);
  const auto length = parser_->content_length();
  if (length && *length > server_->options_.body_max)
    return on_read_error(bhttp::error::body_limit);
  if (beast::iequals(request[bhttp::field::expect], "100-continue")) return allow_body();
  read_body();
}

void Server::Impl::Connection::allow_body() {
  continue_.emplace(bhttp::status::continue_, 11);
  stream_.expires_after(write_timeout);
  bhttp::async_write(stream_, *continue_,
                     [self = shared_from_this()](ErrorCode error, std::size_t) {
                       if (!error) self->read_body();
                     });
}

void Server::Impl::Connection::read_body() {
  if (parser_->is_done()) return handle();
  stream_.expires_after(server_->options_.body_timeout);
  bhttp::async_read(
      stream_, buffer_, *parser_,
      [self = shared_from_this()](ErrorCode error, std::size_t) { self->on_body(error); });
}

void Server::Impl::Connection::on_body(ErrorCode error) {
  if (error) return on_read_error(error);
  handle();
}

void Server::Impl::Connection::on_read_error(ErrorCode error) {
  if (error == beast::error::timeout) ++server_->timed_out_;
  const bool readable = error.category() == make_error_code(bhttp::error::bad_method).category() &&
                        error != bhttp::error::end_of_stream &&
                        error != bhttp::error::partial_message;
  if (!readable) {
    stream_.close();  // the client has closed, or its deadline has passed
    return;
  }
  if (error == bhttp::error::body_limit)
    return respond(problem(Error{Code::datatoobig, "the body has more than " +
                                                       std::to_string(server_->options_.body_max) +
                                                       " octets"}),
                   false);
  if (error == bhttp::error::header_limit || error == bhttp::error::buffer_overflow)
    return respond(problem(431, Error{Code::datatoobig,
                                      "the headers are too big; an event with "
                                      "large attributes fits in structured mode"}),
                   false);
  respond(problem(Error{Code::protoerror, "this is not an HTTP/1.1 request: " + error.message()}),
          false);
}

void Server::Impl::Connection::handle() {
  if (server_->closed_) return;
  const bool keep = parser_->get().keep_alive();
  const auto number = ++request_number_;
  awaiting_ = true;
  stream_.expires_never();
  response_timer_.expires_after(server_->options_.answer_timeout);
  response_timer_.async_wait([self = shared_from_this(), number](ErrorCode error) {
    if (error || !self->awaiting_ || self->request_number_ != number) return;
    ++self->server_->timed_out_;
    self->respond(problem(Error{Code::timeout,
                                "no answer within the time allowed; it is not known whether the "
                                "request took effect: send it again, an event with the same id"}),
                  false);
  });
  server_->handler_(take_request(parser_->get()),
                    [self = shared_from_this(), number, keep](const Response& given) {
                      if (!self->awaiting_ || self->request_number_ != number) return;
                      self->respond(given, keep);
                    });
}

void Server::Impl::Connection::respond(const Response& given, bool keep) {
  awaiting_ = false;
  response_timer_.cancel();
  if (server_->closed_) return;
  if (given.status >= 400) ++server_->refused_;
  response_.emplace(static_cast<bhttp::status>(given.status), 11);
  if (!given.content_type.empty()) response_->set(bhttp::field::content_type, given.content_type);
  if (const auto& name = server_->options_.server_name; !name.empty())
    response_->set(bhttp::field::server, name);
  response_->set(bhttp::field::cache_control, "no-store");
  response_->set("X-Content-Type-Options", "nosniff");
  for (const auto& [name, value] : given.headers) response_->set(name, value);
  const bool head_only = parser_ && parser_->get().method() == bhttp::verb::head;
  if (!head_only) response_->body() = given.body;
  response_->keep_alive(keep);
  response_->prepare_payload();
  stream_.expires_after(write_timeout);
  bhttp::async_write(stream_, *response_,
                     [self = shared_from_this(), keep](ErrorCode error, std::size_t) {
                       if (error) return;
                       if (keep)
                         self->read_header();
                       else
                         self->linger();
                     });
}

// Closing while the client still sends would reset the connection, and the client might lose the
// response.
void Server::Impl::Connection::linger() {
  ErrorCode error;
  stream_.socket().shutdown(tcp::socket::shutdown_send, error);
  stream_.expires_after(linger_timeout);
  discard();
}

void Server::Impl::Connection::discard() {
  stream_.async_read_some(asio::buffer(discarded_),
                          [self = shared_from_this()](ErrorCode error, std::size_t) {
                            if (!error) self->discard();
                          });
}

Status Server::Impl::listen() {
  auto endpoint = parse_listen(options_.listen);
  if (!endpoint) return tl::unexpected(endpoint.error());
  ErrorCode error;
  acceptor_.open(endpoint->protocol(), error);
  if (!error) acceptor_.set_option(tcp::acceptor::reuse_address(true), error);
  if (!error) acceptor_.bind(*endpoint, error);
  if (!error) acceptor_.listen(asio::socket_base::max_listen_connections, error);
  if (error)
    return fail(Code::addrnotavail,
                "cannot listen on " + options_.listen + ": " + error.message() +
                    "; choose another port, or stop the program that listens there");
  port_ = acceptor_.local_endpoint(error).port();
  const auto host = options_.listen.substr(0, options_.listen.rfind(':'));
  address_ = host + ":" + std::to_string(port_);
  auto hosts = options_.hosts;
  hosts.push_back(host);
  guard_ = RequestGuard(std::move(hosts), options_.allow_anonymous);
  return {};
}

void Server::Impl::accept() {
  acceptor_.async_accept([self = shared_from_this()](ErrorCode error, tcp::socket socket) {
    if (self->closed_) return;
    if (error) {
      // Most likely no file descriptor is left: trying at once would only cost processor time.
      self->pause_.expires_after(accept_pause);
      self->pause_.async_wait([self](ErrorCode cancelled) {
        if (!cancelled) self->accept();
      });
      return;
    }
    if (self->connections_.size() >= self->options_.connections_max)
      ++self->rejected_;
    else
      std::make_shared<Connection>(self, std::move(socket))->read_header();
    self->accept();
  });
}

void Server::Impl::close() {
  if (closed_) return;
  closed_ = true;
  ErrorCode error;
  acceptor_.close(error);
  pause_.cancel();
  const std::vector<Connection*> open(connections_.begin(), connections_.end());
  for (auto* connection : open) connection->close();
}

Server::Server(std::shared_ptr<Impl> impl) : impl_(std::move(impl)) {}
Server::~Server() { impl_->close(); }

Result<std::unique_ptr<Server>> Server::open(asio::io_context& reactor, ServerOptions options,
                                             Counters& counters, Handler handler) {
  auto impl = std::make_shared<Impl>(reactor, std::move(options), counters, std::move(handler));
  if (auto listening = impl->listen(); !listening) return tl::unexpected(listening.error());
  impl->accept();
  return std::unique_ptr<Server>(new Server(std::move(impl)));
}

const std::string& Server::address() const { return impl_->address_; }
std::uint16_t Server::port() const { return impl_->port_; }
void Server::close() { impl_->close(); }

}  // namespace sense::http
