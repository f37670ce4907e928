// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <functional>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "core/http/message.hpp"
#include "gateways/api/gateway.hpp"

namespace sense::http {

// The paths of docs/http-gateway.md: each request to the publisher or the subscription list, each
// answer to JSON. Without sockets. Reactor thread only. Held by a shared_ptr; what is under way
// when the last one goes is not answered.
class Routes : public std::enable_shared_from_this<Routes> {
 public:
  // Whose requests these are, until they are authenticated.
  static constexpr std::string_view principal = "anonymous";

  // `fetch_secret`: that URLs of events too big for a datagram are made with; "": there are none.
  explicit Routes(GatewayContext& context, std::string fetch_secret = {})
      : context_(context), fetch_secret_(std::move(fetch_secret)) {}

  void handle(Call call, Answered done);
  // Whether a GET of this target carries its own permission.
  [[nodiscard]] bool permits(std::string_view target) const;

 private:
  struct Request;  // a call, its path taken apart
  struct Route;
  static const std::vector<Route>& table();

  void publish(Request& request, Answered done);
  void fetch(Request& request, Answered done);
  void create(Request& request, Answered done);
  void list(Request& request, Answered done);
  void get(Request& request, Answered done);
  void renew(Request& request, Answered done);
  void confirm(Request& request, Answered done);
  void edit(Request& request, Answered done);
  void pause(Request& request, Answered done);
  void resume(Request& request, Answered done);
  void test(Request& request, Answered done);
  void cancel(Request& request, Answered done);
  void sources(Request& request, Answered done);
  void parameters(Request& request, Answered done);
  void health(Request& request, Answered done);
  void metrics(Request& request, Answered done);

  // Goes on only if the subscription is there and the asker's own; another's is notfound to him.
  void if_owned(const std::string& id, const Answered& done,
                std::function<void(SubscriptionRef)> then);

  GatewayContext& context_;
  const std::string fetch_secret_;
};

}  // namespace sense::http
