// SPDX-License-Identifier: Apache-2.0
#include "tests/bench/report/machine.hpp"

#include <linux/magic.h>
#include <sys/stat.h>
#include <sys/sysmacros.h>
#include <sys/utsname.h>
#include <sys/vfs.h>
#include <unistd.h>

#include <filesystem>
#include <fstream>
#include <sstream>

#include "core/base/text.hpp"

namespace sense::bench {

namespace {

constexpr auto unknown = "unknown";

std::string processor_name() {
  std::ifstream file("/proc/cpuinfo");
  for (std::string line; std::getline(file, line);)
    if (line.starts_with("model name"))
      return printable(trim(std::string_view(line).substr(line.find(':') + 1)));
  return unknown;
}

// Of the line for the folder's device in proc(5)'s mountinfo:
// "36 35 98:0 /root /mount options - type /dev/source options".
std::string disk_of(const std::string& folder) {
  struct stat about {};
  if (::stat(folder.c_str(), &about) != 0) return unknown;
  const auto device =
      std::to_string(major(about.st_dev)) + ":" + std::to_string(minor(about.st_dev));
  std::ifstream file("/proc/self/mountinfo");
  for (std::string line; std::getline(file, line);) {
    std::istringstream words(line);
    std::string skipped, number, word, type, source;
    words >> skipped >> skipped >> number;
    if (number != device) continue;
    while (words >> word && word != "-") {
    }
    words >> type >> source;
    return printable(type + " on " + std::filesystem::path(source).filename().string());
  }
  return unknown;
}

}  // namespace

Machine this_machine(const std::string& folder) {
  Machine machine;
  machine.processor = processor_name();
  machine.cores = static_cast<unsigned>(::sysconf(_SC_NPROCESSORS_ONLN));
  utsname about{};
  machine.kernel = ::uname(&about) == 0 ? "Linux " + std::string(about.release) : unknown;
  machine.disk = disk_of(folder);
  return machine;
}

bool in_memory(const std::string& folder) {
  struct statfs about {};
  return ::statfs(folder.c_str(), &about) == 0 &&
         (about.f_type == TMPFS_MAGIC || about.f_type == RAMFS_MAGIC);
}

}  // namespace sense::bench
