// SPDX-License-Identifier: Apache-2.0
#include "broker/plain_input.hpp"

#include "core/bus/zmq_socket.hpp"

namespace sense {

namespace {
constexpr int messages_at_once = 1'024;
}

Status PlainInput::open(zmq::context_t& context) {
  auto made = bus::make_socket(context, zmq::socket_type::xsub, bus::message_length_max);
  if (!made) return tl::unexpected(made.error());
  socket_ = std::move(*made);
  return {};
}

Status PlainInput::subscribe() {
  if (bus::send(socket_, {std::string_view("\x01", 1)}) == bus::Sent::queued) return {};
  return fail(Code::system, "the publish endpoint cannot subscribe to plain publishers");
}

void PlainInput::receive(MonoTime now, const Take& take, const Forward& forward) {
  for (int count = 0; count < messages_at_once; ++count) {
    auto frames = bus::receive(socket_);
    if (!frames) return;
    switch (receive_one(*frames, now, take, forward)) {
      case Fate::taken: ++counters_["broker.plain.events"]; break;
      case Fate::unsent: ++counters_["broker.plain.unsent"]; [[fallthrough]];
      case Fate::forwarded: ++counters_["broker.plain.forwarded"]; break;
      case Fate::refused: ++counters_["broker.plain.refused"]; break;
    }
  }
}

PlainInput::Fate PlainInput::receive_one(std::vector<zmq::message_t>& frames, MonoTime now,
                                         const Take& take, const Forward& forward) {
  if (frames.empty()) return Fate::refused;
  const auto topic = bus::view(frames.front());
  const auto* sender = access_.sender(frames.back(), now);
  if (sender == nullptr || topic.starts_with('\0')) return Fate::refused;
  if (!topic.starts_with('{')) {
    if (!sender->rights->may_publish_foreign()) {
      note_refused(frames.back(), *sender, topic, Code::noaccess, "no right to foreign topics",
                   now);
      return Fate::refused;
    }
    return forward(frames) ? Fate::forwarded : Fate::unsent;
  }
  if (frames.size() != 2) return Fate::refused;
  if (!access_.within_rate(sender->name, 1, now)) {
    note_refused(frames[1], *sender, topic, Code::nomoreroom,
                 "too fast (broker.rate-per-principal-max)", now);
    return Fate::taken;
  }
  take_event(topic, frames[1], *sender, take);
  return Fate::taken;
}

void PlainInput::note_refused(const zmq::message_t& frame, const Principal& sender,
                              std::string_view topic, Code code, const char* reason, MonoTime now) {
  const auto kind = AuditEntry::Kind::refused;
  if (!access_.audit().takes(kind, sender.name, now)) return;
  AuditEntry entry;
  entry.principal = sender.name;
  entry.peer = bus::peer_address(frame);
  entry.operation = "PUBLISH";
  entry.type = topic.substr(0, topic.find(' '));
  entry.code = code;
  entry.reason = reason;
  access_.audit().add(std::move(entry));
}

void PlainInput::take_event(std::string_view topic, const zmq::message_t& event,
                            const Principal& sender, const Take& take) {
  auto incoming = std::make_unique<Incoming>();
  incoming->principal = sender.name;
  incoming->rights = sender.rights;
  incoming->topic = topic;
  incoming->octets = bus::view(event);
  incoming->address = bus::peer_address(event);
  incoming->request.operation = bus::Operation::publish;
  incoming->request.events.emplace_back(incoming->octets);
  take(std::move(incoming));
}

}  // namespace sense
