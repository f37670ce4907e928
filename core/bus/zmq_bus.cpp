// SPDX-License-Identifier: Apache-2.0
#include <sys/prctl.h>

#include <algorithm>
#include <array>
#include <atomic>
#include <deque>
#include <set>
#include <span>
#include <thread>

#include "core/base/log.hpp"
#include "core/bus/bus.hpp"
#include "core/bus/follower.hpp"
#include "core/bus/mailbox.hpp"
#include "core/bus/protocol.hpp"
#include "core/bus/publish_queue.hpp"
#include "core/bus/zmq_socket.hpp"
#include "core/event/codec.hpp"

namespace sense {

namespace {

using bus::Operation;
using bus::Reply;
using bus::Request;

constexpr std::size_t batches_outstanding_max = 8;
// Registry requests: together with publish batches and fetches fewer than a broker accepts of one
// client (broker.requests-per-client-max). Further ones wait here, in order.
constexpr std::size_t requests_outstanding_max = 192;
constexpr int events_unread_max = 1'000;  // messages
constexpr std::size_t fetch_octets = 4 * 1024 * 1024;
constexpr auto silence_max = std::chrono::seconds{2};
constexpr auto warning_interval = std::chrono::seconds{10};
constexpr Duration resend_after_max = std::chrono::seconds{60};
constexpr auto poll_interval = std::chrono::milliseconds{100};

using ReplyDone = std::function<void(Result<Reply>)>;

struct Waiting {
  Operation operation = Operation::ping;
  std::shared_ptr<const std::string> octets;
  MonoTime sent{};      // the epoch: not sent yet
  MonoTime deadline{};  // the epoch: none
  ReplyDone done;
  Duration pause{0};  // until it is sent again
};

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

class ZmqBus final : public Bus {
 public:
  explicit ZmqBus(BusOptions options)
      : options_(std::move(options)), queue_(options_.waiting_max, options_.waiting_bytes_max) {}
  ~ZmqBus() override { close(); }

  Status open() {
    service_.set(zmq::sockopt::immediate, 1);
    service_.set(zmq::sockopt::sndhwm, 1000);
    // Before connect: with the default, subscriptions beyond 1,000 are lost.
    events_.set(zmq::sockopt::sndhwm, 0);
    events_.set(zmq::sockopt::rcvhwm, events_unread_max);
    events_.set(zmq::sockopt::subscribe, std::string(bus::watermark_topic));
    if (auto status = bus::connect(service_, options_.service, options_.keys); !status)
      return status;
    if (auto status = bus::connect(events_, options_.events, options_.keys); !status) return status;
    thread_ = std::thread([this] { run(); });
    return {};
  }

  void publish(const Event& event, Done done) override {
    if (auto status = validate(event); !status)
      return answer(std::move(done), tl::unexpected(status.error()));
    const auto put = queue_.put(event, done);
    if (!put.accepted)
      return answer(std::move(done), fail(Code::nomoreroom,
                                          "the queue to the broker is full: the broker does not "
                                          "answer, or not fast enough"));
    if (put.first) commands_.wake();
  }

  void fetch(std::uint64_t from, std::vector<std::string> prefixes, std::size_t bytes_max,
             Answer<FetchReply> done) override {
    Request request;
    request.operation = Operation::fetch;
    request.from = from;
    request.prefixes.assign(prefixes.begin(), prefixes.end());
    request.bytes_max = bytes_max;
    submit<FetchReply>(request, std::move(done), fetched_from);
  }

  void follow(std::uint64_t position, std::vector<std::string> prefixes,
              std::function<void(Batch)> handler) override {
    command(
        [this, position, prefixes = std::move(prefixes), handler = std::move(handler)]() mutable {
          subscribe(prefixes);
          handler_ = std::move(handler);
          follower_.follow(position, std::move(prefixes));
          resumed_ = true;
        });
  }

  void resume() override {
    command([this] { resumed_ = true; });
  }

  void registry_get(std::string kind, std::string key, Answer<RegistryEntry> done) override {
    Request request;
    request.operation = Operation::get;
    request.kind = kind;
    request.key = key;
    submit<RegistryEntry>(request, std::move(done), [](Reply& reply) -> Result<RegistryEntry> {
      return std::move(reply.entries.front());
    });
  }

  void registry_put(RegistryEntry entry, std::string reason, Answer<std::uint64_t> done) override {
    Request request;
    request.operation = Operation::put;
    request.kind = entry.kind;
    request.key = entry.key;
    request.revision = entry.revision;
    request.value = entry.value;
    request.reason = reason;
    submit<std::uint64_t>(request, std::move(done), revision_from);
  }

