#include "cli/daemon.hpp"

#include <sys/prctl.h>

namespace sense::cli {

Status begin_daemon(const ConfigFile& file, const std::string& name) {
  // "sense:http" in ps and top; the kernel keeps 15 characters.
  const auto process_name = "sense:" + name.substr(name.find(' ') + 1);
  ::prctl(PR_SET_NAME, process_name.c_str());
  log::configure(name, file.log_level, file.log_format);
  return enter_data(file);
}

int start_failed(const Error& error) {
  return error.code == Code::badparam ? exit_usage : exit_failed;
}

}  // namespace sense::cli
