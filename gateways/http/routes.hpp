#pragma once

#include <functional>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "gateways/api/gateway.hpp"
#include "gateways/http/message.hpp"

namespace sense::http {

// The paths of docs/http-gateway.md: each request to the publisher or the subscription list, each
// answer to JSON. Without sockets. Reactor thread only. Held by a shared_ptr; what is under way
// when the last one goes is not answered.
class Routes : public std::enable_shared_from_this<Routes> {
 public:
  // Whose requests these are, until they are authenticated.
  static constexpr std::string_view principal = "anonymous";

  explicit Routes(GatewayContext& context) : context_(context) {}

  void handle(Call call, Answered done);

 private:
  struct Request;  // a call, its path taken apart
  struct Route;
  static const std::vector<Route>& table();

  void publish(Request& request, Answered done);
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
};

}  // namespace sense::http
