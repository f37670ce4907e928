// SPDX-License-Identifier: Apache-2.0
#include "broker/external/external_link.hpp"

#include <algorithm>

#include "broker/external/external_topic.hpp"
#include "broker/security/rights.hpp"
#include "core/base/random.hpp"
#include "core/base/text.hpp"
#include "core/bus/zmq_socket.hpp"
#include "core/event/record.hpp"

namespace sense {

namespace {
constexpr int take_at_once = 1'000;
constexpr int unread_max = 10'000;  // messages
}  // namespace

Status ExternalLink::open(const ExternalBus& external) {
  external_ = external;
  prefix_ = "{" + external.ns + "}";
  // The proxy is operated by another party and has no SENSE keys.
  BusKeys plain;
  plain.plaintext_tcp = true;
  if (takes()) {
    auto made = bus::make_socket(context_, zmq::socket_type::sub, bus::message_length_max);
    if (!made) return tl::unexpected(made.error());
    take_ = std::move(*made);
    // Before connect: with the default, subscriptions beyond 1,000 are lost.
    take_.set(zmq::sockopt::sndhwm, 0);
    take_.set(zmq::sockopt::rcvhwm, unread_max);
    for (const auto& topic : external.take) take_.set(zmq::sockopt::subscribe, topic);
    if (auto status = bus::connect(take_, external.events, plain); !status) return status;
  }
  if (external.publish.empty()) return {};
  auto made = bus::make_socket(context_, zmq::socket_type::pub, bus::message_length_max);
  if (!made) return tl::unexpected(made.error());
  give_ = std::move(*made);
  return bus::connect(give_, external.publish, plain);
}

void ExternalLink::note_unmapped(std::string_view topic) {
  ++counters_["broker.external.unmapped"];
  if (const auto line = log_limit_.check("", mono_now()); line.allowed)
    log::warn(
        "a message of the external bus cannot become an event: its topic is empty or too "
        "long, or it is too big",
        {{"topic", printable(topic.substr(0, 100))},
         {"suppressed", std::to_string(line.suppressed)}});
}

std::vector<IncomingRef> ExternalLink::take(WallTime now, const RightsRef& rights) {
  std::vector<IncomingRef> taken;
  for (int count = 0; count < take_at_once; ++count) {
    const auto message = bus::receive(take_);
    if (!message) break;
    std::vector<std::string_view> frames;
    for (const auto& frame : *message) frames.push_back(bus::view(frame));
    const auto topic = frames.empty() ? std::string_view() : frames.front();
    auto event = frames.empty()
                     ? std::nullopt
                     : event_of_message(external_.ns, topic, std::span(frames).subspan(1));
    if (!event) {
      note_unmapped(topic);
      continue;
    }
    event->id = make_ulid(now);
    auto incoming = std::make_unique<Incoming>();
    incoming->principal = principal_external;
    incoming->rights = rights;
    incoming->topic = topic_of(*event);
    incoming->octets = encode(*event);
    incoming->request.operation = bus::Operation::publish;
    incoming->request.events.emplace_back(incoming->octets);
    taken.push_back(std::move(incoming));
  }
  counters_["broker.external.taken"] += taken.size();
  return taken;
}

bool ExternalLink::gives(std::string_view topic) const {
  return std::any_of(external_.give.begin(), external_.give.end(),
                     [&](const auto& prefix) { return topic.starts_with(prefix); });
}

void ExternalLink::give(const Outgoing& out) {
  if (external_.publish.empty()) return;
  for (const auto& publication : out.publications) {
    if (!publication.topic.starts_with(prefix_)) continue;
    const auto records = split_records(out.octets_of(publication));
    if (!records) continue;
    for (const auto& record : *records) {
      if (record.principal == principal_external) continue;
      const auto event = decode_record(record);
      if (!event) continue;
      // Text has no escapes: without a namespace, it is a topic as it is.
      const auto name = event->type.local();
      const bool text = name == event->type.display();
      const auto topic = text ? std::string(name) : external_topic_of(name);
      if (!gives(topic)) continue;
      std::vector<std::string_view> frames = {topic};
      for (const auto frame : frames_of_event(*event)) frames.push_back(frame);
      const bool sent = bus::send(give_, frames) == bus::Sent::queued;
      ++counters_[sent ? "broker.external.given" : "broker.external.ungiven"];
    }
  }
}

}  // namespace sense
