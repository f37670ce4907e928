// SPDX-License-Identifier: Apache-2.0
#include "broker/security/event_stream.hpp"

#include "core/base/text.hpp"

namespace sense {

namespace {

using Verdict = SubscriptionGate::Verdict;

constexpr int queue_max = 1'000;  // messages waiting for one subscriber
constexpr int drain_max = 100'000;
constexpr auto suspension = std::chrono::seconds{60};

}  // namespace

EventStream::EventStream(zmq::context_t& context, zmq::socket_t& socket,
                         Authenticator& authenticator, Counters& counters, std::size_t units_max,
                         AuditTrail* audit)
    : context_(context),
      socket_(socket),
      authenticator_(authenticator),
      counters_(counters),
      audit_(audit),
      gate_(units_max),
      listeners_(counters) {}

Status EventStream::make() {
  manual_ = access_->restricts_subscriptions();
  auto made = bus::make_socket(context_, zmq::socket_type::xpub, subscription_octets_max);
  if (!made) return tl::unexpected(made.error());
  socket_ = std::move(*made);
  socket_.set(zmq::sockopt::sndhwm, queue_max);
  // Reports every subscription, also one that another peer has already.
  socket_.set(zmq::sockopt::xpub_verboser, 1);
  if (manual_) socket_.set(zmq::sockopt::xpub_manual, 1);
  gate_.forget();
  return {};
}

Status EventStream::open(const std::vector<bus::Listener>& listeners,
                         std::shared_ptr<const AccessList> access) {
  access_ = std::move(access);
  if (auto status = make(); !status) return status;
  return listeners_.open(socket_, listeners);
}

void EventStream::allow(std::shared_ptr<const AccessList> access, MonoTime now) {
  const auto before = std::exchange(access_, std::move(access));
  if (manual_ != access_->restricts_subscriptions() || subscriptions_change(*before, *access_))
    replace(now);
}

void EventStream::replace(MonoTime now) {
  ++counters_["broker.events.rebound"];
  // First: no peer receives with the former rights, and its descriptor becomes free.
  socket_.close();
  make_again(now);
  (void)tick(now);
  replaced_ = true;
}

void EventStream::make_again(MonoTime now) {
  tried_ = now;
  const auto status = make();
  if (status) return listeners_.on_replaced(now);
  ++counters_["broker.events.unmade"];
  if (const auto line = log_limit_.check("socket", now); line.allowed)
    log::error(
        "there is no live stream until its socket can be made; retrying",
        {{"reason", status.error().message}, {"suppressed", std::to_string(line.suppressed)}});
}

bool EventStream::tick(MonoTime now) {
  if (socket_.handle() == nullptr && now - tried_ >= make_interval) make_again(now);
  // The network thread comes again within its longest wait.
  return socket_.handle() == nullptr || listeners_.tick(now);
}

void EventStream::receive(MonoTime now) {
  if (socket_.handle() == nullptr) return;
  gate_.begin();
  replaced_ = false;
  int count = 0;
  while (count < drain_max) {
    const auto frames = bus::receive(socket_);
    if (!frames) break;
    ++count;
    judge(*frames, now);
    if (replaced_) return;
  }
  if (manual_ && (gate_.spoilt() || count == drain_max)) replace(now);
}

void EventStream::judge(const std::vector<zmq::message_t>& frames, MonoTime now) {
  ++counters_["broker.subscriptions.seen"];
  // More than one frame, or none because there were too many: not a subscription.
  const auto octets = frames.size() == 1 ? bus::view(frames[0]) : std::string_view();
  const auto user_id = frames.empty() ? std::string_view("?") : bus::user_id(frames[0]);
  const auto* principal = access_->find(user_id);
  const auto verdict = gate_.judge(octets, user_id, principal ? principal->rights.get() : nullptr);
  const auto topic = octets.substr(std::min<std::size_t>(octets.size(), 1));
  switch (verdict) {
    case Verdict::add:
      if (manual_) socket_.set(zmq::sockopt::subscribe, topic);
      return;
    case Verdict::remove:
      if (manual_) socket_.set(zmq::sockopt::unsubscribe, topic);
      return;
    case Verdict::ignore: return;
    case Verdict::refuse: return refuse(frames[0], topic, now);
    case Verdict::excess: return on_excess(frames[0], now);
    case Verdict::foreign: return on_foreign(user_id, now);
  }
}

std::string EventStream::name_of(std::string_view user_id) const {
  const auto* principal = access_->find(user_id);
  return principal != nullptr ? principal->name : std::string(user_id);
}

void EventStream::note_refused(const zmq::message_t& frame, std::string_view topic, Code code,
                               const char* reason, MonoTime now) {
  const auto* principal = access_->find(bus::user_id(frame));
  const auto name = principal != nullptr ? principal->name : std::string();
  if (audit_ == nullptr || !audit_->takes(AuditEntry::Kind::refused, name, now)) return;
  AuditEntry entry;
  entry.principal = name;
  entry.peer = bus::peer_address(frame);
  entry.operation = "SUBSCRIBE";
  entry.type = topic;
  entry.code = code;
  entry.reason = reason;
  audit_->add(std::move(entry));
}

void EventStream::refuse(const zmq::message_t& frame, std::string_view topic, MonoTime now) {
  const auto user_id = bus::user_id(frame);
  ++counters_["broker.subscriptions.refused"];
  note_refused(frame, topic, Code::noaccess, "no right to subscribe to it", now);
  if (const auto line = log_limit_.check(user_id, now); line.allowed)
    log::warn("a subscription was refused: its principal has no right to it",
              {{"principal", name_of(user_id)},
               {"prefix", printable(topic.substr(0, 200))},
               {"suppressed", std::to_string(line.suppressed)}});
}

// Frequent reconnecting exhausts the quota, too: at the first excess the counting is restarted.
void EventStream::on_excess(const zmq::message_t& frame, MonoTime now) {
  const auto user_id = bus::user_id(frame);
  ++counters_["broker.subscriptions.excess"];
  note_refused(frame, {}, Code::nomoreroom,
               "too many subscriptions (broker.prefixes-per-principal-max)", now);
  auto& recounted = recounted_[std::string(user_id)];
  if (recounted != MonoTime{} && now - recounted < suspension)
    suspend_access(user_id, "it has too many subscriptions: broker.prefixes-per-principal-max",
                   now);
  recounted = now;
  replace(now);
}

void EventStream::on_foreign(std::string_view user_id, MonoTime now) {
  ++counters_["broker.subscriptions.foreign"];
  // Harmful to a manual socket only, which is then replaced; see SubscriptionGate.
  if (manual_ && user_id != principal_local)
    suspend_access(user_id, "it sent a message that is not a subscription", now);
}

void EventStream::suspend_access(std::string_view user_id, const char* why, MonoTime now) {
  authenticator_.suspend_from_events(std::string(user_id), now + suspension);
  log::warn("a principal is suspended from the live stream for a minute",
            {{"principal", name_of(user_id)}, {"why", why}});
}

}  // namespace sense
