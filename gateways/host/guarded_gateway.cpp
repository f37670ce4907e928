// SPDX-License-Identifier: Apache-2.0
#include "gateways/host/guarded_gateway.hpp"

#include "core/base/log.hpp"
#include "core/plugin/plugin_call.hpp"

namespace sense {

namespace {

// The first call counts.
template <class Outcome>
std::function<void(Outcome)> once(std::function<void(Outcome)> done) {
  return [done = std::make_shared<std::function<void(Outcome)>>(std::move(done))](Outcome outcome) {
    if (const auto first = std::exchange(*done, nullptr)) first(std::move(outcome));
  };
}

}  // namespace

Result<std::unique_ptr<GuardedGateway>> GuardedGateway::create(const GatewayDescriptor& descriptor,
                                                               const Settings& options,
                                                               GatewayContext& context) {
  const auto name = "gateway " + context.name;
  auto made = call_plugin(name, "create()", [&] { return descriptor.create(options, context); });
  if (!made) return tl::unexpected(made.error());
  if (*made == nullptr)
    return fail(Code::internalerror,
                name + ": create() returned null; this is a fault of the plugin");
  return std::unique_ptr<GuardedGateway>(new GuardedGateway(name, std::move(*made)));
}

template <class Call>
void GuardedGateway::call(const char* function, Call&& call) const {
  const auto called = call_plugin(name_, function, [&]() -> Status {
    call();
    return {};
  });
  if (!called) log::error(called.error().message);
}

Status GuardedGateway::start() {
  return call_plugin(name_, "start()", [this] { return gateway_->start(); });
}

void GuardedGateway::stop() {
  if (std::exchange(stopped_, true)) return;
  call("stop()", [this] { gateway_->stop(); });
}

void GuardedGateway::deliver(std::shared_ptr<const Delivery> delivery, AttemptDone done) {
  const auto answer = once(std::move(done));
  const auto called = call_plugin(name_, "deliver()", [&]() -> Status {
    gateway_->deliver(std::move(delivery), answer);
    return {};
  });
  if (!called) answer(Attempt::retry(called.error().message));
}

void GuardedGateway::verify(SubscriptionRef subscription, std::string token,
                            VerificationDone done) {
  const auto answer = once(std::move(done));
  const auto called = call_plugin(name_, "verify()", [&]() -> Status {
    gateway_->verify(subscription, std::move(token), answer);
    return {};
  });
  if (called) return;
  log::error("the gateway plugin failed to verify a callback",
             {{"subscription", subscription->id}, {"reason", called.error().message}});
  answer({Verification::Outcome::failed, "the gateway failed"});
}

void GuardedGateway::forget(const std::string& subscription_id) {
  call("forget()", [&] { gateway_->forget(subscription_id); });
}

std::vector<std::string> GuardedGateway::listening() const {
  std::vector<std::string> addresses;
  call("listening()", [&] { addresses = gateway_->listening(); });
  return addresses;
}

}  // namespace sense
