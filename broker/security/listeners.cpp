// SPDX-License-Identifier: Apache-2.0
#include "broker/security/listeners.hpp"

#include "broker/security/listener_check.hpp"
#include "core/base/text.hpp"

namespace sense {

namespace {

Status missing(const std::string& endpoint) {
  return fail(
      Code::badparam,
      "the endpoint " + printable(endpoint) +
          " needs keys. Run `sense keys new broker --file /etc/sense/broker.key` and set "
          "broker.key-file to it; on each client run `sense keys new NAME --file NAME.key` and put "
          "the line that it prints under `principals:` in a file that broker.allow-file names "
          "(docs/security.md). Or set bus.allow-plaintext-tcp to true if the network is yours");
}

}  // namespace

Result<Doors> make_doors(const BusEndpoints& endpoints, const std::string& key_file,
                         const std::string& allow_file) {
  Doors doors;
  KeyPair keys;
  const auto add = [&](std::vector<bus::Door>& to, const std::string& list,
                       std::string_view role) -> Status {
    for (auto& endpoint : endpoint_list(list)) {
      const bool locked = is_tcp(endpoint) && !endpoints.keys.plaintext_tcp;
      if (locked && (key_file.empty() || allow_file.empty())) return missing(endpoint);
      if (locked && keys.secret_key.empty()) {
        auto read = read_key_file(key_file);
        if (!read) return tl::unexpected(read.error());
        keys = std::move(*read);
      }
      to.push_back({std::move(endpoint), role, locked ? keys.secret_key : ""});
    }
    return {};
  };
  if (auto good = add(doors.service, endpoints.service, "service"); !good)
    return tl::unexpected(good.error());
  if (auto good = add(doors.events, endpoints.events, "events"); !good)
    return tl::unexpected(good.error());
  if (auto good = add(doors.publish, endpoints.publish, "publish"); !good)
    return tl::unexpected(good.error());
  doors.public_key = keys.public_key;
  return doors;
}

Status check_doors(const Doors& doors, const KeyPair& stranger) {
  for (const auto* group : {&doors.service, &doors.events, &doors.publish})
    for (const auto& door : *group)
      if (!door.secret_key.empty())
        if (auto good = check_door(door.endpoint, door.role, doors.public_key, stranger); !good)
          return good;
  return {};
}

}  // namespace sense
