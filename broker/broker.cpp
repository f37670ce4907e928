// SPDX-License-Identifier: Apache-2.0
#include "broker/broker.hpp"

#include <sys/prctl.h>

#include <array>
#include <atomic>
#include <thread>
#include <unordered_map>
#include <zmq.hpp>

#include "broker/external/external_link.hpp"
#include "broker/journal/ingest.hpp"
#include "broker/journal/reader.hpp"
#include "broker/journal/request.hpp"
#include "broker/security/access_control.hpp"
#include "core/base/log.hpp"
#include "core/base/text.hpp"
#include "core/bus/mailbox.hpp"
#include "core/bus/zmq_socket.hpp"

namespace sense {

namespace {

using bus::Operation;

constexpr auto heartbeat = std::chrono::milliseconds{500};
constexpr auto trim_interval = std::chrono::seconds{1};
constexpr auto unsettled_poll = std::chrono::milliseconds{5};
constexpr std::uint32_t trim_groups = 256;
constexpr std::size_t big_octets_max = 64 * 1024 * 1024;  // in messages of a single big event
constexpr auto too_fast =
    "this principal exceeds its rate limit (broker.rate-per-principal-max); send the events again "
    "later";
constexpr std::size_t group_octets_soft_max = 8 * 1024 * 1024;

class ZmqBroker final : public Broker {
 public:
  ZmqBroker(BrokerConfig config, Store store)
      : config_(std::move(config)), store_(std::move(store)) {}
  ~ZmqBroker() override { join(); }

  Status open() {
    const auto now = system_clock().now();
    const auto& settings = config_.settings;
    for (const auto& sentence : settings.renamed()) log::warn(sentence);
    Ingest::Limits limits;
    limits.deduplication_window = settings.duration("deduplication-window");
    limits.deduplication_ids_max =
        static_cast<std::size_t>(settings.integer("deduplication-ids-max"));
    limits.registry.subscriptions_max =
        static_cast<std::size_t>(settings.integer("subscriptions-max"));
    limits.registry.sources_max = static_cast<std::size_t>(settings.integer("sources-max"));
    auto ingest = Ingest::restore(store_, limits, counters_, now);
    if (!ingest) return tl::unexpected(ingest.error());
    ingest_.emplace(std::move(*ingest));
    if (auto status = ingest_->load_configured_subscriptions(config_.subscriptions, now); !status)
      return status;
    head_ = ingest_->head();
    auto reader = Reader::open(config_.data, counters_);
    if (!reader) return tl::unexpected(reader.error());
    reader_.emplace(std::move(*reader));
    return open_sockets();
  }

  Status run() override {
    commit_thread_ = std::thread([this] { commit_loop(); });
    reader_thread_ = std::thread([this] { reader_loop(); });
    const auto bound = endpoints();
    log::info("broker is ready", {{"service", bound.service},
                                  {"events", bound.events},
                                  {"publish", bound.publish},
                                  {"head", std::to_string(head_)}});
    network_loop();
    join();
    const std::lock_guard lock(failure_mutex_);
    if (failure_) return tl::unexpected(*failure_);
    log::info("broker has stopped", {{"head", std::to_string(head_)}});
    return {};
  }

  BusEndpoints endpoints() const override { return access_control_.endpoints(); }

  void stop() override {
    stopping_.store(true);
    outgoing_.wake();
  }

 private:
  Status open_sockets() {
    const auto& settings = config_.settings;
    service_.set(zmq::sockopt::router_mandatory, 1);
    // Replies may be big: this bounds the memory that a client takes which sends requests without
    // reading the replies.
    service_.set(zmq::sockopt::sndhwm,
                 static_cast<int>(2 * settings.integer("requests-per-client-max")));
    if (auto status =
            access_control_.open(config_.endpoints, config_.settings, service_, events_, publish_);
        !status)
      return status;
    if (auto status = external_.open(config_.endpoints.external); !status) return status;
    // Subscribes to every topic, once: subscriptions of clients are not forwarded to publishers.
    if (!bus::send(publish_, {std::string_view("\x01", 1)}))
      return fail(Code::system, "the publish endpoint cannot subscribe to plain publishers");
    return {};
  }

