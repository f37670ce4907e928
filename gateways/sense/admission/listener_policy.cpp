// SPDX-License-Identifier: Apache-2.0
#include "gateways/sense/admission/listener_policy.hpp"

#include <algorithm>
#include <set>

#include "core/base/text.hpp"
#include "gateways/sense/model/peer_identity.hpp"

namespace sense::datagram {

namespace {

constexpr std::uint32_t rate_max = 1'000'000;
constexpr std::size_t networks_max = 64;

tl::unexpected<Error> refuse(std::string_view entry, const std::string& why) {
  return fail(Code::badparam, "listen: '" + printable(entry.substr(0, 200)) + "': " + why);
}

std::string quoted(std::string_view text) { return "'" + printable(text.substr(0, 80)) + "'"; }

Status read_rate(std::string_view value, ListenerPolicy& policy) {
  const auto rate = parse_integer<std::uint32_t>(value, 0, rate_max);
  if (!rate)
    return fail(Code::badparam,
                "rate=" + quoted(value) + " is not a whole number from 0 (no limit) to 1000000");
  policy.rate = *rate;
  return {};
}

Status read_networks(std::string_view value, ListenerPolicy& policy) {
  const auto pieces = split(value, ',');
  if (pieces.size() > networks_max) return fail(Code::badparam, "from= has more than 64 networks");
  for (const auto piece : pieces) {
    const auto network = Network::parse(piece);
    if (!network)
      return fail(Code::badparam, "from=: " + quoted(piece) + " " + network.error().message +
                                      "; write networks such as from=10.0.0.0/8,fd00::/8");
    policy.from.push_back(*network);
  }
  return {};
}

Status read_only_value(std::string_view name, std::string_view value, std::string_view known) {
  if (value == known) return {};
  return fail(Code::badparam, std::string(name) + "=" + quoted(value) + " is not known; write " +
                                  std::string(name) + "=" + std::string(known) +
                                  ", or leave it out");
}

Status read_option(std::string_view option, std::set<std::string>& seen, ListenerPolicy& policy) {
  static const std::vector<std::string> names = {"key",      "dtls", "publish",
                                                 "register", "from", "rate"};
  const auto equals = option.find('=');
  const std::string name(option.substr(0, equals));
  const auto value = equals == std::string_view::npos ? "" : option.substr(equals + 1);
  if (std::find(names.begin(), names.end(), name) == names.end()) {
    const auto close = nearest(name, names);
    return fail(Code::badparam,
                "unknown option " + quoted(option) +
                    (close.empty() ? "; known are key=required, dtls=required, publish=no, "
                                     "register=no, from=NETWORKS and rate=NUMBER"
                                   : "; did you mean '" + close + "='?"));
  }
  if (!seen.insert(name).second)
    return fail(Code::badparam, "the option '" + name + "=' is given twice");
  if (name == "from") return read_networks(value, policy);
  if (name == "rate") return read_rate(value, policy);
  const bool required = name == "key" || name == "dtls";
  if (auto good = read_only_value(name, value, required ? "required" : "no"); !good) return good;
  if (name == "key") policy.key_required = true;
  if (name == "dtls") policy.dtls_required = true;
  if (name == "publish") policy.may_publish = false;
  if (name == "register") policy.may_register = false;
  return {};
}

// An option that has no effect at this kind of address would give a false sense of protection.
Status check_networks(const ListenEntry& entry) {
  if (entry.policy.from.empty()) return {};
  switch (entry.endpoint.kind()) {
    case TransportKind::unix_path:
      return fail(Code::badparam,
                  "from= names networks; access to a path is controlled by the permissions of its "
                  "folder");
    case TransportKind::ddp:
      return fail(Code::badparam, "from= names networks of IP; AppleTalk has none");
    default: return {};
  }
}

}  // namespace

bool ListenerPolicy::admits(const Endpoint& sender) const {
  if (from.empty()) return true;
  const auto address = ip_address_of(sender);
  return address && std::any_of(from.begin(), from.end(),
                                [&](const Network& network) { return network.contains(*address); });
}

Status ListenerPolicy::may_request(Kind kind, bool keyed) const {
  if (kind == Kind::parameters) return {};
  if (dtls_required)
    return fail(Code::noaccess, "nothing is served here in the clear; use sense+dtls://");
  if (key_required && !keyed) return fail(Code::noaccess, "only keyed messages are served here");
  if (kind == Kind::publish && !may_publish)
    return fail(Code::noaccess, "no events are taken here");
  if (kind == Kind::register_ && !may_register)
    return fail(Code::noaccess, "this listener takes no subscriptions");
  return {};
}

Result<ListenEntry> read_listen_entry(std::string_view text) {
  ListenEntry entry;
  entry.address = listen_name(text);
  if (entry.address.empty())
    return refuse(text, "an address and port such as 127.0.0.1:7367 is missing");
  auto endpoint = parse_listen(text);
  if (!endpoint) return tl::unexpected(endpoint.error());
  entry.endpoint = std::move(*endpoint);
  std::set<std::string> seen;
  for (auto rest = trim(trim(text).substr(entry.address.size())); !rest.empty();) {
    const auto option = rest.substr(0, rest.find_first_of(" \t"));
    if (auto good = read_option(option, seen, entry.policy); !good)
      return refuse(text, good.error().message);
    rest = trim(rest.substr(option.size()));
  }
  if (entry.policy.dtls_required && entry.endpoint.dtls())
    return refuse(text, "dtls=required is for addresses without DTLS; this one has it");
  if (auto good = check_networks(entry); !good) return refuse(text, good.error().message);
  return entry;
}

}  // namespace sense::datagram
