#include "broker/broker.hpp"

#include <sys/prctl.h>

#include <array>
#include <atomic>
#include <thread>
#include <unordered_map>
#include <zmq.hpp>

#include "broker/ingest.hpp"
#include "broker/reader.hpp"
#include "broker/request.hpp"
#include "core/base/log.hpp"
#include "core/base/text.hpp"
#include "core/bus/mailbox.hpp"
#include "core/bus/zmq_socket.hpp"

namespace sense {

namespace {

using bus::Operation;

constexpr auto heartbeat = std::chrono::milliseconds{500};
constexpr auto trim_interval = std::chrono::seconds{1};
constexpr std::uint32_t trim_groups = 256;
constexpr std::size_t subscription_octets_max = 4096;  // what a peer of the XPUB may send at once
constexpr std::size_t group_octets_soft_max = 8 * 1024 * 1024;
constexpr auto principal_local = "local";

MonoTime mono_now() { return system_clock().now().mono; }

class ZmqBroker final : public Broker {
 public:
  ZmqBroker(BrokerConfig config, Store store)
      : config_(std::move(config)), store_(std::move(store)) {}
  ~ZmqBroker() override { join(); }

  Status open() {
    const auto now = system_clock().now();
    const auto& settings = config_.settings;
    Ingest::Limits limits;
    limits.repeat_window = settings.duration("repeat-window");
    limits.repeat_ids_max = static_cast<std::size_t>(settings.integer("repeat-ids-max"));
    limits.registry.subscriptions_max =
        static_cast<std::size_t>(settings.integer("subscriptions-max"));
    limits.registry.sources_max = static_cast<std::size_t>(settings.integer("sources-max"));
    auto ingest = Ingest::restore(store_, limits, counters_, now);
    if (!ingest) return tl::unexpected(ingest.error());
    ingest_.emplace(std::move(*ingest));
    if (auto status = ingest_->take_static(config_.subscriptions, now); !status) return status;
    head_ = ingest_->head();
    auto reader = Reader::open(config_.data, counters_);
    if (!reader) return tl::unexpected(reader.error());
    reader_.emplace(std::move(*reader));
    return open_sockets();
  }

  Status run() override {
    commit_thread_ = std::thread([this] { commit_loop(); });
    reader_thread_ = std::thread([this] { reader_loop(); });
    log::info("broker is ready", {{"service", config_.endpoints.service},
                                  {"events", config_.endpoints.events},
                                  {"publish", config_.endpoints.publish},
                                  {"head", std::to_string(head_)}});
    network_loop();
    join();
    const std::lock_guard lock(failure_mutex_);
    if (failure_) return tl::unexpected(*failure_);
    log::info("broker has stopped", {{"head", std::to_string(head_)}});
    return {};
  }

  void stop() override {
    stopping_.store(true);
    outgoing_.wake();
  }