  void join() {
    stopping_.store(true);
    commits_.wake();
    reads_.wake();
    if (commit_thread_.joinable()) commit_thread_.join();
    if (reader_thread_.joinable()) reader_thread_.join();
  }

  // ---- Network thread: the only user of the sockets; it never waits for the disk

  void network_loop() {
    ::prctl(PR_SET_NAME, "sense-network");
    bool settled = true;
    while (!stopping_.load()) {
      std::array<zmq::pollitem_t, 5> items = {{{service_.handle(), 0, ZMQ_POLLIN, 0},
                                               {publish_.handle(), 0, ZMQ_POLLIN, 0},
                                               {events_.handle(), 0, ZMQ_POLLIN, 0},
                                               {nullptr, outgoing_.fd(), ZMQ_POLLIN, 0},
                                               {external_.handle(), 0, ZMQ_POLLIN, 0}}};
      try {
        zmq::poll(items.data(), external_.takes() ? 5 : 4,
                  settled ? heartbeat / 5 : unsettled_poll);
      } catch (const zmq::error_t&) {
        // Interrupted by a signal.
      }
      settled = access_control_.update(mono_now());
      // Receiving from an idle socket costs system calls, which add latency to a single event.
      const auto ready = [&](std::size_t item) { return (items[item].revents & ZMQ_POLLIN) != 0; };
      if (ready(3))
        for (auto& out : outgoing_.take()) send_out(out);
      if (ready(0)) receive_requests();
      if (ready(1)) receive_plain();
      if (ready(4))
        for (auto& incoming : external_.take(system_clock().now().wall))
          queue_commit(std::move(incoming));
      send_heartbeat(mono_now());
    }
    for (auto& out : outgoing_.take()) send_out(out);
  }

  void send_out(const Outgoing& out) {
    for (const auto& answer : out.answers) send_answer(answer.peer, answer.octets);
    for (const auto& publication : out.publications)
      if (!send_publication(publication.topic, out.octets_of(publication)))
        ++counters_["broker.events.unsent"];
    external_.give(out);
    if (out.watermark.empty()) return;
    send_watermark(out.watermark);
    head_ = out.head;
  }

  // libzmq bounds the messages queued for a slow subscriber by count. A single event may be big, so
  // octets are bounded here; an event beyond the bound is not sent, and subscribers fetch it.
  bool send_publication(const std::string& topic, std::string_view octets) {
    if (octets.size() <= bus::publication_octets_max) return bus::send(events_, {topic, octets});
    if (big_octets_->load() + octets.size() > big_octets_max) return false;
    *big_octets_ += octets.size();
    const auto release = [held = big_octets_](const std::string* big) {
      *held -= big->size();
      delete big;
    };
    return bus::send(events_, {topic},
                     std::shared_ptr<const std::string>(new std::string(octets), release));
  }

  void send_watermark(const std::string& watermark) {
    if (!bus::send(events_, {bus::watermark_topic, watermark})) ++counters_["broker.events.unsent"];
    watermark_sent_ = mono_now();
  }

  void send_heartbeat(MonoTime now) {
    if (now - watermark_sent_ >= heartbeat)
      send_watermark(bus::encode(bus::Watermark{head_, head_, {}}));
  }

  void send_answer(const std::string& peer, std::string_view octets) {
    const auto found = outstanding_.find(peer);
    if (found != outstanding_.end() && --found->second == 0) outstanding_.erase(found);
    // A client that does not read, or has disconnected, loses its reply and repeats the request.
    if (!bus::send(service_, {peer, octets})) ++counters_["broker.answers.unsent"];
  }

