// SPDX-License-Identifier: Apache-2.0
#include "broker/security/access_control.hpp"

#include "core/base/text.hpp"

namespace sense {

namespace {

Status bind_all(zmq::socket_t& socket, std::vector<bus::Door>& doors) {
  for (auto& door : doors) {
    if (auto status = bus::bind(socket, door); !status) return status;
    door.endpoint = socket.get(zmq::sockopt::last_endpoint);
  }
  return {};
}

std::string joined(const std::vector<bus::Door>& doors) {
  std::string list;
  for (const auto& door : doors) list += (list.empty() ? "" : ",") + door.endpoint;
  return list;
}

}  // namespace

Status Guard::open(const BusEndpoints& endpoints, const Settings& settings, zmq::socket_t& service,
                   zmq::socket_t& events, zmq::socket_t& publish) {
  const auto& allow_file = settings.text("allow-file");
  auto doors = make_doors(endpoints, settings.text("key-file"), allow_file);
  if (!doors) return tl::unexpected(doors.error());
  doors_ = std::move(*doors);
  auto authenticator = Authenticator::start(context_, allow_file, counters_);
  if (!authenticator) return tl::unexpected(authenticator.error());
  authenticator_ = std::move(*authenticator);
  version_ = authenticator_->version();
  access_ = authenticator_->access();
  rate_ = RateLimit(static_cast<std::uint64_t>(settings.integer("rate-per-principal-max")));
  if (auto status = bind_all(service, doors_.service); !status) return status;
  stream_ = std::make_unique<EventStream>(
      context_, events, *authenticator_, counters_,
      static_cast<std::size_t>(settings.integer("prefixes-per-principal-max")));
  if (auto status = stream_->open(doors_.events, access_); !status) return status;
  doors_.events = stream_->doors();
  if (auto status = bind_all(publish, doors_.publish); !status) return status;
  if (doors_.public_key.empty()) return {};
  const auto stranger = make_key_pair();
  if (!stranger) return tl::unexpected(stranger.error());
  authenticator_->expect(stranger->public_key);
  return check_doors(doors_, *stranger);
}

BusEndpoints Guard::endpoints() const {
  return {joined(doors_.service), joined(doors_.events), joined(doors_.publish)};
}

bool Guard::look(MonoTime now) {
  if (const auto version = authenticator_->version(); version != version_) {
    version_ = version;
    access_ = authenticator_->access();
    stream_->allow(access_, now);
  }
  stream_->receive(now);
  return stream_->tick(now);
}

const Principal* Guard::sender(const zmq::message_t& frame, MonoTime now) {
  const auto user_id = bus::user_id(frame);
  const auto* principal = access_->find(user_id);
  if (principal != nullptr) return principal;
  ++counters_["broker.requests.strangers"];
  if (const auto line = log_limit_.check(user_id, now); line.allowed)
    log::warn("a message was refused: its sender is no longer in the allow file",
              {{"key", printable(user_id)}, {"suppressed", std::to_string(line.suppressed)}});
  return nullptr;
}

bool Guard::within_rate(const Principal& principal, std::size_t events, MonoTime now) {
  if (rate_.take(principal.name, events, now)) return true;
  counters_["broker.rate.refused"] += events;
  return false;
}

}  // namespace sense
