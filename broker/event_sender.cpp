// SPDX-License-Identifier: Apache-2.0
#include "broker/event_sender.hpp"

#include "core/bus/zmq_socket.hpp"

namespace sense {

namespace {
constexpr std::size_t big_octets_max = 64 * 1024 * 1024;  // in messages of a single big event
}

void EventSender::send(const Outgoing& out, MonoTime now) {
  for (const auto& publication : out.publications)
    if (!send_publication(publication.topic, out.octets_of(publication)))
      ++counters_["broker.events.unsent"];
  if (out.watermark.empty()) return;
  send_watermark(out.watermark, now);
  head_ = out.head;
}

// libzmq bounds the messages queued for a slow subscriber by count. A single event may be big, so
// octets are bounded here; an event beyond the bound is not sent, and subscribers fetch it.
bool EventSender::send_publication(const std::string& topic, std::string_view octets) {
  if (octets.size() <= bus::publication_octets_max)
    return bus::send(socket_, {topic, octets}) == bus::Sent::queued;
  if (big_octets_->load() + octets.size() > big_octets_max) return false;
  *big_octets_ += octets.size();
  const auto release = [held = big_octets_](const std::string* big) {
    *held -= big->size();
    delete big;
  };
  return bus::send(socket_, {topic},
                   std::shared_ptr<const std::string>(new std::string(octets), release)) ==
         bus::Sent::queued;
}

void EventSender::send_watermark(const std::string& watermark, MonoTime now) {
  if (bus::send(socket_, {bus::watermark_topic, watermark}) != bus::Sent::queued)
    ++counters_["broker.events.unsent"];
  watermark_sent_ = now;
}

void EventSender::tick(MonoTime now) {
  if (now - watermark_sent_ >= heartbeat)
    send_watermark(bus::encode(bus::Watermark{head_, head_, {}}), now);
}

bool EventSender::forward(std::vector<zmq::message_t>& frames) {
  return bus::forward(socket_, frames) == bus::Sent::queued;
}

}  // namespace sense
