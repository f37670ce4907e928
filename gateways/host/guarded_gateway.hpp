// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <memory>
#include <string>
#include <vector>

#include "gateways/api/gateway.hpp"

namespace sense {

// The gateway of a plugin, behind which no exception of it and no second answer gets: what start()
// throws is an error, a delivery during which it throws is answered with retry, a verification with
// failed, and the rest is logged. Owns the plugin's object; its code must stay loaded. Reactor
// thread only.
class GuardedGateway final : public Gateway {
 public:
  // Makes the plugin's object. Fails with the plugin's own error, or with internalerror when
  // create() throws or makes nothing. `context` must outlive the result.
  [[nodiscard]] static Result<std::unique_ptr<GuardedGateway>> create(
      const GatewayDescriptor& descriptor, const Settings& options, GatewayContext& context);

  [[nodiscard]] Status start() override;
  // Passed on once. Attempts that the plugin does not answer then are interrupted: their `done` is
  // not called.
  void stop() override;
  // `done` may run within the call. The first answer counts, also when the plugin throws behind it.
  void deliver(std::shared_ptr<const Delivery> delivery, AttemptDone done) override;
  void verify(SubscriptionRef subscription, std::string token, VerificationDone done) override;
  void forget(const std::string& subscription_id) override;
  [[nodiscard]] std::vector<std::string> listening() const override;

 private:
  GuardedGateway(std::string name, std::unique_ptr<Gateway> gateway)
      : name_(std::move(name)), gateway_(std::move(gateway)) {}
  // Calls a function without an answer.
  template <class Call>
  void call(const char* function, Call&& call) const;

  const std::string name_;  // for errors: "gateway http"
  std::unique_ptr<Gateway> gateway_;
  bool stopped_ = false;
};

}  // namespace sense
