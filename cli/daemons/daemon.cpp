// SPDX-License-Identifier: Apache-2.0
#include "cli/daemons/daemon.hpp"

#include <sys/prctl.h>
#include <sys/resource.h>

namespace sense::cli {

namespace {

// Each client needs one to three file descriptors, and the default limit is low.
void allow_many_files() {
  rlimit limit{};
  if (::getrlimit(RLIMIT_NOFILE, &limit) != 0) return;
  limit.rlim_cur = limit.rlim_max;
  ::setrlimit(RLIMIT_NOFILE, &limit);
}

}  // namespace

Status begin_daemon(const ConfigFile& file, const std::string& name) {
  // "sense:http" in ps and top; the kernel keeps 15 characters.
  const auto process_name = "sense:" + name.substr(name.find(' ') + 1);
  ::prctl(PR_SET_NAME, process_name.c_str());
  log::configure(name, file.log_level, file.log_format);
  allow_many_files();
  return enter_data(file);
}

int start_failed(const Error& error) {
  return error.code == Code::badparam ? exit_usage : exit_failed;
}

}  // namespace sense::cli
