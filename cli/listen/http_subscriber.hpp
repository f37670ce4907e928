// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <functional>
#include <string>

#include "cli/base/loop.hpp"
#include "cli/listen/http_client.hpp"
#include "cli/listen/listen_options.hpp"

namespace sense::cli {

// Keeps one subscription at an HTTP gateway: creates it (retries until the gateway answers), renews
// it at half its lease, deletes it at the end. The loop's thread; lives until the loop has ended,
// and `loop` and `options` outlive it.
class HttpSubscriber {
 public:
  // `refused`: the gateway rejected the subscription permanently.
  HttpSubscriber(Loop& loop, Uri gateway, const ListenOptions& options, std::string callback,
                 std::function<void(std::string)> refused);
  HttpSubscriber(const HttpSubscriber&) = delete;
  HttpSubscriber& operator=(const HttpSubscriber&) = delete;

  void create();
  // Deletes the subscription, if there is one. `done` may be called twice.
  void end(const std::function<void()>& done);

 private:
  void on_created(const HttpReply& reply);
  void accept(const std::string& body);
  void renew();
  void on_renewed(const HttpReply& reply);
  [[nodiscard]] std::string request_body() const;

  Loop& loop_;
  Uri gateway_;
  const ListenOptions& options_;
  std::string callback_;
  std::function<void(std::string)> refused_;
  std::string id_;
  Duration granted_{0};
  bool said_waiting_ = false;
};

}  // namespace sense::cli
