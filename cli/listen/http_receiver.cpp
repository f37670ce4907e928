// SPDX-License-Identifier: Apache-2.0
#include "cli/listen/http_receiver.hpp"

#include <boost/asio/ip/address.hpp>

#include "cli/listen/http_event.hpp"
#include "core/base/text.hpp"
#include "core/base/uri.hpp"

namespace sense::cli {

namespace {

constexpr auto request_deadline = std::chrono::seconds{30};

std::string header_of(const http::Request& request, std::string_view name) {
  const auto* value = request.header(lower(name));
  return value == nullptr ? std::string() : *value;
}

http::Response text_response(unsigned status, std::string text = {}) {
  http::Response response;
  response.status = status;
  response.content_type = text.empty() ? "" : "text/plain; charset=utf-8";
  response.body = std::move(text);
  return response;
}

// Section 4.2: allows the origin that asks, at the rate that it asked for.
http::Response agree(const http::Request& request) {
  auto origin = header_of(request, "webhook-request-origin");
  if (origin.empty()) return text_response(204);
  auto response = text_response(200);
  auto rate = header_of(request, "webhook-request-rate");
  response.headers = {{"WebHook-Allowed-Origin", std::move(origin)},
                      {"WebHook-Allowed-Rate", rate.empty() ? "*" : std::move(rate)},
                      {"Allow", "POST"}};
  return response;
}

}  // namespace

Result<std::unique_ptr<HttpReceiver>> HttpReceiver::open(boost::asio::io_context& io,
                                                         const std::string& uri, OnEvent on_event) {
  const auto parsed = parse_uri(uri);
  if (!parsed) return tl::unexpected(parsed.error());
  boost::system::error_code error;
  const auto address = boost::asio::ip::make_address(parsed->host, error);
  if (error || parsed->scheme != "http")
    return fail(Code::badparam, "'" + uri +
                                    "' is not http://ADDRESS:PORT/path with an address of this "
                                    "machine");
  const auto host = address.to_string();
  http::ServerOptions options;
  options.listen =
      (address.is_v6() ? "[" + host + "]" : host) + ":" + std::to_string(parsed->port.value_or(0));
  options.guarded = false;
  options.server_name = "sense listen";
  options.connections_max = connections_max;
  options.header_timeout = request_deadline;
  options.body_timeout = request_deadline;
  options.header_max = header_max;
  options.body_max = body_max;
  std::unique_ptr<HttpReceiver> receiver(
      new HttpReceiver(parsed->path.empty() ? "/" : parsed->path, std::move(on_event)));
  auto server = http::Server::open(
      io, std::move(options), receiver->counters_,
      [receiver = receiver.get()](const http::Request& request, const http::Respond& respond) {
        respond(receiver->respond(request));
      });
  if (!server) return tl::unexpected(server.error());
  receiver->server_ = std::move(*server);
  return receiver;
}

std::string HttpReceiver::callback() const { return "http://" + server_->address() + path_; }

http::Response HttpReceiver::respond(const http::Request& request) const {
  const auto target = request.target.substr(0, request.target.find('?'));
  if (target != path_) return text_response(404, "not here\n");
  if (request.method == "OPTIONS") return agree(request);
  if (request.method != "POST") return text_response(405, "POST events here\n");
  auto event =
      event_of_http([&](std::string_view name) { return header_of(request, name); }, request.body);
  if (!event) return text_response(400, event.error().message + "\n");
  event->callback = callback();
  on_event_(*event);
  return text_response(204);
}

}  // namespace sense::cli
