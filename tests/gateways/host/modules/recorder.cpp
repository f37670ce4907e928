// SPDX-License-Identifier: Apache-2.0
#include <array>
#include <fstream>
#include <stdexcept>

#include "gateways/api/gateway.hpp"

// A gateway that writes what it delivers into the file that its option names, one line each, and
// answers as the callback's host says: recorder://retry/ never takes anything. It fails where its
// option says.
namespace {

constexpr std::array<sense::Option, 2> options = {{
    {"record", sense::OptionType::text, "", "The file."},
    {"fail", sense::OptionType::text, "nowhere", "Where it fails."},
}};

class Recorder final : public sense::Gateway {
 public:
  Recorder(const sense::Settings& settings, sense::GatewayContext& context)
      : settings_(settings), context_(context) {}

  sense::Status start() override {
    if (fails("start")) return sense::fail(sense::Code::addrnotavail, "the port is taken");
    if (fails("start-throws")) throw std::runtime_error("start went wrong");
    return {};
  }
  void stop() override {
    note("stop");
    for (auto& done : std::exchange(waiting_, {})) done(sense::Attempt::retry("stopping"));
    for (auto& done : std::exchange(asking_, {}))
      done({sense::Verification::Outcome::failed, "stopping"});
  }
  void deliver(std::shared_ptr<const sense::Delivery> delivery, sense::AttemptDone done) override {
    if (fails("deliver-throws")) throw std::runtime_error("deliver went wrong");
    note(line_of(*delivery));
    const auto& callback = delivery->subscription->callback;
    if (callback.starts_with("recorder://retry/")) return done(sense::Attempt::retry("not now"));
    if (callback.starts_with("recorder://gone/")) return done(sense::Attempt::gone("no more"));
    if (callback.starts_with("recorder://silent/")) {
      waiting_.push_back(std::move(done));
      return;
    }
    done(sense::Attempt::delivered());
  }
  void verify(sense::SubscriptionRef subscription, std::string token,
              sense::VerificationDone done) override {
    using Outcome = sense::Verification::Outcome;
    note("verify " + subscription->id);
    if (subscription->callback.starts_with("recorder://silent/")) {
      asking_.push_back(std::move(done));
      return;
    }
    if (subscription->callback.starts_with("recorder://no/")) return done({Outcome::refused, "no"});
    if (!subscription->callback.starts_with("recorder://asked/"))
      return done({Outcome::verified, "yes"});
    done({Outcome::asked, "asked"});
    // The fastest of all callbacks.
    context_.clients.subscriptions({sense::ClientServices::anonymous, context_.name, "local"})
        ->confirm(subscription->id, std::move(token), [](const auto&) {});
  }
  void forget(const std::string& id) override { note("forget " + id); }
  [[nodiscard]] std::vector<std::string> listening() const override { return {}; }

 private:
  static std::string line_of(const sense::Delivery& delivery) {
    constexpr std::array<const char*, 4> kinds = {"event", "gap", "ended", "digest"};
    return std::string(kinds[static_cast<std::size_t>(delivery.kind)]) + " " +
           delivery.subscription->id + " " + std::to_string(delivery.number) + " " +
           std::to_string(delivery.attempt) + " " + delivery.event->id;
  }
  [[nodiscard]] bool fails(const char* where) const { return settings_.text("fail") == where; }
  void note(const std::string& line) const {
    std::ofstream(settings_.text("record"), std::ios::app) << line + "\n" << std::flush;
  }

  sense::Settings settings_;
  sense::GatewayContext& context_;
  std::vector<sense::AttemptDone> waiting_;
  std::vector<sense::VerificationDone> asking_;
};

sense::Result<std::unique_ptr<sense::Gateway>> create(const sense::Settings& settings,
                                                      sense::GatewayContext& context) {
  const auto& where = settings.text("fail");
  if (where == "create") return sense::fail(sense::Code::badparam, "the option is wrong");
  if (where == "create-throws") throw 5;
  if (where == "create-null") return nullptr;
  return std::make_unique<Recorder>(settings, context);
}

constexpr std::array<sense::Scheme, 1> schemes = {{{"recorder", {}}}};
constexpr std::array<std::uint32_t, 2> retry_seconds = {1, 60};

const sense::GatewayDescriptor descriptor = {
    sense::gateway_abi, "recorder", "Delivers into a file.", schemes, options,
    {retry_seconds, 4}, &create};

}  // namespace

SENSE_GATEWAY(descriptor)
