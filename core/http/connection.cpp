// SPDX-License-Identifier: Apache-2.0
#include "core/http/connection.hpp"

#include <array>
#include <boost/beast/core.hpp>
#include <boost/beast/http.hpp>
#include <optional>
#include <sstream>
#include <utility>

#include "core/base/text.hpp"
#include "core/http/channel.hpp"
#include "core/http/content_coding.hpp"
#include "core/http/handshake.hpp"
#include "core/http/problem.hpp"
#include "core/http/stream_connection.hpp"

namespace sense::http {

namespace {

namespace asio = boost::asio;
namespace beast = boost::beast;
namespace bhttp = boost::beast::http;
using asio::ip::tcp;
using ErrorCode = boost::system::error_code;

constexpr auto linger_timeout = std::chrono::seconds{2};

template <class Text>
std::string_view view(const Text& text) {
  return {text.data(), text.size()};
}

template <class Fields>
std::vector<std::string_view> values_of(const Fields& fields, bhttp::field name) {
  std::vector<std::string_view> values;
  const auto [first, last] = fields.equal_range(name);
  for (auto it = first; it != last; ++it) values.push_back(view(it->value()));
  return values;
}

// The values of all headers with that name as one list (RFC 9110 section 5.3).
template <class Fields>
std::string list_of(const Fields& fields, bhttp::field name) {
  std::string list;
  for (const auto value : values_of(fields, name))
    list.append(list.empty() ? "" : ", ").append(value);
  return list;
}

Response refuse(const std::string& why) { return problem(Error{Code::protoerror, why}); }

// One client's connection. Lives as long as an operation or the handler's response is pending.
class Connection final : public OpenConnection, public std::enable_shared_from_this<Connection> {
 public:
  Connection(std::shared_ptr<Service> service, ConnectionBudget::Id id, tcp::socket socket)
      : service_(std::move(service)),
        id_(id),
        channel_(std::make_unique<Channel>(std::move(socket),
                                           service_->tls ? service_->tls->context() : nullptr)),
        buffer_(service_->options.header_max + 64 * 1024),
        response_timer_(service_->reactor) {
    service_->connections.emplace(id_, this);
    ErrorCode error;
    const auto peer = channel_->socket().remote_endpoint(error);
    from_ = peer.address();
    peer_ = text_of(peer);
  }
  ~Connection() override {
    service_->budget.close(id_);
    service_->connections.erase(id_);
  }
  Connection(const Connection&) = delete;
  Connection& operator=(const Connection&) = delete;

  void start();
  void stop() override {
    response_timer_.cancel();
    channel_->close();
  }
  void check_client(ssl_ctx_st& context) override;

 private:
  void on_handshake(Handshake outcome);
  void next_request();
  void read_header();
  void on_header(ErrorCode error);
  [[nodiscard]] std::optional<Response> check_head();
  [[nodiscard]] std::optional<Response> check_guard(const RequestTarget& target) const;
  void allow_body();
  void read_body();
  void on_read_error(ErrorCode error);
  [[nodiscard]] Result<Request> take_request();
  void handle();
  void respond(const Response& response, bool keep);
  [[nodiscard]] bhttp::response<bhttp::string_body> head_of(const Response& response) const;
  void stream(const Response& response);
  void linger();
  void discard();

