// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <boost/asio/steady_timer.hpp>
#include <functional>
#include <memory>
#include <vector>

#include "core/base/counters.hpp"
#include "core/base/file.hpp"
#include "core/tls/tls_context.hpp"

namespace sense {

// The context of new handshakes, made anew within a second when one of its files has changed. Files
// that cannot be used change nothing: that is counted (`http.tls.not-loaded`) and logged. Reactor
// thread only.
class TlsFiles {
 public:
  using OnChange = std::function<void(ssl_ctx_st& context)>;

  // Fails as make_tls_context(). The references must outlive it; nothing is called after its end.
  [[nodiscard]] static Result<std::unique_ptr<TlsFiles>> open(boost::asio::io_context& reactor,
                                                              TlsOptions options,
                                                              Counters& counters,
                                                              OnChange on_change);
  [[nodiscard]] const TlsContext& context() const { return context_; }

 private:
  TlsFiles(boost::asio::io_context& reactor, TlsOptions options, Counters& counters,
           OnChange on_change);
  void wait();
  void look();

  const TlsOptions options_;
  boost::asio::steady_timer timer_;
  std::vector<FileWatch> watches_;
  OnChange on_change_;
  TlsContext context_;
  Counters::Counter& loaded_;
  Counters::Counter& not_loaded_;
  std::shared_ptr<bool> open_ = std::make_shared<bool>(true);
};

}  // namespace sense
