// SPDX-License-Identifier: Apache-2.0
#include <array>
#include <boost/asio/post.hpp>
#include <boost/asio/steady_timer.hpp>
#include <stdexcept>

#include "adapters/api/adapter.hpp"

// An adapter that publishes on start, and fails where its option says.
namespace {

constexpr std::array<sense::Option, 2> options = {{
    {"fail", sense::OptionType::text, "nowhere", "Where it fails."},
    {"events", sense::OptionType::integer, "0", "How many it publishes.", 0, 1000},
}};

class Faulty final : public sense::Adapter {
 public:
  Faulty(const sense::Settings& settings, sense::AdapterContext& context)
      : settings_(settings), context_(context) {}

  sense::Status start() override {
    const auto& where = settings_.text("fail");
    if (where == "start") return sense::fail(sense::Code::addrnotavail, "the port is taken");
    if (where == "start-throws") throw std::runtime_error("start went wrong");
    if (where == "reactor")
      boost::asio::post(context_.reactor, [] { throw std::runtime_error("reactor went wrong"); });
    for (int i = 0; i < settings_.integer("events"); ++i) publish(i);
    return {};
  }
  void stop() override {
    if (settings_.text("fail") == "stop-throws") throw std::runtime_error("stop went wrong");
  }
  std::vector<std::string> listening() const override { return {"nowhere:1"}; }

 private:
  void publish(int number) {
    sense::Event event;
    event.id = std::to_string(number);
    event.type = *sense::QName::make("urn:test", "event");
    event.source = "//test";
    context_.publisher.publish(std::move(event), [&context = context_](auto result) {
      ++context.counters[result ? "faulty.stored" : "faulty.failed"];
    });
  }

  sense::Settings settings_;
  sense::AdapterContext& context_;
};

sense::Result<std::unique_ptr<sense::Adapter>> create(const sense::Settings& settings,
                                                      sense::AdapterContext& context) {
  const auto& where = settings.text("fail");
  if (where == "create") return sense::fail(sense::Code::badparam, "the option is wrong");
  if (where == "place") {
    const bool allowed = context.egress.check_http_host("127.0.0.1", 8080).has_value();
    return sense::fail(sense::Code::badparam,
                       context.folder + (allowed ? " and this machine" : " alone"));
  }
  if (where == "create-throws") throw 5;
  if (where == "create-null") return nullptr;
  return std::make_unique<Faulty>(settings, context);
}

const sense::AdapterDescriptor descriptor = {sense::adapter_abi, "faulty", "for tests", options,
                                             &create};

}  // namespace

SENSE_ADAPTER(descriptor)