  void refuse(const std::string& peer, std::uint64_t id, const Error& error) {
    bus::Reply reply;
    reply.id = id;
    reply.code = error.code;
    reply.reason = error.message;
    ++outstanding_[peer];
    send_answer(peer, bus::encode(reply, Operation::ping));
  }

  void receive_requests() {
    for (int count = 0; count < 1024; ++count) {
      auto frames = bus::receive(service_);
      if (!frames) return;
      if (frames->size() != 2) {
        ++counters_["broker.requests.malformed"];
        continue;
      }
      take_request(std::string(bus::view((*frames)[0])), std::string(bus::view((*frames)[1])),
                   access_control_.sender((*frames)[1], mono_now()));
    }
  }

  void take_request(std::string peer, std::string octets, const Principal* sender) {
    if (sender == nullptr)
      return refuse(peer, bus::request_id(octets),
                    {Code::noaccess, "this key is not in the broker's access file any more"});
    auto incoming = std::make_unique<Incoming>();
    incoming->peer = std::move(peer);
    incoming->principal = sender->name;
    incoming->rights = sender->rights;
    incoming->octets = std::move(octets);
    auto request = bus::decode_request(incoming->octets);
    if (!request) return report_malformed(*incoming, request.error());
    incoming->request = std::move(*request);
    if (!access_control_.within_rate(*sender, incoming->request.events.size(), mono_now()))
      return refuse(incoming->peer, incoming->request.id, {Code::nomoreroom, too_fast});
    const auto limit =
        static_cast<std::size_t>(config_.settings.integer("requests-per-client-max"));
    if (outstanding_[incoming->peer] >= limit)
      return refuse(incoming->peer, incoming->request.id,
                    {Code::nomoreroom,
                     "too many requests of this client are unanswered "
                     "(broker.requests-per-client-max)"});
    ++outstanding_[incoming->peer];
    dispatch(std::move(incoming));
  }

  void report_malformed(const Incoming& incoming, const Error& error) {
    ++counters_["broker.requests.malformed"];
    if (const auto line = log_limit_.check(incoming.peer, mono_now()); line.allowed)
      log::warn("a client of the bus sent a malformed request",
                {{"reason", error.message}, {"suppressed", std::to_string(line.suppressed)}});
    refuse(incoming.peer, bus::request_id(incoming.octets), error);
  }

  void dispatch(IncomingRef incoming) {
    switch (incoming->request.operation) {
      case Operation::ping: {
        bus::Reply reply;
        reply.id = incoming->request.id;
        return send_answer(incoming->peer, bus::encode(reply, Operation::ping));
      }
      case Operation::parameters: return send_answer(incoming->peer, parameters(*incoming));
      case Operation::fetch:
      case Operation::head: return reads_.put(std::move(incoming));
      default: return queue_commit(std::move(incoming));
    }
  }

  void queue_commit(IncomingRef incoming) {
    const auto octets = incoming->octets.size();
    const auto limit = static_cast<std::size_t>(config_.settings.size("waiting-size"));
    if (waiting_octets_.load() + octets > limit) {
      ++counters_["broker.requests.overload"];
      ++overloads_;
      bus::Reply reply;
      reply.id = incoming->request.id;
      reply.code = Code::nomoreroom;
      reply.reason = "events come in faster than the broker can store them (broker.waiting-size)";
      if (!incoming->peer.empty())
        send_answer(incoming->peer, bus::encode(reply, incoming->request.operation));
      return;
    }
    waiting_octets_ += octets;
    commits_.put(std::move(incoming));
  }

