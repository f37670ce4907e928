// SPDX-License-Identifier: Apache-2.0
#include <sys/stat.h>
#include <unistd.h>

#include <boost/test/unit_test.hpp>
#include <filesystem>
#include <future>
#include <thread>

#include "adapters/host/host.hpp"
#include "tests/paths.hpp"

using sense::AdapterConfig;
using sense::AdapterHost;
using sense::AdapterPlugin;
using sense::Code;
using sense::Settings;

namespace {

const std::string folder = sense::testing::in_build("tests/adapters/host/modules");

std::string refusal(const std::string& name, const std::string& from = folder) {
  const auto plugin = AdapterPlugin::load(from, name);
  if (plugin) return "accepted";
  BOOST_TEST_MESSAGE(plugin.error().message);
  return plugin.error().message;
}

bool has(const std::string& text, std::string_view part) {
  return text.find(part) != std::string::npos;
}

// No broker is there: what the host does without one is what these tests are about.
struct Fixture {
  std::filesystem::path place = std::filesystem::temp_directory_path() /
                                ("sense_adapter_host_tests_" + std::to_string(::getpid()));
  Fixture() { std::filesystem::create_directories(place); }
  ~Fixture() { std::filesystem::remove_all(place); }

  sense::Result<std::unique_ptr<AdapterHost>> start(std::string_view fail, int events = 0) {
    auto plugin = AdapterPlugin::load(folder, "faulty");
    BOOST_REQUIRE_MESSAGE(plugin.has_value(), plugin.error().message);
    AdapterConfig config;
    config.name = "test";
    const auto endpoint = [&](const char* name) { return "ipc://" + (place / name).string(); };
    config.endpoints = {endpoint("service"), endpoint("events"), endpoint("publish")};
    config.host = Settings::defaults(sense::adapter_host_options());
    BOOST_REQUIRE(config.host.set("stop-wait", "0s").has_value());
    config.plugin = Settings::defaults(plugin->descriptor().options);
    BOOST_REQUIRE(config.plugin.set("fail", fail).has_value());
    BOOST_REQUIRE(config.plugin.set("events", std::to_string(events)).has_value());
    config.egress = egress;
    config.folder = "/kept/adapter-test";
    return AdapterHost::start(std::move(config), std::move(*plugin));
  }
  sense::EgressPolicy egress;
  std::string start_refusal(std::string_view fail) {
    const auto host = start(fail);
    if (host) return "started";
    BOOST_TEST_MESSAGE(host.error().message);
    return host.error().message;
  }
};

}  // namespace

BOOST_FIXTURE_TEST_SUITE(adapter_host_tests, Fixture)