 private:
  Status open_sockets() {
    const auto& settings = config_.settings;
    service_.set(zmq::sockopt::router_mandatory, 1);
    // Answers may be big, and who sends requests without reading is not to fill the memory with
    // them.
    service_.set(zmq::sockopt::sndhwm,
                 static_cast<int>(2 * settings.integer("requests-per-client-max")));
    events_.set(zmq::sockopt::sndhwm, 20'000);
    if (auto status = bus::bind(service_, config_.endpoints.service); !status) return status;
    if (auto status = bus::bind(events_, config_.endpoints.events); !status) return status;
    if (auto status = bus::bind(publish_, config_.endpoints.publish); !status) return status;
    // Everything, once: what our clients subscribe to is never passed on to publishers.
    if (!bus::send(publish_, {std::string_view("\x01", 1)}))
      return fail(Code::system, "cannot subscribe to plain publishers");
    return {};
  }

  void join() {
    stopping_.store(true);
    commits_.wake();
    reads_.wake();
    if (commit_thread_.joinable()) commit_thread_.join();
    if (reader_thread_.joinable()) reader_thread_.join();
  }

  // ---- network thread: the only one that touches sockets, and it never waits for the disk

  void network_loop() {
    ::prctl(PR_SET_NAME, "sense-network");
    while (!stopping_.load()) {
      std::array<zmq::pollitem_t, 4> items = {{{service_.handle(), 0, ZMQ_POLLIN, 0},
                                               {publish_.handle(), 0, ZMQ_POLLIN, 0},
                                               {events_.handle(), 0, ZMQ_POLLIN, 0},
                                               {nullptr, outgoing_.fd(), ZMQ_POLLIN, 0}}};
      try {
        zmq::poll(items.data(), items.size(), heartbeat / 5);
      } catch (const zmq::error_t&) {
        // Interrupted by a signal.
      }
      for (auto& out : outgoing_.take()) send_out(out);
      receive_requests();
      receive_plain();
      receive_subscriptions();
      send_heartbeat(mono_now());
    }
    for (auto& out : outgoing_.take()) send_out(out);
  }

  void send_out(const Outgoing& out) {
    for (const auto& answer : out.answers) send_answer(answer.peer, answer.octets);
    for (const auto& publication : out.publications)
      if (!bus::send(events_, {publication.topic, publication.octets}))
        ++counters_["broker.events.unsent"];
    if (out.mark.empty()) return;
    send_mark(out.mark);
    head_ = out.head;
  }

  void send_mark(const std::string& mark) {
    if (!bus::send(events_, {bus::mark_topic, mark})) ++counters_["broker.events.unsent"];
    marked_ = mono_now();
  }

  // XPUB keeps the subscriptions itself; what it shows of them only has to be taken away.
  void receive_subscriptions() {
    for (int count = 0; count < 1024 && bus::receive(events_); ++count)
      ++counters_["broker.subscriptions.seen"];
  }

  void send_heartbeat(MonoTime now) {
    if (now - marked_ >= heartbeat) send_mark(bus::encode(bus::Mark{head_, head_, {}}));
  }

  void send_answer(const std::string& peer, std::string_view octets) {
    const auto found = outstanding_.find(peer);
    if (found != outstanding_.end() && --found->second == 0) outstanding_.erase(found);
    // A peer that does not read, or has gone, loses its answer; it asks again.
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
      take_request(std::string(bus::view((*frames)[0])), std::string(bus::view((*frames)[1])));
    }
  }

  void take_request(std::string peer, std::string octets) {
    auto incoming = std::make_unique<Incoming>();
    incoming->peer = std::move(peer);
    incoming->principal = principal_local;
    incoming->octets = std::move(octets);
    auto request = bus::decode_request(incoming->octets);
    if (!request) return report_malformed(*incoming, request.error());
    incoming->request = std::move(*request);
    const auto limit =
        static_cast<std::size_t>(config_.settings.integer("requests-per-client-max"));
    if (outstanding_[incoming->peer] >= limit)
      return refuse(incoming->peer, incoming->request.id,
                    {Code::nomoreroom,
                     "too many requests of this client wait for an answer: "
                     "broker.requests-per-client-max"});
    ++outstanding_[incoming->peer];
    dispatch(std::move(incoming));
  }

  void report_malformed(const Incoming& incoming, const Error& error) {
    ++counters_["broker.requests.malformed"];
    if (const auto say = complaints_.ask(incoming.peer, mono_now()); say.say)
      log::warn("a client of the bus sent a malformed request",
                {{"reason", error.message}, {"suppressed", std::to_string(say.suppressed)}});
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
      const bus::Reply reply{incoming->request.id,
                             Code::nomoreroom,
                             "the broker cannot store as fast as events come: broker.waiting-size",
                             {},
                             0,
                             0,
                             0,
                             {},
                             {},
                             0,
                             false,
                             {}};
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
    reply.parameters.emplace("protocol-version", std::to_string(bus::protocol_version));
    reply.parameters.emplace("head", std::to_string(head_));
    for (const auto& [name, value] : counters_.snapshot())
      reply.parameters.emplace("counter." + name, std::to_string(value));
    return bus::encode(reply, Operation::parameters);
  }

