// SPDX-License-Identifier: Apache-2.0
#include "core/tls/tls_files.hpp"

#include <boost/asio/io_context.hpp>
#include <utility>

#include "core/base/log.hpp"

namespace sense {

namespace {

constexpr auto look_interval = std::chrono::milliseconds{200};

}  // namespace

TlsFiles::TlsFiles(boost::asio::io_context& reactor, TlsOptions options, Counters& counters,
                   OnChange on_change)
    : options_(std::move(options)),
      timer_(reactor),
      on_change_(std::move(on_change)),
      loaded_(counters["http.tls.loaded"]),
      not_loaded_(counters["http.tls.not-loaded"]) {
  for (const auto& path :
       {options_.certificate, options_.key, options_.client_authorities, options_.revoked})
    if (!path.empty()) watches_.emplace_back(path);
}

Result<std::unique_ptr<TlsFiles>> TlsFiles::open(boost::asio::io_context& reactor,
                                                 TlsOptions options, Counters& counters,
                                                 OnChange on_change) {
  std::unique_ptr<TlsFiles> files(
      new TlsFiles(reactor, std::move(options), counters, std::move(on_change)));
  // Looked at before they are read, so that a change meanwhile is seen afterwards.
  for (auto& watch : files->watches_) (void)watch.changed(system_clock().now().wall);
  auto context = make_tls_context(files->options_);
  if (!context) return tl::unexpected(context.error());
  files->context_ = std::move(*context);
  files->wait();
  return files;
}

void TlsFiles::wait() {
  timer_.expires_after(look_interval);
  timer_.async_wait([this, open = std::weak_ptr(open_)](boost::system::error_code cancelled) {
    if (cancelled || open.expired()) return;
    look();
    wait();
  });
}

void TlsFiles::look() {
  bool changed = false;
  for (auto& watch : watches_) changed = watch.changed(system_clock().now().wall) || changed;
  if (!changed) return;
  auto context = make_tls_context(options_);
  if (!context) {
    ++not_loaded_;
    return log::warn("the files of TLS have changed and cannot be used; what was read before stays",
                     {{"reason", context.error().message}});
  }
  context_ = std::move(*context);
  ++loaded_;
  log::info("the files of TLS have changed and are in effect", {});
  on_change_(*context_);
}

}  // namespace sense
