// SPDX-License-Identifier: Apache-2.0
#include "core/plugin/module.hpp"

#include <dlfcn.h>
#include <sys/stat.h>
#include <unistd.h>

#include <filesystem>

namespace sense {

namespace {

Status check_owner(const std::string& path) {
  struct stat info {};
  if (::stat(path.c_str(), &info) != 0)
    return fail(Code::notfound, "plugin " + path +
                                    " is not there: is `plugins` the right folder, "
                                    "and the plugin's name spelt right?");
  const bool owner_trusted = info.st_uid == 0 || info.st_uid == ::geteuid();
  // A user's private group has the user's number (pam_umask, usergroups) and no other member.
  const bool group_trusted = info.st_gid == 0 || info.st_gid == info.st_uid;
  const bool others_write =
      (info.st_mode & S_IWOTH) != 0 || (!group_trusted && (info.st_mode & S_IWGRP) != 0);
  if (!owner_trusted || others_write)
    return fail(Code::noaccess, "plugin " + path +
                                    " is not loaded: others could have written it; make root or "
                                    "this user its owner and take away the others' right to write");
  return {};
}

}  // namespace

Result<Module> Module::load(const std::string& name) {
  // A link is as trustworthy as what it leads to. A path that is not there is reported below.
  std::error_code unresolved;
  auto path = std::filesystem::canonical(name, unresolved).string();
  if (unresolved) path = name;
  if (auto status = check_owner(path); !status) return tl::unexpected(status.error());
  const auto folder = std::filesystem::path(path).parent_path().string();
  if (auto status = check_owner(folder); !status) return tl::unexpected(status.error());
  void* handle = ::dlopen(path.c_str(), RTLD_NOW | RTLD_LOCAL);
  if (handle == nullptr) {
    const char* why = ::dlerror();
    return fail(Code::system, "plugin " + path + " cannot be loaded: " + (why ? why : "unknown"));
  }
  Module module;
  module.handle_ = std::shared_ptr<void>(handle, [](void* open) { ::dlclose(open); });
  return module;
}

void* Module::symbol(const char* name) const { return ::dlsym(handle_.get(), name); }

}  // namespace sense
