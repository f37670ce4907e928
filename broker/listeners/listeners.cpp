// SPDX-License-Identifier: Apache-2.0
#include "broker/listeners/listeners.hpp"

#include "broker/listeners/listener_check.hpp"
#include "core/base/text.hpp"

namespace sense {

namespace {

Status missing(const std::string& endpoint) {
  return fail(
      Code::badparam,
      "the endpoint " + printable(endpoint) +
          " needs keys. Run `sense keys new broker --file /etc/sense/broker.key` and set "
          "broker.key-file to it; on each client run `sense keys new NAME --file NAME.key` and put "
          "the line that it prints under `principals:` in a file that broker.access-file names "
          "(docs/security.md). Or set bus.allow-plaintext-tcp to true if the network is yours");
}

}  // namespace

Result<Listeners> make_listeners(const BusEndpoints& endpoints, const std::string& key_file,
                                 const std::string& access_file) {
  Listeners listeners;
  KeyPair keys;
  const auto add = [&](std::vector<bus::Listener>& to, const std::string& list,
                       std::string_view role) -> Status {
    for (auto& endpoint : endpoint_list(list)) {
      const bool curve = is_tcp(endpoint) && !endpoints.keys.plaintext_tcp;
      if (curve && (key_file.empty() || access_file.empty())) return missing(endpoint);
      if (curve && keys.secret_key.empty()) {
        auto read = read_key_file(key_file);
        if (!read) return tl::unexpected(read.error());
        keys = std::move(*read);
      }
      to.push_back({std::move(endpoint), role, curve ? keys.secret_key : ""});
    }
    return {};
  };
  if (auto good = add(listeners.service, endpoints.service, "service"); !good)
    return tl::unexpected(good.error());
  if (auto good = add(listeners.events, endpoints.events, "events"); !good)
    return tl::unexpected(good.error());
  if (auto good = add(listeners.publish, endpoints.publish, "publish"); !good)
    return tl::unexpected(good.error());
  listeners.public_key = keys.public_key;
  return listeners;
}

Status check_listeners(const Listeners& listeners, const KeyPair& unknown_key) {
  for (const auto* group : {&listeners.service, &listeners.events, &listeners.publish})
    for (const auto& listener : *group)
      if (!listener.secret_key.empty())
        if (auto good =
                check_listener(listener.endpoint, listener.role, listeners.public_key, unknown_key);
            !good)
          return good;
  return {};
}

}  // namespace sense
