// SPDX-License-Identifier: Apache-2.0
#include "broker/security/access_control.hpp"

#include "core/base/text.hpp"

namespace sense {

Status AccessControl::open(const BusEndpoints& endpoints, const Settings& settings,
                           zmq::socket_t& service, zmq::socket_t& events, zmq::socket_t& publish) {
  const auto& access_file = settings.text("access-file");
  const auto listeners = make_listeners(endpoints, settings.text("key-file"), access_file);
  if (!listeners) return tl::unexpected(listeners.error());
  auto authenticator = Authenticator::start(context_, access_file, counters_, &audit_);
  if (!authenticator) return tl::unexpected(authenticator.error());
  authenticator_ = std::move(*authenticator);
  version_ = authenticator_->version();
  access_ = authenticator_->access();
  rate_ = RateLimit(static_cast<std::uint64_t>(settings.integer("rate-per-principal-max")));
  if (auto status = service_.open(service, listeners->service); !status) return status;
  stream_ = std::make_unique<EventStream>(
      context_, events, *authenticator_, counters_,
      static_cast<std::size_t>(settings.integer("prefixes-per-principal-max")), &audit_);
  if (auto status = stream_->open(listeners->events, access_); !status) return status;
  if (auto status = publish_.open(publish, listeners->publish); !status) return status;
  if (listeners->public_key.empty()) return {};
  const auto unknown_key = make_key_pair();
  if (!unknown_key) return tl::unexpected(unknown_key.error());
  authenticator_->expect(unknown_key->public_key);
  return check_listeners({service_.listeners(), stream_->listeners().listeners(),
                          publish_.listeners(), listeners->public_key},
                         *unknown_key);
}

BusEndpoints AccessControl::endpoints() const {
  return {service_.endpoints(), stream_->listeners().endpoints(), publish_.endpoints()};
}

bool AccessControl::update(MonoTime now) {
  if (const auto version = authenticator_->version(); version != version_) {
    version_ = version;
    access_ = authenticator_->access();
    stream_->allow(access_, now);
  }
  stream_->receive(now);
  const bool service = service_.tick(now);
  const bool publish = publish_.tick(now);
  return stream_->tick(now) && service && publish;
}

const Principal* AccessControl::sender(const zmq::message_t& frame, MonoTime now) {
  const auto user_id = bus::user_id(frame);
  const auto* principal = access_->find(user_id);
  if (principal != nullptr) return principal;
  ++counters_["broker.requests.strangers"];
  if (const auto line = log_limit_.check(user_id, now); line.allowed)
    log::warn("a message was refused: its sender is not in the access file any more",
              {{"key", printable(user_id)}, {"suppressed", std::to_string(line.suppressed)}});
  return nullptr;
}

Result<Sender> AccessControl::speaker(const Principal& sender, const bus::OnBehalf& client) const {
  return sender_of(*access_, sender, client);
}

Result<ProofTable> AccessControl::proofs(const Sender& sender, std::string_view known) const {
  if (!sender.via.empty() || sender.rights->granted().speak_for.empty())
    return fail(Code::noaccess, "the broker's access file does not let principal " +
                                    sender.principal + " speak for others (right 'speak-for')");
  ProofTable table{run_ + "." + std::to_string(version_), {}, {}};
  if (table.version == known) return table;
  table.principals = access_->proofs_for(*sender.rights);
  for (const auto& principal : access_->principals()) {
    const auto groups = access_->groups_of(principal.name);
    if (!groups) continue;
    auto& names = table.groups[principal.name];
    for (const auto& group : *groups) names += (names.empty() ? "" : " ") + group;
  }
  return table;
}

bool AccessControl::within_rate(std::string_view account, std::size_t events, MonoTime now) {
  if (rate_.take(account, events, now)) return true;
  counters_["broker.rate.refused"] += events;
  return false;
}

}  // namespace sense
