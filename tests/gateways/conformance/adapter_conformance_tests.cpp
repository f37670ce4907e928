// SPDX-License-Identifier: Apache-2.0
// What every adapter plugin must do, run over all that the build makes.
#include <boost/asio/io_context.hpp>

#include "adapters/host/host.hpp"
#include "tests/core/bus/fake_bus.hpp"
#include "tests/core/storage/temporary_folder.hpp"
#include "tests/gateways/conformance/plugins.hpp"

using namespace sense;

namespace {

template <class Test>
void for_each_adapter(Test test) {
  for (const auto& name : conformance::plugins("adapter")) BOOST_TEST_CONTEXT("adapter " << name) {
      const auto plugin = AdapterPlugin::load(conformance::folder, name);
      BOOST_REQUIRE_MESSAGE(plugin.has_value(), plugin.error().message);
      test(*plugin);
    }
}

}  // namespace

BOOST_AUTO_TEST_SUITE(adapter_conformance_tests)

BOOST_AUTO_TEST_CASE(descriptors_and_options_are_sane) {
  for_each_adapter([](const AdapterPlugin& plugin) {
    const auto& descriptor = plugin.descriptor();
    BOOST_CHECK_EQUAL(descriptor.abi, adapter_abi);
    BOOST_REQUIRE(descriptor.summary != nullptr);
    BOOST_CHECK(*descriptor.summary != '\0');
    conformance::check_options(descriptor.options, adapter_host_options());
  });
}

BOOST_AUTO_TEST_CASE(an_adapter_starts_stops_and_does_so_again) {
  for_each_adapter([](const AdapterPlugin& plugin) {
    boost::asio::io_context reactor;
    Counters counters;
    testing::FakeBus bus;
    const TemporaryFolder place;
    const EgressPolicy egress;
    AdapterContext context{"test", system_clock(), counters, reactor, bus, egress, place / "kept"};
    const auto example =
        conformance::example_of("adapters", plugin.descriptor().name, place.path());
    const auto settings = conformance::settings_for_test(plugin.descriptor().options, example);
    for (int i = 0; i < 2; ++i) {
      auto adapter = plugin.descriptor().create(settings, context);
      BOOST_REQUIRE_MESSAGE(adapter.has_value(), adapter.error().message);
      const auto started = (*adapter)->start();
      BOOST_REQUIRE_MESSAGE(started.has_value(), started.error().message);
      for (const auto& where : (*adapter)->listening())
        BOOST_CHECK_MESSAGE(where.find("127.0.0.1:") != std::string::npos, where);
      (*adapter)->stop();
      (*adapter)->stop();
      reactor.restart();
      reactor.poll();
    }
  });
}

BOOST_AUTO_TEST_SUITE_END()