  void registry_remove(std::string kind, std::string key, std::uint64_t revision,
                       std::string reason, Answer<std::uint64_t> done) override {
    Request request;
    request.operation = Operation::remove;
    request.kind = kind;
    request.key = key;
    request.revision = revision;
    request.reason = reason;
    submit<std::uint64_t>(request, std::move(done), revision_from);
  }

  void registry_list(std::string kind, std::string after, std::uint32_t limit,
                     Answer<RegistryPage> done) override {
    Request request;
    request.operation = Operation::list;
    request.kind = kind;
    request.key = after;
    request.limit = limit;
    submit<RegistryPage>(request, std::move(done), [](Reply& reply) -> Result<RegistryPage> {
      return RegistryPage{std::move(reply.entries), reply.sequence, reply.more, reply.own_only};
    });
  }

  void parameters(Answer<std::map<std::string, std::string>> done) override {
    Request request;
    request.operation = Operation::parameters;
    using Values = std::map<std::string, std::string>;
    submit<Values>(request, std::move(done),
                   [](Reply& reply) -> Result<Values> { return std::move(reply.parameters); });
  }

  [[nodiscard]] bool connected() const override { return connected_.load(); }

  void close() override {
    if (!thread_.joinable()) return;
    stopping_.store(true);
    commands_.wake();
    thread_.join();
  }

 private:
  void post(std::function<void()> task) { options_.executor(std::move(task)); }
  void command(std::function<void()> task) { commands_.put(std::move(task)); }

  void answer(Done done, Result<Receipt> result) {
    post([done = std::move(done), result = std::move(result)] { done(result); });
  }

  // Encoded by the calling thread; sent by the bus thread.
  template <class T>
  void submit(Request& request, Answer<T> done, std::function<Result<T>(Reply&)> read) {
    request.id = next_id_.fetch_add(1);
    const auto deliver = [this, done = std::move(done), read = std::move(read)](auto reply) {
      Result<T> value = reply ? read(*reply) : Result<T>(tl::unexpected(reply.error()));
      post([done, value = std::move(value)]() mutable { done(std::move(value)); });
    };
    const auto deadline = mono_now() + options_.request_timeout;
    command(
        [this, id = request.id,
         waiting = Waiting{request.operation, encoded(request), {}, deadline, deliver}]() mutable {
          requests_.emplace_back(id, std::move(waiting));
        });
  }

  static std::shared_ptr<const std::string> encoded(const Request& request) {
    return std::make_shared<const std::string>(bus::encode(request));
  }

  static Result<std::uint64_t> revision_from(Reply& reply) { return reply.sequence; }

  // Everything below runs on the bus thread.

  void run() {
    ::prctl(PR_SET_NAME, "sense-bus");
    started_ = heard_ = warned_ = mono_now();
    while (!stopping_.load()) {
      send_publishes();
      send_requests();
      dispatch_follower();
      std::array<zmq::pollitem_t, 3> items = {{{service_.handle(), 0, ZMQ_POLLIN, 0},
                                               {nullptr, commands_.fd(), ZMQ_POLLIN, 0},
                                               {events_.handle(), 0, ZMQ_POLLIN, 0}}};
      // A stream that is left in the socket must not wake the thread.
      const bool leave = follower_.live() == bus::Follower::Live::leave;
      wait_for(std::span(items).first(leave ? 2 : 3));
      // Receiving from an idle socket costs system calls, which add latency to a single event.
      const auto ready = [&](std::size_t item) { return (items[item].revents & ZMQ_POLLIN) != 0; };
      if (ready(0)) receive_replies();
      if (ready(1))
        for (auto& task : commands_.take()) task();
      if (leave || ready(2)) receive_events();
      check_time(mono_now());
    }
    interrupt_all();
  }

  static void wait_for(std::span<zmq::pollitem_t> items) {
    try {
      zmq::poll(items.data(), items.size(), poll_interval);
    } catch (const zmq::error_t&) {
      // Interrupted by a signal: the loop continues.
    }
  }

  void start(std::uint64_t id, Waiting waiting) {
    auto& entry = waiting_[id] = std::move(waiting);
    try_send(entry);
  }

  void try_send(Waiting& waiting) {
    if (!bus::send(service_, {}, waiting.octets)) return;
    waiting.sent = mono_now();
    // Increasing pauses, so that repeats do not overload a slow broker.
    waiting.pause =
        std::clamp<Duration>(waiting.pause * 2, options_.resend_after, resend_after_max);
  }

  void send_publishes() {
    while (batches_ < batches_outstanding_max) {
      auto taken = queue_.take(next_id_.fetch_add(1));
      if (!taken) return;
      ++batches_;
      const auto batch = std::make_shared<bus::PublishQueue::Batch>(std::move(*taken));
      start(batch->id, {Operation::publish, batch->request, {}, {}, [this, batch](auto reply) {
                          --batches_;
                          settle(batch, std::move(reply));
                        }});
    }
  }

