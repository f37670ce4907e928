// SPDX-License-Identifier: Apache-2.0
#include "core/http/server.hpp"

#include <boost/asio/ip/tcp.hpp>
#include <boost/asio/steady_timer.hpp>

#include "core/base/log.hpp"
#include "core/http/connection.hpp"
#include "core/http/request_guard.hpp"

namespace sense::http {

namespace {

using boost::asio::ip::tcp;

constexpr auto accept_pause = std::chrono::milliseconds{100};
constexpr Duration foreign_warning_interval = std::chrono::minutes{10};

}  // namespace

// The listener. Lives as long as an accept is pending.
class Server::Impl : public std::enable_shared_from_this<Server::Impl> {
 public:
  Impl(boost::asio::io_context& reactor, ServerOptions options, Counters& counters, Handler handler)
      : service_(
            std::make_shared<Service>(reactor, std::move(options), counters, std::move(handler))),
        counters_(counters),
        acceptor_(reactor),
        pause_(reactor),
        rejected_(counters["http.connections.turned-away"]),
        displaced_(counters["http.connections.displaced"]),
        foreign_(counters["http.connections.foreign"]) {}

  [[nodiscard]] Status listen();
  void accept();
  void close();
  [[nodiscard]] const std::string& address() const { return address_; }
  [[nodiscard]] std::uint16_t port() const { return port_; }

 private:
  void take(tcp::socket socket);
  [[nodiscard]] bool is_closed_to(const boost::asio::ip::address& from) const;
  void warn_of_foreign(const boost::asio::ip::address& from);

  std::shared_ptr<Service> service_;
  Counters& counters_;
  tcp::acceptor acceptor_;
  boost::asio::steady_timer pause_;
  std::string address_;
  std::uint16_t port_ = 0;
  Counters::Counter& rejected_;
  Counters::Counter& displaced_;
  Counters::Counter& foreign_;
  log::RateLimiter warnings_{foreign_warning_interval};
};

Status Server::Impl::listen() {
  auto endpoint = parse_listen(service_->options.listen);
  if (!endpoint) return tl::unexpected(endpoint.error());
  if (service_->options.tls) {
    auto tls = TlsFiles::open(service_->reactor, *service_->options.tls, counters_,
                              [service = service_.get()](ssl_ctx_st& context) {
                                for (const auto* open : {&service->connections, &service->streams})
                                  for (const auto& [id, connection] : std::unordered_map(*open))
                                    connection->check_client(context);
                              });
    if (!tls) return tl::unexpected(tls.error());
    service_->tls = std::move(*tls);
  }
  boost::system::error_code error;
  acceptor_.open(endpoint->protocol(), error);
  if (!error) acceptor_.set_option(tcp::acceptor::reuse_address(true), error);
  if (!error) acceptor_.bind(*endpoint, error);
  if (!error) acceptor_.listen(boost::asio::socket_base::max_listen_connections, error);
  if (error)
    return fail(Code::addrnotavail,
                "cannot listen on " + service_->options.listen + ": " + error.message() +
                    "; choose another port, or stop the program that listens there");
  port_ = acceptor_.local_endpoint(error).port();
  const auto host = service_->options.listen.substr(0, service_->options.listen.rfind(':'));
  address_ = host + ":" + std::to_string(port_);
  auto hosts = service_->options.hosts;
  hosts.push_back(host);
  service_->guard = RequestGuard(std::move(hosts), service_->options.others);
  return {};
}

void Server::Impl::accept() {
  acceptor_.async_accept(
      [self = shared_from_this()](boost::system::error_code error, tcp::socket socket) {
        if (self->service_->closed) return;
        if (error) {
          // Most likely no file descriptor is left: trying at once would only cost processor time.
          self->pause_.expires_after(accept_pause);
          self->pause_.async_wait([self](boost::system::error_code cancelled) {
            if (!cancelled) self->accept();
          });
          return;
        }
        self->take(std::move(socket));
        self->accept();
      });
}

void Server::Impl::take(tcp::socket socket) {
  boost::system::error_code error;
  const auto from = socket.remote_endpoint(error).address();
  if (error) return;  // it has gone already
  if (is_closed_to(from)) return warn_of_foreign(from);
  const auto decision = service_->budget.open(from);
  if (decision.closed) {
    ++displaced_;
    if (const auto found = service_->connections.find(*decision.closed);
        found != service_->connections.end())
      found->second->stop();
  }
  if (!decision.admitted) {
    ++rejected_;
    return;
  }
  serve_connection(service_, *decision.admitted, std::move(socket));
}

// Such a client would get 403 for every request; it takes no place of another.
bool Server::Impl::is_closed_to(const boost::asio::ip::address& from) const {
  const auto& options = service_->options;
  return options.guarded && !options.permitted && service_->guard.is_closed_to(from);
}

void Server::Impl::warn_of_foreign(const boost::asio::ip::address& from) {
  ++foreign_;
  const auto line = warnings_.check("foreign", mono_now());
  if (!line.allowed) return;
  log::warn(
      "a connection from another machine was closed, since this listener has no TLS; to serve "
      "other "
      "machines, set tls-certificate and tls-key",
      {{"from", from.to_string()}, {"suppressed", std::to_string(line.suppressed)}});
}

void Server::Impl::close() {
  if (std::exchange(service_->closed, true)) return;
  boost::system::error_code error;
  acceptor_.close(error);
  pause_.cancel();
  service_->tls.reset();
  for (const auto* open : {&service_->connections, &service_->streams})
    for (const auto& [id, connection] : std::unordered_map(*open)) connection->stop();
}

Server::Server(std::shared_ptr<Impl> impl) : impl_(std::move(impl)) {}
Server::~Server() { impl_->close(); }

Result<std::unique_ptr<Server>> Server::open(boost::asio::io_context& reactor,
                                             ServerOptions options, Counters& counters,
                                             Handler handler) {
  auto impl = std::make_shared<Impl>(reactor, std::move(options), counters, std::move(handler));
  if (auto listening = impl->listen(); !listening) return tl::unexpected(listening.error());
  impl->accept();
  return std::unique_ptr<Server>(new Server(std::move(impl)));
}

const std::string& Server::address() const { return impl_->address(); }
std::uint16_t Server::port() const { return impl_->port(); }
void Server::close() { impl_->close(); }

}  // namespace sense::http
