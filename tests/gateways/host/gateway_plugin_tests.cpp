// SPDX-License-Identifier: Apache-2.0
#include <sys/stat.h>
#include <unistd.h>

#include <boost/test/unit_test.hpp>
#include <filesystem>
#include <fstream>

#include "gateways/host/host.hpp"
#include "tests/paths.hpp"
#include "tests/skip.hpp"

using sense::GatewayPlugin;

namespace {

const std::string folder = sense::testing::in_build("tests/gateways/host/modules");

struct Fixture {
  std::filesystem::path place = std::filesystem::temp_directory_path() /
                                ("sense_gateway_plugin_tests_" + std::to_string(::getpid()));
  Fixture() { std::filesystem::create_directories(place); }
  ~Fixture() { std::filesystem::remove_all(place); }

  static std::string refusal(const std::string& name, const std::string& from = folder) {
    const auto plugin = GatewayPlugin::load(from, name);
    if (plugin) return "accepted";
    BOOST_TEST_MESSAGE(plugin.error().message);
    return plugin.error().message;
  }
  [[nodiscard]] std::filesystem::path copy() const {
    const auto path = place / "gateway-recorder.so";
    std::filesystem::copy_file(folder + "/gateway-recorder.so", path);
    return path;
  }
};

bool has(const std::string& text, std::string_view part) {
  return text.find(part) != std::string::npos;
}

}  // namespace

BOOST_FIXTURE_TEST_SUITE(gateway_plugin_tests, Fixture)

BOOST_AUTO_TEST_CASE(a_gateway_is_loaded_with_its_descriptor) {
  const auto plugin = GatewayPlugin::load(folder, "recorder");
  BOOST_REQUIRE_MESSAGE(plugin.has_value(), plugin.error().message);
  BOOST_CHECK_EQUAL(plugin->descriptor().name, "recorder");
}

BOOST_AUTO_TEST_CASE(a_plugin_that_is_not_there_is_named_with_its_path) {
  const auto message = refusal("absent");
  BOOST_CHECK(has(message, folder + "/gateway-absent.so"));
  BOOST_CHECK(has(message, "is not there"));
}

BOOST_AUTO_TEST_CASE(a_plugin_of_another_abi_is_refused_naming_both) {
  const auto message = refusal("wrongabi");
  BOOST_CHECK(has(message, "'sense-gateway/0\\x0a'"));
  BOOST_CHECK(has(message, std::string("'") + sense::gateway_abi + "'"));
  BOOST_CHECK(has(message, "build the plugin again"));
  BOOST_CHECK(!has(message, "\n"));
}

BOOST_AUTO_TEST_CASE(a_module_that_is_no_gateway_is_refused) {
  BOOST_CHECK(has(refusal("nogateway"), "is no gateway"));
}

BOOST_AUTO_TEST_CASE(a_renamed_plugin_is_refused) {
  BOOST_CHECK(has(refusal("othername"), "'othername'"));
}

BOOST_AUTO_TEST_CASE(a_file_that_is_no_module_is_refused) {
  std::ofstream(place / "gateway-text.so") << "text";
  BOOST_CHECK(has(refusal("text", place.string()), "cannot be loaded"));
}

BOOST_AUTO_TEST_CASE(a_plugin_that_others_could_have_written_is_refused) {
  const auto path = copy();
  BOOST_CHECK_EQUAL(refusal("recorder", place.string()), "accepted");
  BOOST_REQUIRE_EQUAL(::chmod(path.c_str(), 0757), 0);
  BOOST_CHECK(has(refusal("recorder", place.string()), "others could have written it"));
}

BOOST_AUTO_TEST_CASE(a_plugin_that_a_group_could_have_written_is_refused) {
  const auto path = copy();
  BOOST_REQUIRE_EQUAL(::chmod(path.c_str(), 0775), 0);
  // Only root can give a file to a group that is not this user's own.
  if (::chown(path.c_str(), static_cast<uid_t>(-1), 65533) != 0)
    return sense::testing::skip("this user cannot give a file to another group");
  BOOST_CHECK(has(refusal("recorder", place.string()), "others could have written it"));
}

BOOST_AUTO_TEST_CASE(a_plugin_in_a_folder_that_others_write_is_refused) {
  BOOST_REQUIRE(!copy().empty());
  BOOST_REQUIRE_EQUAL(::chmod(place.c_str(), 0777), 0);
  BOOST_CHECK(has(refusal("recorder", place.string()), "others could have written it"));
}

BOOST_AUTO_TEST_CASE(a_name_cannot_leave_the_folder) {
  for (const auto* name : {"", "../x", "a/b", "a.b", "A", "a b", "a\n"})
    BOOST_CHECK(has(refusal(name), "is no name of a gateway"));
  BOOST_CHECK(has(refusal(std::string(65, 'a')), "is no name of a gateway"));
}

BOOST_AUTO_TEST_SUITE_END()