  // Plain ZeroMQ publishers: our events are journalled, without an answer; the topics of programs
  // that know nothing of SENSE pass through untouched.
  void receive_plain() {
    for (int count = 0; count < 1024; ++count) {
      auto frames = bus::receive(publish_);
      if (!frames) return;
      if (frames->empty()) {
        ++counters_["broker.plain.refused"];
        continue;
      }
      const auto topic = bus::view(frames->front());
      if (topic.starts_with('\0')) {
        ++counters_["broker.plain.refused"];
      } else if (!topic.starts_with('{')) {
        ++counters_["broker.plain.forwarded"];
        if (!bus::forward(events_, *frames)) ++counters_["broker.plain.unsent"];
      } else if (frames->size() == 2) {
        take_plain(topic, bus::view((*frames)[1]));
      } else {
        ++counters_["broker.plain.refused"];
      }
    }
  }

  void take_plain(std::string_view topic, std::string_view event) {
    ++counters_["broker.plain.events"];
    auto incoming = std::make_unique<Incoming>();
    incoming->principal = principal_local;
    incoming->topic = topic;
    incoming->octets = event;
    incoming->request.operation = Operation::publish;
    incoming->request.events.push_back(incoming->octets);
    queue_commit(std::move(incoming));
  }

  // ---- commit thread: owns the store

  void commit_loop() {
    ::prctl(PR_SET_NAME, "sense-commit");
    while (true) {
      commits_.wait(commit_timeout());
      auto waiting = commits_.take();
      for (const auto range : damage_.take()) ingest_->note_damage(range);
      if (!commit(waiting)) return;
      trim(system_clock().now());
      if (stopping_.load() && waiting.empty()) {
        trimmed_ = {};
        trim(system_clock().now());  // which notes where the journal ends
        return;
      }
    }
  }

  std::chrono::milliseconds commit_timeout() const {
    const auto longest = std::chrono::milliseconds{500};
    // A lease that cannot be ended because the disk is full must not make this loop spin.
    const auto shortest = std::chrono::milliseconds{20};
    const auto next = ingest_->next_timer();
    if (!next) return longest;
    const auto left = std::chrono::ceil<std::chrono::milliseconds>(*next - mono_now());
    return std::clamp(left, shortest, longest);
  }

  // In groups that fit one row of the journal.
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
      if (!out->answers.empty() || !out->mark.empty()) outgoing_.put(std::move(*out));
      from = to;
    } while (from < all.size());
    return true;
  }

  // After a failed write nobody knows what is on the disk: stop, and let the start-up look.
  void fail_stop(const Error& error) {
    log::error("the journal failed; the broker stops, nothing unanswered counts as stored",
               {{"reason", error.message}});
    {
      const std::lock_guard lock(failure_mutex_);
      failure_ = error;
    }
    stop();
  }

  void trim(Now now) {
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
      if (const auto say = complaints_of_trim_.ask("", now.mono); say.say)
        log::error("retention cannot remove events", {{"reason", removed.error().message}});
      return;
    }
    // More may have to go: with the next group, not a second later.
    if (*removed == trim_groups) trimmed_ = {};
    counters_["broker.groups.trimmed"] += *removed;
  }

  // ---- reader thread: owns the reading connection

  void reader_loop() {
    ::prctl(PR_SET_NAME, "sense-reader");
    while (!stopping_.load()) {
      reads_.wait(std::chrono::milliseconds{500});
      for (auto& incoming : reads_.take()) {
        Outgoing out;
        out.answers.push_back({incoming->peer, reader_->answer(incoming->request)});
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
  bus::Mailbox<IncomingRef> commits_;
  bus::Mailbox<IncomingRef> reads_;
  bus::Mailbox<Journal::Range> damage_;  // from the reader to the commit thread
  bus::Mailbox<Outgoing> outgoing_;
  MonoTime trimmed_{};
  log::Occasionally complaints_of_trim_{std::chrono::minutes{1}};

  zmq::context_t context_{1};
  zmq::socket_t service_ =
      bus::make_socket(context_, zmq::socket_type::router, bus::message_length_max);
  zmq::socket_t events_ =
      bus::make_socket(context_, zmq::socket_type::xpub, subscription_octets_max);
  zmq::socket_t publish_ =
      bus::make_socket(context_, zmq::socket_type::xsub, bus::message_length_max);
  std::unordered_map<std::string, std::size_t> outstanding_;
  log::Occasionally complaints_{std::chrono::seconds{10}};
  std::uint64_t head_ = 0;
  MonoTime marked_{};

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
