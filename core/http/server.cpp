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

Call take_call(bhttp::request<bhttp::string_body>& request) {
  Call call;
  call.method = std::string(request.method_string());
  call.target = std::string(request.target());
  for (const auto& field : request)
    call.headers.emplace_back(lower({field.name_string().data(), field.name_string().size()}),
                              std::string(field.value()));
  call.body = std::move(request.body());
  return call;
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

class FrontDoor::Impl : public std::enable_shared_from_this<FrontDoor::Impl> {
 public:
  class Connection;

  Impl(asio::io_context& reactor, FrontDoorOptions options, Counters& counters, Handler handler)
      : options_(std::move(options)),
        admission_({}, false),
        handler_(std::move(handler)),
        reactor_(reactor),
        acceptor_(reactor),
        pause_(reactor),
        requests_(counters["http.requests"]),
        refused_(counters["http.requests.refused"]),
        turned_away_(counters["http.connections.turned-away"]),
        timed_out_(counters["http.requests.timed-out"]) {}

  [[nodiscard]] Status listen();
  void accept();
  void close();

  const FrontDoorOptions options_;
  Admission admission_;
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
  Counters::Counter& turned_away_;
  Counters::Counter& timed_out_;
};

// One client. Lives as long as an operation or the handler's answer is under way.
class FrontDoor::Impl::Connection
    : public std::enable_shared_from_this<FrontDoor::Impl::Connection> {
 public:
  Connection(std::shared_ptr<Impl> door, tcp::socket socket)
      : door_(std::move(door)),
        stream_(std::move(socket)),
        buffer_(door_->options_.header_max + 64 * 1024),
        answer_timer_(door_->reactor_) {
    door_->connections_.insert(this);
    ErrorCode error;
    from_ = stream_.socket().remote_endpoint(error).address();
  }
  ~Connection() { door_->connections_.erase(this); }
  Connection(const Connection&) = delete;
  Connection& operator=(const Connection&) = delete;

  void read_header();
  void cut() {
    answer_timer_.cancel();
    stream_.close();
  }

 private:
  void on_header(ErrorCode error);
  void allow_body();
  void read_body();
  void on_body(ErrorCode error);
  void on_read_error(ErrorCode error);
  void handle();
  void answer(const Answer& answer, bool keep);
  void linger();
  void discard();

  std::shared_ptr<Impl> door_;
  beast::tcp_stream stream_;
  beast::flat_buffer buffer_;
  asio::ip::address from_;
  std::optional<bhttp::request_parser<bhttp::string_body>> parser_;
  std::optional<bhttp::response<bhttp::string_body>> response_;
  std::optional<bhttp::response<bhttp::empty_body>> go_on_;
  asio::steady_timer answer_timer_;
  std::uint64_t request_number_ = 0;  // tells a late answer from the one that is awaited
  bool awaiting_ = false;
  std::array<char, 4096> discarded_{};
};

void FrontDoor::Impl::Connection::read_header() {
  if (door_->closed_) return;
  parser_.emplace();
  parser_->header_limit(static_cast<std::uint32_t>(door_->options_.header_max));
  parser_->body_limit(door_->options_.body_max);
  stream_.expires_after(door_->options_.header_timeout);
  bhttp::async_read_header(
      stream_, buffer_, *parser_,
      [self = shared_from_this()](ErrorCode error, std::size_t) { self->on_header(error); });
}

void FrontDoor::Impl::Connection::on_header(ErrorCode error) {
  if (error) return on_read_error(error);
  ++door_->requests_;
  const auto& request = parser_->get();
  const auto origins = values_of(request, bhttp::field::origin);
  const std::string_view target(request.target().data(), request.target().size());
  const bool permitted = request.method() == bhttp::verb::get && door_->options_.permitted &&
                         door_->options_.permitted(target);
  const auto refusal =
      door_->admission_.refusal(from_, values_of(request, bhttp::field::host),
                                origins.empty() ? nullptr : &origins.front(), permitted);
  if (refusal) return answer(*refusal, false);
  if (!request.target().starts_with('/'))
    return answer(problem(Error{Code::protoerror, "the request's target is not a path"}), false);
  const auto length = parser_->content_length();
  if (length && *length > door_->options_.body_max) return on_read_error(bhttp::error::body_limit);
  if (beast::iequals(request[bhttp::field::expect], "100-continue")) return allow_body();
  read_body();
}

void FrontDoor::Impl::Connection::allow_body() {
  go_on_.emplace(bhttp::status::continue_, 11);
  stream_.expires_after(write_timeout);
  bhttp::async_write(stream_, *go_on_, [self = shared_from_this()](ErrorCode error, std::size_t) {
    if (!error) self->read_body();
  });
}

void FrontDoor::Impl::Connection::read_body() {
  if (parser_->is_done()) return handle();
  stream_.expires_after(door_->options_.body_timeout);
  bhttp::async_read(
      stream_, buffer_, *parser_,
      [self = shared_from_this()](ErrorCode error, std::size_t) { self->on_body(error); });
}

void FrontDoor::Impl::Connection::on_body(ErrorCode error) {
  if (error) return on_read_error(error);
  handle();
}

void FrontDoor::Impl::Connection::on_read_error(ErrorCode error) {
  if (error == beast::error::timeout) ++door_->timed_out_;
  const bool readable = error.category() == make_error_code(bhttp::error::bad_method).category() &&
                        error != bhttp::error::end_of_stream &&
                        error != bhttp::error::partial_message;
  if (!readable) {
    stream_.close();  // the client is gone, or was too slow
    return;
  }
  if (error == bhttp::error::body_limit)
    return answer(
        problem(Error{Code::datatoobig, "the body has more than " +
                                            std::to_string(door_->options_.body_max) + " octets"}),
        false);
  if (error == bhttp::error::header_limit || error == bhttp::error::buffer_overflow)
    return answer(problem(431, Error{Code::datatoobig,
                                     "the headers are too big; an event with "
                                     "large attributes fits in structured mode"}),
                  false);
  answer(problem(Error{Code::protoerror, "this is not an HTTP/1.1 request: " + error.message()}),
         false);
}

void FrontDoor::Impl::Connection::handle() {
  if (door_->closed_) return;
  const bool keep = parser_->get().keep_alive();
  const auto number = ++request_number_;
  awaiting_ = true;
  stream_.expires_never();
  answer_timer_.expires_after(door_->options_.answer_timeout);
  answer_timer_.async_wait([self = shared_from_this(), number](ErrorCode error) {
    if (error || !self->awaiting_ || self->request_number_ != number) return;
    ++self->door_->timed_out_;
    self->answer(problem(Error{Code::timeout,
                               "no answer within the time allowed; it is not known whether the "
                               "request took effect: send it again, an event with the same id"}),
                 false);
  });
  door_->handler_(take_call(parser_->get()),
                  [self = shared_from_this(), number, keep](const Answer& given) {
                    if (!self->awaiting_ || self->request_number_ != number) return;
                    self->answer(given, keep);
                  });
}

void FrontDoor::Impl::Connection::answer(const Answer& given, bool keep) {
  awaiting_ = false;
  answer_timer_.cancel();
  if (door_->closed_) return;
  if (given.status >= 400) ++door_->refused_;
  response_.emplace(static_cast<bhttp::status>(given.status), 11);
  response_->set(bhttp::field::content_type, given.content_type);
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

// Closing while the client still sends would reset the connection and might take the answer with
// it.
void FrontDoor::Impl::Connection::linger() {
  ErrorCode error;
  stream_.socket().shutdown(tcp::socket::shutdown_send, error);
  stream_.expires_after(linger_timeout);
  discard();
}

void FrontDoor::Impl::Connection::discard() {
  stream_.async_read_some(asio::buffer(discarded_),
                          [self = shared_from_this()](ErrorCode error, std::size_t) {
                            if (!error) self->discard();
                          });
}

Status FrontDoor::Impl::listen() {
  auto endpoint = parse_listen(options_.listen);
  if (!endpoint) return tl::unexpected(endpoint.error());
  ErrorCode error;
  acceptor_.open(endpoint->protocol(), error);
  if (!error) acceptor_.set_option(tcp::acceptor::reuse_address(true), error);
  if (!error) acceptor_.bind(*endpoint, error);
  if (!error) acceptor_.listen(asio::socket_base::max_listen_connections, error);
  if (error)
    return fail(Code::addrnotavail, "listen: cannot listen on " + options_.listen + ": " +
                                        error.message() + "; is another program there?");
  port_ = acceptor_.local_endpoint(error).port();
  const auto host = options_.listen.substr(0, options_.listen.rfind(':'));
  address_ = host + ":" + std::to_string(port_);
  auto hosts = options_.hosts;
  hosts.push_back(host);
  admission_ = Admission(std::move(hosts), options_.allow_anonymous);
  return {};
}

void FrontDoor::Impl::accept() {
  acceptor_.async_accept([self = shared_from_this()](ErrorCode error, tcp::socket socket) {
    if (self->closed_) return;
    if (error) {
      // No file left to open, most likely: trying at once would only burn the processor.
      self->pause_.expires_after(accept_pause);
      self->pause_.async_wait([self](ErrorCode cancelled) {
        if (!cancelled) self->accept();
      });
      return;
    }
    if (self->connections_.size() >= self->options_.connections_max)
      ++self->turned_away_;
    else
      std::make_shared<Connection>(self, std::move(socket))->read_header();
    self->accept();
  });
}

void FrontDoor::Impl::close() {
  if (closed_) return;
  closed_ = true;
  ErrorCode error;
  acceptor_.close(error);
  pause_.cancel();
  const std::vector<Connection*> open(connections_.begin(), connections_.end());
  for (auto* connection : open) connection->cut();
}

FrontDoor::FrontDoor(std::shared_ptr<Impl> impl) : impl_(std::move(impl)) {}
FrontDoor::~FrontDoor() { impl_->close(); }

Result<std::unique_ptr<FrontDoor>> FrontDoor::open(asio::io_context& reactor,
                                                   FrontDoorOptions options, Counters& counters,
                                                   Handler handler) {
  auto impl = std::make_shared<Impl>(reactor, std::move(options), counters, std::move(handler));
  if (auto listening = impl->listen(); !listening) return tl::unexpected(listening.error());
  impl->accept();
  return std::unique_ptr<FrontDoor>(new FrontDoor(std::move(impl)));
}

const std::string& FrontDoor::address() const { return impl_->address_; }
std::uint16_t FrontDoor::port() const { return impl_->port_; }
void FrontDoor::close() { impl_->close(); }

}  // namespace sense::http