  std::string parameters(const Incoming& incoming) const {
    bus::Reply reply;
    reply.id = incoming.request.id;
    for (auto& [name, value] : config_.settings.shown()) reply.parameters.emplace(name, value);
    // Names in this reply are part of the protocol: the former ones stay.
    for (const auto& option : broker_options())
      if (option.old_key != nullptr)
        reply.parameters.emplace(option.old_key, reply.parameters.at(option.key));
    reply.parameters.emplace("protocol-version", std::to_string(bus::protocol_version));
    reply.parameters.emplace("head", std::to_string(head_));
    for (const auto& [name, value] : counters_.snapshot())
      reply.parameters.emplace("counter." + name, std::to_string(value));
    return bus::encode(reply, Operation::parameters);
  }

  // Plain ZeroMQ publishers: SENSE events are journalled without a reply; messages with other
  // topics are forwarded unchanged and not journalled.
  void receive_plain() {
    for (int count = 0; count < 1024; ++count) {
      auto frames = bus::receive(publish_);
      if (!frames) return;
      if (frames->empty()) {
        ++counters_["broker.plain.refused"];
        continue;
      }
      const auto topic = bus::view(frames->front());
      const auto* sender = access_control_.sender(frames->back(), mono_now());
      if (sender == nullptr || topic.starts_with('\0')) {
        ++counters_["broker.plain.refused"];
      } else if (!topic.starts_with('{')) {
        if (!sender->rights->may_publish_foreign()) {
          ++counters_["broker.plain.refused"];
          continue;
        }
        ++counters_["broker.plain.forwarded"];
        if (!bus::forward(events_, *frames)) ++counters_["broker.plain.unsent"];
      } else if (frames->size() == 2) {
        take_plain(topic, bus::view((*frames)[1]), *sender);
      } else {
        ++counters_["broker.plain.refused"];
      }
    }
  }

  void take_plain(std::string_view topic, std::string_view event, const Principal& sender) {
    ++counters_["broker.plain.events"];
    if (!access_control_.within_rate(sender, 1, mono_now())) return;
    auto incoming = std::make_unique<Incoming>();
    incoming->principal = sender.name;
    incoming->rights = sender.rights;
    incoming->topic = topic;
    incoming->octets = event;
    incoming->request.operation = Operation::publish;
    incoming->request.events.push_back(incoming->octets);
    queue_commit(std::move(incoming));
  }

  // ---- Commit thread: owns the store

  void commit_loop() {
    ::prctl(PR_SET_NAME, "sense-commit");
    while (true) {
      commits_.wait(commit_timeout());
      auto waiting = commits_.take();
      for (const auto range : damage_.take()) ingest_->note_damage(range);
      ingest_->note_overload(overloads_.exchange(0), system_clock().now());
      if (!commit(waiting)) return;
      trim(system_clock().now());
      if (stopping_.load() && waiting.empty()) {
        trimmed_ = {};
        trim(system_clock().now());  // records the last sequence, see Journal::trim
        return;
      }
    }
  }

  std::chrono::milliseconds commit_timeout() const {
    const auto longest = std::chrono::milliseconds{500};
    // A lease that is due and cannot be ended (disk full) must not cause a busy loop.
    const auto shortest = std::chrono::milliseconds{20};
    const auto next = ingest_->next_timer();
    if (!next) return longest;
    const auto left = std::chrono::ceil<std::chrono::milliseconds>(*next - mono_now());
    return std::clamp(left, shortest, longest);
  }

  // In groups that fit into one row of the journal.
  bool commit(const std::vector<IncomingRef>& waiting) {
    const std::span<const IncomingRef> all(waiting);
    std::size_t from = 0;
    do {
      std::size_t to = from;
      std::size_t octets = 0;
      while (to < all.size() && octets < group_octets_soft_max) octets += all[to++]->octets.size();
      auto out = ingest_->commit_group(all.subspan(from, to - from), system_clock().now());
      waiting_octets_ -= octets;
      if (!out) {
        fail_stop(out.error());
        return false;
      }
      if (!out->answers.empty() || !out->watermark.empty()) outgoing_.put(std::move(*out));
      from = to;
    } while (from < all.size());
    return true;
  }

