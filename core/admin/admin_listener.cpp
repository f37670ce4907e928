// SPDX-License-Identifier: Apache-2.0
#include "core/admin/admin_listener.hpp"

#include <pthread.h>

#include <boost/asio/executor_work_guard.hpp>
#include <boost/asio/io_context.hpp>
#include <boost/asio/post.hpp>
#include <boost/asio/steady_timer.hpp>
#include <map>
#include <mutex>
#include <optional>
#include <thread>

#include "core/base/log.hpp"
#include "core/base/text.hpp"
#include "core/http/request_guard.hpp"
#include "core/http/server.hpp"
#include "core/plugin/plugin_call.hpp"

namespace sense {

namespace {

namespace asio = boost::asio;

constexpr std::size_t admin_connections_max = 16;
constexpr auto admin_header_timeout = std::chrono::seconds{5};
constexpr std::size_t admin_body_max = 1024;

http::Response line_response(unsigned status, const std::string& line) {
  return {status, "text/plain; charset=utf-8", line + "\n", {{"Cache-Control", "no-store"}}};
}

// Of an address that other machines reach, the names by which they do are not known here.
http::ServerOptions options_of(const std::string& address) {
  http::ServerOptions options;
  options.listen = address;
  options.hosts = {"localhost"};
  options.guarded = http::is_this_machine(http::parse_listen(address)->address());
  options.connections_max = admin_connections_max;
  options.streams_max = 0;
  options.header_timeout = admin_header_timeout;
  options.body_max = admin_body_max;
  return options;
}

}  // namespace

Status check_admin_listen(const std::string& address) {
  if (auto endpoint = http::parse_listen(address); !endpoint)
    return fail(endpoint.error().code, "'admin-listen': '" + printable(address.substr(0, 100)) +
                                           "' is not an IP address and a port such as "
                                           "127.0.0.1:9464 or [::1]:9464");
  return {};
}

// All but the constructor, open() and close() on the thread of the listener.
class AdminListener::Impl : public std::enable_shared_from_this<AdminListener::Impl> {
 public:
  Impl(AdminSubject subject, Duration deadline)
      : subject_(std::move(subject)), deadline_(deadline) {}

  [[nodiscard]] Status open(const std::string& address);
  void close();
  [[nodiscard]] const std::string& address() const { return server_->address(); }

 private:
  // Nothing: the loop did not answer in time.
  using Report = std::optional<std::string>;
  struct Waiting {
    explicit Waiting(asio::io_context& reactor, Duration deadline,
                     std::function<void(const Report&)> when)
        : timer(reactor, deadline), done(std::move(when)) {}
    asio::steady_timer timer;
    std::function<void(const Report&)> done;
  };

  void answer(const http::Request& request, const http::Respond& respond);
  void ask(std::function<void(const Report&)> done);
  void post_question();
  void on_report(const std::string& missing);

  const AdminSubject subject_;
  const Duration deadline_;
  Counters connections_;  // of this listener: those of the process are of its clients
  asio::io_context reactor_{1};
  asio::executor_work_guard<asio::io_context::executor_type> work_{reactor_.get_executor()};
  std::unique_ptr<http::Server> server_;
  bool asked_ = false;  // at most one task of this listener is in the loop's queue
  std::uint64_t last_ = 0;
  std::map<std::uint64_t, std::unique_ptr<Waiting>> waiting_;
  std::mutex subject_mutex_;  // the subject is used; closed_
  bool closed_ = false;
  std::thread thread_;
};

Status AdminListener::Impl::open(const std::string& address) {
  if (auto good = check_admin_listen(address); !good) return good;
  auto server =
      http::Server::open(reactor_, options_of(address), connections_,
                         [this](const http::Request& request, const http::Respond& respond) {
                           answer(request, respond);
                         });
  if (!server) return fail(server.error().code, about_key("admin-listen", server.error().message));
  server_ = std::move(*server);
  thread_ = std::thread(
      [this] { run_reactor(reactor_, [](const Error& why) { log::error(why.message); }); });
  ::pthread_setname_np(thread_.native_handle(), "sense-admin");
  return {};
}

void AdminListener::Impl::close() {
  {
    const std::lock_guard lock(subject_mutex_);
    closed_ = true;
  }
  reactor_.stop();
  if (thread_.joinable()) thread_.join();
  waiting_.clear();
  server_.reset();
}

void AdminListener::Impl::answer(const http::Request& request, const http::Respond& respond) {
  const auto path = request.target.substr(0, request.target.find('?'));
  const bool known = path == "/livez" || path == "/readyz" || path == "/metrics";
  if (!known) return respond(line_response(404, "this listener has /livez, /readyz and /metrics"));
  if (request.method != "GET" && request.method != "HEAD") {
    auto refused = line_response(405, path + " takes GET and HEAD only");
    refused.headers.emplace_back("Allow", "GET, HEAD");
    return respond(std::move(refused));
  }
  ask([this, path, respond](const Report& report) {
    if (path == "/metrics") {
      auto response = line_response(200, "");
      response.content_type = metrics_media_type;
      response.body = subject_.metrics.text(subject_.counters);
      return respond(std::move(response));
    }
    if (!report)
      return respond(line_response(
          503, "the loop of this process has not answered for " + to_text(deadline_)));
    if (path == "/livez" || report->empty()) return respond(line_response(200, "ok"));
    respond(line_response(503, *report));
  });
}

void AdminListener::Impl::ask(std::function<void(const Report&)> done) {
  const auto id = ++last_;
  auto& waiting = waiting_[id];
  waiting = std::make_unique<Waiting>(reactor_, deadline_, std::move(done));
  waiting->timer.async_wait([this, id](boost::system::error_code cancelled) {
    const auto found = waiting_.find(id);
    if (cancelled || found == waiting_.end()) return;
    const auto late = std::move(found->second);
    waiting_.erase(found);
    late->done(std::nullopt);
  });
  if (!asked_) post_question();
}

void AdminListener::Impl::post_question() {
  asked_ = true;
  subject_.post([self = shared_from_this()] {
    const std::lock_guard lock(self->subject_mutex_);
    if (self->closed_) return;
    asio::post(self->reactor_, [impl = self.get(), missing = self->subject_.report()] {
      impl->on_report(missing);
    });
  });
}

void AdminListener::Impl::on_report(const std::string& missing) {
  asked_ = false;
  for (auto& [id, waiting] : std::exchange(waiting_, {})) waiting->done(missing);
}

AdminListener::AdminListener(std::shared_ptr<Impl> impl) : impl_(std::move(impl)) {}
AdminListener::~AdminListener() { impl_->close(); }
const std::string& AdminListener::address() const { return impl_->address(); }

Result<std::unique_ptr<AdminListener>> AdminListener::open(const std::string& address,
                                                           AdminSubject subject,
                                                           Duration deadline) {
  if (address.empty()) return std::unique_ptr<AdminListener>();
  auto impl = std::make_shared<Impl>(std::move(subject), deadline);
  if (auto good = impl->open(address); !good) return tl::unexpected(good.error());
  log::info("the admin listener is open", {{"listen", impl->address()}});
  return std::unique_ptr<AdminListener>(new AdminListener(std::move(impl)));
}

}  // namespace sense