  void send_requests() {
    while (requests_outstanding_ < requests_outstanding_max && !requests_.empty()) {
      auto [id, waiting] = std::move(requests_.front());
      requests_.pop_front();
      ++requests_outstanding_;
      waiting.done = [this, done = std::move(waiting.done)](auto reply) {
        --requests_outstanding_;
        done(std::move(reply));
      };
      start(id, std::move(waiting));
    }
  }

  void settle(std::shared_ptr<bus::PublishQueue::Batch> batch, Result<Reply> reply) {
    queue_.settle(*batch);
    post([batch = std::move(batch), reply = std::move(reply)] {
      for (std::size_t i = 0; i < batch->done.size(); ++i) batch->done[i](receipt(reply, i));
    });
  }

  static Result<Receipt> receipt(const Result<Reply>& reply, std::size_t index) {
    if (!reply) return tl::unexpected(reply.error());
    if (index >= reply->published.size())
      return fail(Code::protoerror, "the broker answered fewer events than were sent");
    const auto& published = reply->published[index];
    if (published.code == Code::noerror || published.code == Code::duplicate)
      return Receipt{published.sequence, published.code == Code::duplicate};
    return fail(published.code, published.reason);
  }

  static Result<FetchReply> fetched_from(Reply& reply) {
    auto events = decode_records(reply.records);
    if (!events) return tl::unexpected(events.error());
    return FetchReply{std::move(*events), reply.next, reply.first, reply.head};
  }

  void subscribe(const std::vector<std::string>& prefixes) {
    std::set<std::string> wanted;
    for (const auto& prefix : prefixes) wanted.insert(prefix.substr(0, bus::subscribed_prefix_max));
    for (const auto& prefix : wanted)
      if (!subscribed_.contains(prefix)) events_.set(zmq::sockopt::subscribe, prefix);
    for (const auto& prefix : subscribed_)
      if (!wanted.contains(prefix)) events_.set(zmq::sockopt::unsubscribe, prefix);
    subscribed_ = std::move(wanted);
  }

  void dispatch_follower() {
    if (resumed_) {
      if (auto batch = follower_.next_batch()) {
        resumed_ = false;
        post([handler = handler_, batch = std::move(*batch)]() mutable {
          handler(std::move(batch));
        });
      }
    }
    if (const auto wanted = follower_.next_fetch()) fetch_for_follower(*wanted);
  }

  void fetch_for_follower(bus::Follower::Fetch wanted) {
    Request request;
    request.operation = Operation::fetch;
    request.id = next_id_.fetch_add(1);
    request.from = wanted.from;
    request.bytes_max = fetch_octets;
    const auto& prefixes = follower_.prefixes();
    request.prefixes.assign(prefixes.begin(), prefixes.end());
    // Too many prefixes for a request: fetch all types; the follower selects its own.
    if (prefixes.size() > bus::prefixes_max) request.prefixes = {"{"};
    start(request.id,
          {Operation::fetch, encoded(request), {}, {}, [this, wanted](Result<Reply> reply) {
             on_fetched(wanted, reply);
           }});
  }

  void on_fetched(bus::Follower::Fetch wanted, Result<Reply> reply) {
    if (stopping_.load()) return;
    if (reply)
      if (const auto behind = follower_.next_fetch_behind(wanted, reply->next, reply->head))
        fetch_for_follower(*behind);
    auto fetched = reply ? fetched_from(*reply) : tl::unexpected(reply.error());
    if (fetched) return follower_.on_fetched(wanted, std::move(*fetched));
    log::error("the broker cannot serve the followed events; retrying",
               {{"from", std::to_string(wanted.from)}, {"reason", fetched.error().message}});
    if (!follower_.on_unreadable(wanted)) return;
    retry_fetch_ = {mono_now() + std::chrono::seconds{1}, wanted};
  }

  void receive_replies() {
    for (int count = 0; count < 256; ++count) {
      auto frames = bus::receive(service_);
      if (!frames) return;
      note_contact();
      if (frames->size() != 1) continue;
      const auto octets = bus::view(frames->front());
      const auto id = bus::reply_id(octets);
      const auto found = id ? waiting_.find(*id) : waiting_.end();
      if (found == waiting_.end()) continue;  // another reply to a request sent twice
      auto waiting = std::move(found->second);
      waiting_.erase(found);
      auto reply = bus::decode_reply(octets, waiting.operation);
      if (reply && reply->code != Code::noerror) reply = fail(reply->code, reply->reason);
      waiting.done(std::move(reply));
    }
  }