  // After a failed write the state of the disk is unknown: the broker stops, and start-up recovers.
  void fail_stop(const Error& error) {
    log::error("the journal failed; the broker stops, and unanswered requests count as not stored",
               {{"reason", error.message}});
    {
      const std::lock_guard lock(failure_mutex_);
      failure_ = error;
    }
    stop();
  }

  void trim(Timestamp now) {
    if (now.mono - trimmed_ < trim_interval) return;
    trimmed_ = now.mono;
    const auto& settings = config_.settings;
    const auto removed =
        store_.trim({now.wall - settings.duration("retention-age"),
                     static_cast<std::uint64_t>(settings.size("retention-size")),
                     static_cast<std::uint64_t>(settings.integer("retention-count"))},
                    trim_groups);
    if (!removed) {
      ++counters_["broker.trim.failed"];
      if (const auto line = trim_log_limit_.check("", now.mono); line.allowed)
        log::error("retention cannot remove events from the journal",
                   {{"reason", removed.error().message}});
      return;
    }
    // More groups may be due: continue with the next commit instead of in a second.
    if (*removed == trim_groups) trimmed_ = {};
    counters_["broker.groups.trimmed"] += *removed;
  }

  // ---- Reader thread: owns the read-only connection

  void reader_loop() {
    ::prctl(PR_SET_NAME, "sense-reader");
    while (!stopping_.load()) {
      reads_.wait(std::chrono::milliseconds{500});
      for (auto& incoming : reads_.take()) {
        Outgoing out;
        out.answers.push_back(
            {incoming->peer, reader_->answer(incoming->request, *incoming->rights)});
        outgoing_.put(std::move(out));
        for (const auto range : reader_->take_damage()) damage_.put(range);
      }
    }
  }

  const BrokerConfig config_;
  Counters counters_;
  Store store_;
  std::optional<Ingest> ingest_;
  std::optional<Reader> reader_;
  std::atomic<bool> stopping_ = false;
  std::atomic<std::size_t> waiting_octets_ = 0;
  std::atomic<std::uint64_t> overloads_ = 0;  // refused requests not yet announced by a notice
  bus::Mailbox<IncomingRef> commits_;
  bus::Mailbox<IncomingRef> reads_;
  bus::Mailbox<Journal::Range> damage_;  // from the reader to the commit thread
  bus::Mailbox<Outgoing> outgoing_;
  MonoTime trimmed_{};
  log::RateLimiter trim_log_limit_{std::chrono::minutes{1}};

  zmq::context_t context_{1};
  zmq::socket_t service_ =
      bus::make_socket(context_, zmq::socket_type::router, bus::message_length_max);
  zmq::socket_t events_;  // created and replaced by access_control_
  zmq::socket_t publish_ =
      bus::make_socket(context_, zmq::socket_type::xsub, bus::message_length_max);
  AccessControl access_control_{context_, counters_};
  ExternalLink external_{context_, counters_};
  std::unordered_map<std::string, std::size_t> outstanding_;
  log::RateLimiter log_limit_{std::chrono::seconds{10}};
  // Shared with messages that may outlive the broker.
  std::shared_ptr<std::atomic<std::size_t>> big_octets_ =
      std::make_shared<std::atomic<std::size_t>>(0);
  std::uint64_t head_ = 0;
  MonoTime watermark_sent_{};

  std::mutex failure_mutex_;
  std::optional<Error> failure_;
  std::thread commit_thread_;
  std::thread reader_thread_;
};

}  // namespace

Result<std::unique_ptr<Broker>> Broker::start(BrokerConfig config) {
  auto store = Store::open(config.data);
  if (!store) return tl::unexpected(store.error());
  auto broker = std::make_unique<ZmqBroker>(std::move(config), std::move(*store));
  if (auto status = broker->open(); !status) return tl::unexpected(status.error());
  return broker;
}

}  // namespace sense
