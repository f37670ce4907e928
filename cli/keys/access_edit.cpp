// SPDX-License-Identifier: Apache-2.0
#include "cli/keys/access_edit.hpp"

#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <cstdio>
#include <cstring>
#include <optional>
#include <string_view>

#include "broker/security/access_file.hpp"
#include "cli/base/output.hpp"
#include "core/base/clock.hpp"
#include "core/base/file.hpp"
#include "core/base/json.hpp"

namespace sense::cli {

namespace {

constexpr std::size_t access_octets_max = 1024 * 1024;  // as the broker reads
constexpr std::string_view heading = "principals:";

std::string entry_of(const NewPrincipal& principal) {
  return "  - name: " + json_string(principal.name) + "\n    proofs: [" + principal.proof +
         "]\n    publish: " + json_array_of_texts(principal.publish) +
         "\n    subscribe: " + json_array_of_texts(principal.subscribe) + "\n";
}

// After the heading: nothing, or a comment.
bool is_heading(std::string_view line) {
  if (line.substr(0, heading.size()) != heading) return false;
  const auto rest = line.substr(heading.size());
  const auto at = rest.find_first_not_of(" \t\r");
  return at == std::string_view::npos || (at > 0 && rest[at] == '#');
}

// Where the line after the heading begins.
std::optional<std::size_t> place_in(std::string_view text) {
  for (std::size_t begin = 0; begin < text.size();) {
    const auto end = std::min(text.find('\n', begin), text.size());
    const auto next = std::min(end + 1, text.size());
    if (is_heading(text.substr(begin, end - begin))) return next;
    begin = next;
  }
  return std::nullopt;
}

Status failed_with_errno(const std::string& path, const char* what) {
  return fail(Code::system, path + " " + what + ": " + std::strerror(errno));
}

}  // namespace

Result<std::string> access_file_with(const std::string& path, const NewPrincipal& principal) {
  auto text = read_file(path, access_octets_max);
  if (!text && text.error().code != Code::notfound) return text;
  auto whole = text ? *text + (text->empty() || text->back() == '\n' ? "" : "\n")
                    : "# The principals of the bus and their rights: docs/security.md.\n" +
                          std::string(heading) + "\n";
  const auto now = system_clock().now().wall;
  const auto before = parse_access_file(whole, path, now);
  if (text && !before) return tl::unexpected(before.error());
  if (before)
    for (const auto& one : before->principals())
      if (one.name == principal.name && !one.proofs.empty())
        return fail(Code::duplicate, path + " has principal " + principal.name +
                                         " already: add the proof to its entry by hand");
  const auto place = place_in(whole);
  if (!place)
    return fail(Code::badparam, path +
                                    " has no line `principals:`: add the entry by hand, and "
                                    "leave --access-file out");
  whole.insert(*place, entry_of(principal));
  if (auto after = parse_access_file(whole, path, now); !after)
    return tl::unexpected(after.error());
  return whole;
}

Status replace_access_file(const std::string& path, const std::string& text) {
  const auto next = path + ".new";
  if (auto written = write_secret_file(next, text); !written) return written;
  struct stat present {};
  const bool exists = ::stat(path.c_str(), &present) == 0;
  if (exists && (::chown(next.c_str(), present.st_uid, present.st_gid) != 0 ||
                 ::chmod(next.c_str(), present.st_mode & 07777) != 0)) {
    const auto failed = failed_with_errno(next, "cannot get the owner and permissions");
    ::unlink(next.c_str());
    return failed;
  }
  if (::rename(next.c_str(), path.c_str()) != 0) {
    const auto failed = failed_with_errno(path, "cannot be replaced");
    ::unlink(next.c_str());
    return failed;
  }
  return {};
}

}  // namespace sense::cli
