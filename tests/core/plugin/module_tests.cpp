// SPDX-License-Identifier: Apache-2.0
#include "core/plugin/module.hpp"

#include <dlfcn.h>
#include <stdlib.h>
#include <sys/stat.h>

#include <boost/test/unit_test.hpp>
#include <filesystem>
#include <fstream>

BOOST_AUTO_TEST_SUITE(module_tests)

using namespace sense;

namespace {

// A folder with a copy of a shared object that every system has.
struct Folder {
  std::filesystem::path path;
  std::string file;

  Folder() {
    auto name = (std::filesystem::temp_directory_path() / "sense-module-XXXXXX").string();
    BOOST_REQUIRE(::mkdtemp(name.data()) != nullptr);
    path = name;
    file = (path / "gateway-copy.so").string();
    Dl_info info{};
    BOOST_REQUIRE(::dladdr(::dlsym(RTLD_DEFAULT, "cos"), &info) != 0);
    std::filesystem::copy_file(std::filesystem::canonical(info.dli_fname), file);
    BOOST_REQUIRE(::chmod(file.c_str(), 0644) == 0);
  }
  ~Folder() { std::filesystem::remove_all(path); }
  Folder(const Folder&) = delete;
  Folder& operator=(const Folder&) = delete;
};

Code code_of(const std::string& path) {
  const auto module = Module::load(path);
  BOOST_REQUIRE(!module.has_value());
  return module.error().code;
}

}  // namespace

BOOST_AUTO_TEST_CASE(exported_symbol_is_found_and_another_is_not) {
  const Folder folder;
  const auto module = Module::load(folder.file);
  BOOST_REQUIRE_MESSAGE(module.has_value(), module.error().message);
  BOOST_CHECK(module->symbol("cos") != nullptr);
  BOOST_CHECK(module->symbol("sense_gateway_descriptor") == nullptr);
}

BOOST_AUTO_TEST_CASE(missing_file_is_reported_with_its_path) {
  const Folder folder;
  const auto module = Module::load(folder.file + ".missing");
  BOOST_REQUIRE(!module.has_value());
  BOOST_CHECK(module.error().code == Code::notfound);
  BOOST_CHECK_NE(module.error().message.find(folder.file + ".missing"), std::string::npos);
}

BOOST_AUTO_TEST_CASE(file_that_is_no_shared_object_is_reported) {
  const Folder folder;
  std::ofstream(folder.file) << "no shared object";
  BOOST_CHECK(code_of(folder.file) == Code::system);
}

BOOST_AUTO_TEST_CASE(file_that_others_may_write_is_refused) {
  const Folder folder;
  ::chmod(folder.file.c_str(), 0646);
  BOOST_CHECK(code_of(folder.file) == Code::noaccess);
}

BOOST_AUTO_TEST_CASE(folder_that_others_may_write_is_refused) {
  const Folder folder;
  ::chmod(folder.path.c_str(), 01777);
  BOOST_CHECK(code_of(folder.file) == Code::noaccess);
}

BOOST_AUTO_TEST_CASE(link_is_trusted_as_far_as_the_folder_that_it_leads_to) {
  const Folder open;
  ::chmod(open.path.c_str(), 0777);
  const Folder own;
  const auto link = (own.path / "gateway-link.so").string();
  std::filesystem::create_symlink(open.file, link);
  BOOST_CHECK(code_of(link) == Code::noaccess);
}

BOOST_AUTO_TEST_CASE(bare_name_is_not_searched_for_in_the_system) {
  BOOST_CHECK(!Module::load("libm.so.6").has_value());
  BOOST_CHECK(!Module::load("").has_value());
}

BOOST_AUTO_TEST_SUITE_END()
