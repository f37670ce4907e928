// SPDX-License-Identifier: Apache-2.0
#include "core/bus/stream_reader.hpp"

#include "core/base/log.hpp"
#include "core/bus/zmq_socket.hpp"
#include "core/event/record.hpp"

namespace sense::bus {

namespace {

constexpr int events_unread_max = 1'000;  // messages
constexpr int messages_at_once = 1'024;
constexpr std::size_t fetch_octets = 4 * 1024 * 1024;
constexpr auto retry_after = std::chrono::seconds{1};
constexpr auto pause_max = std::chrono::milliseconds{500};

// An unreadable event is logged and omitted, so that it does not stop the events behind it.
Result<std::vector<EventRef>> decode_records(std::string_view octets) {
  const auto records = split_records(octets);
  if (!records) return tl::unexpected(records.error());
  std::vector<EventRef> events;
  events.reserve(records->size());
  CheckedNames names;
  for (const auto& record : *records) {
    auto event = std::make_shared<Event>();
    if (auto status = decode_record(record, names, *event))
      events.push_back(std::move(event));
    else
      log::error(
          "an event in the journal cannot be read; it is skipped",
          {{"sequence", std::to_string(record.sequence)}, {"reason", status.error().message}});
  }
  return events;
}

}  // namespace

Result<JournalReader::FetchReply> read_fetched(const Reply& reply) {
  auto events = decode_records(reply.records);
  if (!events) return tl::unexpected(events.error());
  return JournalReader::FetchReply{std::move(*events), reply.next, reply.first, reply.head};
}

StreamReader::StreamReader(zmq::context_t& context, const BusOptions& options,
                           RequestSender& requests)
    : context_(context), options_(options), requests_(requests) {}

Status StreamReader::connect() {
  auto made = make_socket(context_, zmq::socket_type::sub, message_length_max);
  if (!made) return tl::unexpected(made.error());
  // Before connect: with the default, subscriptions beyond 1,000 are lost.
  made->set(zmq::sockopt::sndhwm, 0);
  made->set(zmq::sockopt::rcvhwm, events_unread_max);
  made->set(zmq::sockopt::subscribe, std::string(watermark_topic));
  for (const auto& prefix : subscribed_) made->set(zmq::sockopt::subscribe, prefix);
  if (auto status = bus::connect(*made, options_.events, options_.keys); !status) return status;
  socket_ = std::move(*made);
  return {};
}

void StreamReader::follow(std::uint64_t position, std::vector<std::string> prefixes,
                          Handler handler) {
  if (stopped_) return;
  subscribe(prefixes);
  handler_ = std::move(handler);
  follower_.follow(position, std::move(prefixes));
  resumed_ = true;
}

void StreamReader::subscribe(const std::vector<std::string>& prefixes) {
  std::set<std::string> wanted;
  for (const auto& prefix : prefixes) wanted.insert(prefix.substr(0, subscribed_prefix_max));
  for (const auto& prefix : wanted)
    if (!subscribed_.contains(prefix)) socket_.set(zmq::sockopt::subscribe, prefix);
  for (const auto& prefix : subscribed_)
    if (!wanted.contains(prefix)) socket_.set(zmq::sockopt::unsubscribe, prefix);
  subscribed_ = std::move(wanted);
}

// The broker sends a heartbeat each half second. What was missed meanwhile, the next watermark
// tells.
void StreamReader::look_for_silence(MonoTime now) {
  // After a pause of this thread, too: what came meanwhile is not read yet.
  if (leaves_stream() || now - looked_ > pause_max) heard_ = now;
  looked_ = now;
  if (now - heard_ < options_.reconnect_after) return;
  heard_ = now;
  (void)connect();
}

void StreamReader::tick(MonoTime now) {
  look_for_silence(now);
  if (resumed_) {
    if (auto batch = follower_.next_batch()) {
      resumed_ = false;
      options_.executor(
          [handler = handler_, batch = std::move(*batch)]() mutable { handler(std::move(batch)); });
    }
  }
  if (retry_ && now >= retry_->first) fetch(std::exchange(retry_, std::nullopt)->second);
  if (const auto wanted = follower_.next_fetch()) fetch(*wanted);
}

void StreamReader::fetch(Follower::Fetch wanted) {
  Request request;
  request.operation = Operation::fetch;
  request.client.gateway = options_.process;
  request.id = requests_.next_id();
  request.from = wanted.from;
  request.bytes_max = fetch_octets;
  const auto& prefixes = follower_.prefixes();
  request.prefixes.assign(prefixes.begin(), prefixes.end());
  // Too many prefixes for a request: fetch all types; the follower selects its own.
  if (prefixes.size() > prefixes_max) request.prefixes = {"{"};
  requests_.send(request.id,
                 {Operation::fetch, std::make_shared<const std::string>(encode(request)),
                  [this, wanted](const Result<Reply>& reply) { on_fetched(wanted, reply); }});
}

void StreamReader::on_fetched(Follower::Fetch wanted, const Result<Reply>& reply) {
  if (stopped_) return;
  if (reply)
    if (const auto behind = follower_.next_fetch_behind(wanted, reply->next, reply->head))
      fetch(*behind);
  auto fetched = reply ? read_fetched(*reply) : tl::unexpected(reply.error());
  if (fetched) return follower_.on_fetched(wanted, std::move(*fetched));
  log::error("the broker cannot serve the followed events; retrying",
             {{"from", std::to_string(wanted.from)}, {"reason", fetched.error().message}});
  if (follower_.on_unreadable(wanted)) retry_ = {mono_now() + retry_after, wanted};
}

bool StreamReader::receive() {
  for (int count = 0; count < messages_at_once; ++count) {
    if (leaves_stream()) return true;
    const auto frames = bus::receive(socket_);
    if (!frames) return count > 0;
    if (count == 0) heard_ = mono_now();
    on_message(*frames);
  }
  return true;
}

void StreamReader::on_message(const std::vector<zmq::message_t>& frames) {
  if (frames.size() != 2 || follower_.live() == Follower::Live::discard) return;
  const auto octets = view(frames[1]);
  if (view(frames[0]) == watermark_topic) {
    if (auto watermark = decode_watermark(octets)) follower_.on_watermark(std::move(*watermark));
  } else if (auto events = decode_records(octets)) {
    // An unreadable event is missing from the tally, so it is fetched and logged.
    follower_.on_events(std::move(*events), octets.size());
  }
}

}  // namespace sense::bus