  void receive_events() {
    for (int count = 0; count < 1024; ++count) {
      const auto live = follower_.live();
      // While the stream is not read, its silence does not mean that the broker is gone.
      if (live == bus::Follower::Live::leave) return note_contact();
      auto frames = bus::receive(events_);
      if (!frames) return;
      note_contact();
      if (frames->size() != 2 || live == bus::Follower::Live::discard) continue;
      const auto octets = bus::view((*frames)[1]);
      if (bus::view((*frames)[0]) == bus::watermark_topic) {
        if (auto mark = bus::decode_watermark(octets)) follower_.on_watermark(std::move(*mark));
      } else if (auto events = decode_records(octets)) {
        // An unreadable event is missing from the tally, so it is fetched and logged.
        follower_.on_events(std::move(*events), octets.size());
      }
    }
  }

  void note_contact() {
    heard_ = mono_now();
    if (connected_.load()) return;
    connected_.store(true);
    if (warned_ > started_) log::info("the broker answers again");
    // Requests sent while the broker was away are sent again at once.
    for (auto& [id, waiting] : waiting_) {
      waiting.sent = {};
      waiting.pause = {};
    }
  }

  void check_time(MonoTime now) {
    if (now - heard_ > silence_max) connected_.store(false);
    if (!connected_.load() && now - std::max(heard_, warned_) > silence_max) warn_silent(now);
    if (retry_fetch_ && now >= retry_fetch_->first) {
      fetch_for_follower(retry_fetch_->second);
      retry_fetch_.reset();
    }
    std::vector<std::uint64_t> late;
    for (auto& [id, waiting] : waiting_) {
      if (waiting.deadline != MonoTime{} && now > waiting.deadline)
        late.push_back(id);
      else if (now - waiting.sent > waiting.pause)
        try_send(waiting);
    }
    for (const auto id : late) {
      const auto done = std::move(waiting_[id].done);
      waiting_.erase(id);
      done(too_late());
    }
    while (!requests_.empty() && now > requests_.front().second.deadline) {
      const auto done = std::move(requests_.front().second.done);
      requests_.pop_front();
      done(too_late());
    }
  }

  [[nodiscard]] tl::unexpected<Error> too_late() const {
    return fail(Code::timeout, "the broker at " + options_.service + " did not answer within " +
                                   to_text(options_.request_timeout) + ": is it running?");
  }

  void warn_silent(MonoTime now) {
    if (warned_ > started_ && now - warned_ < warning_interval) return;
    warned_ = now;
    log::warn(
        "the broker does not answer; waiting for it",
        {{"endpoint", options_.service}, {"events waiting", std::to_string(queue_.events())}});
  }

  void interrupt_all() {
    const auto stopped = [] { return fail(Code::interrupted, "the program is stopping"); };
    for (auto& task : commands_.take()) task();
    auto waiting = std::exchange(waiting_, {});
    for (auto& [id, entry] : waiting) entry.done(stopped());
    for (auto& [id, entry] : std::exchange(requests_, {})) entry.done(stopped());
    while (auto batch = queue_.take(0))
      for (auto& done : batch->done) answer(std::move(done), stopped());
  }

  const BusOptions options_;
  zmq::context_t context_{1};
  zmq::socket_t service_ =
      bus::make_socket(context_, zmq::socket_type::dealer, bus::message_length_max);
  zmq::socket_t events_ =
      bus::make_socket(context_, zmq::socket_type::sub, bus::message_length_max);
  bus::Mailbox<std::function<void()>> commands_;
  bus::PublishQueue queue_;
  std::atomic<std::uint64_t> next_id_ = 1;
  std::atomic<bool> connected_ = false;
  std::atomic<bool> stopping_ = false;

  // Owned by the bus thread.
  std::size_t batches_ = 0;
  std::deque<std::pair<std::uint64_t, Waiting>> requests_;  // not sent yet
  std::size_t requests_outstanding_ = 0;
  std::map<std::uint64_t, Waiting> waiting_;
  bus::Follower follower_;
  std::function<void(Batch)> handler_;
  bool resumed_ = false;
  std::set<std::string> subscribed_;
  std::optional<std::pair<MonoTime, bus::Follower::Fetch>> retry_fetch_;
  MonoTime started_{};
  MonoTime heard_{};
  MonoTime warned_{};

  std::thread thread_;
};

}  // namespace

Result<std::unique_ptr<Bus>> connect_zmq_bus(BusOptions options) {
  auto bus = std::make_unique<ZmqBus>(std::move(options));
  if (auto status = bus->open(); !status) return tl::unexpected(status.error());
  return bus;
}

}  // namespace sense