  std::shared_ptr<Service> service_;
  const ConnectionBudget::Id id_;
  std::unique_ptr<Channel> channel_;
  beast::flat_buffer buffer_;
  asio::ip::address from_;
  std::optional<bhttp::request_parser<bhttp::string_body>> parser_;
  std::string peer_;         // address and port
  std::string certificate_;  // of the client, its fingerprint
  std::string path_;         // of the request's target, with its query
  std::string coding_;       // of the request's body; "": as it is
  std::optional<bhttp::response<bhttp::string_body>> response_;
  std::optional<bhttp::response<bhttp::empty_body>> continue_;
  asio::steady_timer response_timer_;
  std::uint64_t request_number_ = 0;  // tells a late response from the awaited one
  bool awaiting_ = false;
  std::array<char, 4096> discarded_{};
};

void Connection::start() {
  if (!channel_->has_tls()) return next_request();
  shake_hands(service_, *channel_,
              [self = shared_from_this()](Handshake outcome) { self->on_handshake(outcome); });
}

void Connection::on_handshake(Handshake outcome) {
  if (service_->closed || outcome == Handshake::failed) return;
  if (outcome == Handshake::done) {
    certificate_ = client_fingerprint(channel_->tls());
    check_client(*service_->tls->context());  // the files may have changed meanwhile
    return next_request();
  }
  parser_.emplace();
  respond(refuse("this address takes https:// alone"), false);
}

void Connection::check_client(ssl_ctx_st& context) {
  if (certificate_.empty() || is_accepted(channel_->tls(), context)) return;
  ++service_->tls_withdrawn;
  awaiting_ = false;  // a response that is on its way is discarded
  stop();
}

void Connection::next_request() {
  if (service_->closed) return;
  service_->budget.set_waiting(id_, true);
  parser_.emplace();
  parser_->header_limit(static_cast<std::uint32_t>(service_->options.header_max));
  parser_->body_limit(service_->options.body_max);
  channel_->expires_after(service_->options.header_timeout);
  read_header();
}

// RFC 9112 section 2.2: empty lines before a request are skipped. Old clients send one behind the
// body of the request before.
void Connection::read_header() {
  const std::string_view given(static_cast<const char*>(buffer_.data().data()), buffer_.size());
  buffer_.consume(std::min(given.find_first_not_of("\r\n"), given.size()));
  auto self = shared_from_this();
  if (buffer_.size() > 0)
    return bhttp::async_read_header(
        *channel_, buffer_, *parser_,
        [self](ErrorCode error, std::size_t) { self->on_header(error); });
  channel_->async_read_some(buffer_.prepare(discarded_.size()),
                            [self](ErrorCode error, std::size_t octets) {
                              if (error) return self->on_read_error(error);
                              self->buffer_.commit(octets);
                              self->read_header();
                            });
}

std::optional<Response> Connection::check_guard(const RequestTarget& target) const {
  const auto& options = service_->options;
  if (!options.guarded) return std::nullopt;
  const auto& request = parser_->get();
  RequestGuard::Head head;
  head.from = from_;
  head.hosts = values_of(request, bhttp::field::host);
  // RFC 9112 section 3.2.2: the target's authority counts, and Host is ignored. It still must be
  // there (3.2), except in HTTP/1.0, which no browser sends.
  if (!target.authority.empty() && head.hosts.size() == 1) head.hosts = {target.authority};
  head.host_optional = request.version() == 10;
  const auto origins = values_of(request, bhttp::field::origin);
  if (!origins.empty()) head.origin = origins.front();
  head.permitted =
      options.permitted && options.permitted(view(request.method_string()), target.path);
  head.proved = !certificate_.empty() || request.count(bhttp::field::authorization) > 0;
  return service_->guard.refusal(head);
}

std::optional<Response> Connection::check_head() {
  const auto& request = parser_->get();
  const auto target = parse_target(view(request.method_string()), view(request.target()));
  if (!target) return refuse("the request's target is not a path");
  if (auto refusal = check_guard(*target)) return refusal;
  path_ = target->path;
  if (auto refusal = framing_refusal(list_of(request, bhttp::field::transfer_encoding),
                                     request.version() == 10))
    return refusal;
  auto coding = content_coding(list_of(request, bhttp::field::content_encoding));
  if (coding) {
    coding_ = std::move(*coding);
    return std::nullopt;
  }
  auto refusal = problem(415, coding.error());
  refusal.headers.emplace_back("Accept-Encoding", accepted_codings);
  return refusal;
}

void Connection::on_header(ErrorCode error) {
  if (error) return on_read_error(error);
  ++service_->requests;
  if (const auto refusal = check_head()) return respond(*refusal, false);
  const auto length = parser_->content_length();
  if (length && *length > service_->options.body_max)
    return on_read_error(bhttp::error::body_limit);
  const auto& request = parser_->get();
  const bool waits = beast::iequals(request[bhttp::field::expect], "100-continue");
  if (waits && request.version() >= 11) return allow_body();
  read_body();
}

void Connection::allow_body() {
  continue_.emplace(bhttp::status::continue_, 11);
  channel_->expires_after(service_->options.write_timeout);
  bhttp::async_write(*channel_, *continue_,
                     [self = shared_from_this()](ErrorCode error, std::size_t) {
                       if (!error) self->read_body();
                     });
}

void Connection::read_body() {
  if (parser_->is_done()) return handle();
  channel_->expires_after(service_->options.body_timeout);
  bhttp::async_read(*channel_, buffer_, *parser_,
                    [self = shared_from_this()](ErrorCode error, std::size_t) {
                      error ? self->on_read_error(error) : self->handle();
                    });
}

void Connection::on_read_error(ErrorCode error) {
  if (error == beast::error::timeout) ++service_->timed_out;
  const bool readable = error.category() == make_error_code(bhttp::error::bad_method).category() &&
                        error != bhttp::error::end_of_stream &&
                        error != bhttp::error::partial_message;
  if (!readable) {
    channel_->close();  // the client has closed, or its deadline has passed
    return;
  }
  if (error == bhttp::error::body_limit)
    return respond(problem(Error{Code::datatoobig, "the body has more than " +
                                                       std::to_string(service_->options.body_max) +
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

Result<Request> Connection::take_request() {
  auto& parsed = parser_->get();
  Request request;
  request.method = view(parsed.method_string());
  request.target = std::move(path_);
  for (const auto& field : parsed)
    if (field.name() != bhttp::field::content_encoding)
      request.headers.emplace_back(lower(view(field.name_string())), view(field.value()));
  request.body = std::move(parsed.body());
  request.peer = peer_;
  request.certificate = certificate_;
  if (coding_.empty() || request.body.empty()) return request;
  auto body = decoded(coding_, request.body, service_->options.body_max);
  if (!body) return tl::unexpected(body.error());
  request.body = std::move(*body);
  return request;
}

void Connection::handle() {
  if (service_->closed) return;
  const bool keep = parser_->get().keep_alive();
  auto request = take_request();
  if (!request) return respond(problem(request.error()), keep);
  service_->budget.set_waiting(id_, false);
  const auto number = ++request_number_;
  awaiting_ = true;
  channel_->expires_never();
  response_timer_.expires_after(service_->options.answer_timeout);
  response_timer_.async_wait([self = shared_from_this(), number](ErrorCode error) {
    if (error || !self->awaiting_ || self->request_number_ != number) return;
    ++self->service_->timed_out;
    self->respond(problem(Error{Code::timeout,
                                "no answer within the time allowed; it is not known whether the "
                                "request took effect: send it again, an event with the same id"}),
                  false);
  });
  service_->handler(std::move(*request),
                    [self = shared_from_this(), number, keep](const Response& given) {
                      if (!self->awaiting_ || self->request_number_ != number) return;
                      self->respond(given, keep);
                    });
}

void Connection::respond(const Response& given, bool keep) {
  awaiting_ = false;
  response_timer_.cancel();
  if (service_->closed) return;
  const auto& request = parser_->get();
  const bool head_only = request.method() == bhttp::verb::head;
  if (given.stream && !head_only) return stream(given);
  if (given.status >= 400) ++service_->refused;
  response_.emplace(head_of(given));
  response_->keep_alive(keep);
  // RFC 9110 section 9.3.2: HEAD gets the length that GET would have.
  if (!has_no_body(given.status) && !given.stream) response_->content_length(given.body.size());
  if (!has_no_body(given.status) && !head_only) response_->body() = given.body;
  channel_->expires_after(service_->options.write_timeout);
  bhttp::async_write(*channel_, *response_,
                     [self = shared_from_this(), keep](ErrorCode error, std::size_t) {
                       if (error) return;
                       keep ? self->next_request() : self->linger();
                     });
}

bhttp::response<bhttp::string_body> Connection::head_of(const Response& given) const {
  // A client of HTTP/1.0 understands only its own way to keep a connection.
  bhttp::response<bhttp::string_body> head(static_cast<bhttp::status>(given.status),
                                           parser_->get().version() == 10 ? 10 : 11);
  if (!given.content_type.empty()) head.set(bhttp::field::content_type, given.content_type);
  if (const auto& name = service_->options.server_name; !name.empty())
    head.set(bhttp::field::server, name);
  head.set(bhttp::field::cache_control, "no-store");
  for (const auto& [name, value] : security_headers(channel_->has_tls())) head.set(name, value);
  for (const auto& [name, value] : given.headers) head.set(name, value);
  return head;
}

// The socket goes on as a stream. A handler that keeps its Respond keeps no place with it.
void Connection::stream(const Response& given) {
  const auto decision = service_->stream_budget.open(from_);
  if (!decision.admitted) {
    ++service_->streams_refused;
    return respond(problem(Error{Code::nomoreroom,
                                 "too many streams are open; try again later, or ask for events "
                                 "without a stream"}),
                   parser_->get().keep_alive());
  }
  // A stream is never its client's turn, so that none makes room for another.
  service_->stream_budget.set_waiting(*decision.admitted, false);
  auto head = head_of(given);
  const bool chunked = head.version() == 11;
  if (chunked) head.chunked(true);
  head.keep_alive(false);
  std::ostringstream text;
  text << head.base();
  service_->budget.close(id_);
  service_->connections.erase(id_);
  const bool proved = !std::exchange(certificate_, {}).empty();
  serve_stream(service_, {*decision.admitted, std::move(channel_), text.str(), chunked, proved},
               given.stream);
}

// Closing while the client still sends would reset the connection, and the client might lose the
// response.
void Connection::linger() {
  service_->budget.set_waiting(id_, true);
  if (channel_->has_tls()) {
    channel_->expires_after(linger_timeout);
    return channel_->async_shutdown([self = shared_from_this()](ErrorCode) {
      self->channel_->drop_tls();
      self->certificate_.clear();
      self->linger();
    });
  }
  ErrorCode error;
  channel_->socket().shutdown(tcp::socket::shutdown_send, error);
  channel_->expires_after(linger_timeout);
  discard();
}

void Connection::discard() {
  channel_->async_read_some(asio::buffer(discarded_),
                            [self = shared_from_this()](ErrorCode error, std::size_t) {
                              if (!error) self->discard();
                            });
}

}  // namespace

void serve_connection(std::shared_ptr<Service> service, ConnectionBudget::Id id,
                      tcp::socket socket) {
  std::make_shared<Connection>(std::move(service), id, std::move(socket))->start();
}

}  // namespace sense::http