BOOST_AUTO_TEST_CASE(the_defaults_of_the_options_are_valid) {
  const auto defaults = Settings::defaults(sense::adapter_host_options());
  BOOST_CHECK_EQUAL(defaults.integer("waiting-max"), 100'000);
}

BOOST_AUTO_TEST_CASE(a_plugin_that_is_not_there_is_named_with_its_path) {
  const auto message = refusal("absent");
  BOOST_CHECK(has(message, folder + "/adapter-absent.so"));
  BOOST_CHECK(has(message, "is not there"));
}

BOOST_AUTO_TEST_CASE(a_plugin_of_another_abi_is_refused_naming_both) {
  const auto message = refusal("wrongabi");
  BOOST_CHECK(has(message, folder + "/adapter-wrongabi.so"));
  BOOST_CHECK(has(message, "'sense-adapter/0\\x0a'"));
  BOOST_CHECK(has(message, std::string("'") + sense::adapter_abi + "'"));
  BOOST_CHECK(has(message, "build the plugin again"));
  BOOST_CHECK(!has(message, "\n"));
}

BOOST_AUTO_TEST_CASE(a_module_that_is_no_adapter_is_refused) {
  BOOST_CHECK(has(refusal("noadapter"), "is no adapter"));
}

BOOST_AUTO_TEST_CASE(a_renamed_plugin_is_refused) {
  BOOST_CHECK(has(refusal("othername"), "'othername'"));
}

BOOST_AUTO_TEST_CASE(a_file_that_is_no_module_is_refused) {
  const auto path = place / "adapter-text.so";
  { std::unique_ptr<std::FILE, int (*)(std::FILE*)>(std::fopen(path.c_str(), "w"), &std::fclose); }
  BOOST_CHECK(has(refusal("text", place.string()), "cannot be loaded"));
}

BOOST_AUTO_TEST_CASE(a_plugin_that_others_could_have_written_is_refused) {
  const auto path = place / "adapter-faulty.so";
  std::filesystem::copy_file(folder + "/adapter-faulty.so", path);
  BOOST_CHECK_EQUAL(refusal("faulty", place.string()), "accepted");
  BOOST_REQUIRE_EQUAL(::chmod(path.c_str(), 0777), 0);
  BOOST_CHECK(has(refusal("faulty", place.string()), "others could have written it"));
}

BOOST_AUTO_TEST_CASE(a_name_cannot_leave_the_folder) {
  for (const auto* name : {"", "../x", "a/b", "a.b", "A", "a b", "a\n"})
    BOOST_CHECK(has(refusal(name), "is no name of an adapter"));
  BOOST_CHECK(has(refusal(std::string(65, 'a')), "is no name of an adapter"));
}

BOOST_AUTO_TEST_CASE(what_the_plugin_refuses_is_passed_on) {
  BOOST_CHECK_EQUAL(start_refusal("create"), "the option is wrong");
  BOOST_CHECK_EQUAL(start_refusal("start"), "the port is taken");
}

BOOST_AUTO_TEST_CASE(the_plugin_is_given_its_folder_and_where_it_may_connect_to) {
  BOOST_CHECK_EQUAL(start_refusal("place"), "/kept/adapter-test alone");
  egress = *sense::EgressPolicy::make({"127.0.0.1"});
  BOOST_CHECK_EQUAL(start_refusal("place"), "/kept/adapter-test and this machine");
}

BOOST_AUTO_TEST_CASE(what_the_plugin_throws_ends_in_a_sentence) {
  BOOST_CHECK(has(start_refusal("create-throws"), "threw in create()"));
  BOOST_CHECK(has(start_refusal("create-null"), "fault of the plugin"));
  BOOST_CHECK(
      has(start_refusal("start-throws"), "threw in start(): std::runtime_error: start went wrong"));
}

BOOST_AUTO_TEST_CASE(an_exception_on_the_reactor_ends_the_run_with_an_error) {
  auto host = start("reactor");
  BOOST_REQUIRE_MESSAGE(host.has_value(), host.error().message);
  const auto ended = (*host)->run();
  BOOST_REQUIRE(!ended.has_value());
  BOOST_CHECK(ended.error().code == Code::internalerror);
  BOOST_CHECK(has(ended.error().message, "reactor went wrong"));
}

BOOST_AUTO_TEST_CASE(stop_ends_a_run_from_another_thread) {
  auto host = start("nowhere");
  BOOST_REQUIRE_MESSAGE(host.has_value(), host.error().message);
  auto run = std::async(std::launch::async, [&] { return (*host)->run(); });
  (*host)->stop();
  (*host)->stop();
  BOOST_REQUIRE(run.wait_for(std::chrono::seconds{20}) == std::future_status::ready);
  BOOST_CHECK(run.get().has_value());
}

BOOST_AUTO_TEST_CASE(a_stop_without_a_broker_gives_up_what_waits) {
  auto host = start("stop-throws", 100);
  BOOST_REQUIRE_MESSAGE(host.has_value(), host.error().message);
  auto run = std::async(std::launch::async, [&] { return (*host)->run(); });
  (*host)->stop();
  BOOST_REQUIRE(run.wait_for(std::chrono::seconds{20}) == std::future_status::ready);
  BOOST_CHECK(run.get().has_value());
}

BOOST_AUTO_TEST_CASE(a_host_that_never_ran_can_be_destroyed) {
  BOOST_CHECK(start("nowhere", 10).has_value());
  BOOST_CHECK(start("stop-throws", 10).has_value());
}

BOOST_AUTO_TEST_SUITE_END()
