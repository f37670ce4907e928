// SPDX-License-Identifier: Apache-2.0
#include <sys/prctl.h>

#include <array>
#include <atomic>
#include <span>
#include <thread>

#include "core/base/check.hpp"
#include "core/base/log.hpp"
#include "core/bus/bus.hpp"
#include "core/bus/contact.hpp"
#include "core/bus/mailbox.hpp"
#include "core/bus/publish_queue.hpp"
#include "core/bus/request_sender.hpp"
#include "core/bus/stream_reader.hpp"

namespace sense {

namespace {

using bus::Operation;
using bus::Reply;
using bus::Request;

constexpr std::size_t batches_outstanding_max = 8;
constexpr auto poll_interval = std::chrono::milliseconds{100};

Error stopped() { return {Code::interrupted, "the program is stopping"}; }

// The receipt of one event of a PUBLISH.
Result<Receipt> receipt(const Result<Reply>& reply, std::size_t index) {
  if (!reply) return tl::unexpected(reply.error());
  if (index >= reply->published.size())
    return fail(Code::protoerror, "the broker answered fewer events than were sent");
  const auto& published = reply->published[index];
  if (published.code == Code::noerror || published.code == Code::duplicate)
    return Receipt{published.sequence, published.code == Code::duplicate};
  return fail(published.code, published.reason);
}

// The bus thread and all that runs on it. The public functions are for any thread; what they ask
// for is done by that thread.
class BusLoop {
 public:
  BusLoop(const BusOptions& options, bus::PublishQueue& queue) : options_(options), queue_(queue) {}

  Status start() {
    if (auto status = requests_.connect(); !status) return status;
    if (auto status = stream_.connect(); !status) return status;
    thread_ = std::thread([this] { run(); });
    return {};
  }
  void stop() {
    if (!thread_.joinable()) return;
    stopping_.store(true);
    tasks_.wake();
    thread_.join();
  }

  void publish_waiting() { tasks_.wake(); }
  // Gives the request its id.
  void request(Request& request, bus::RequestSender::Done done) {
    request.id = requests_.next_id();
    if (request.client.principal.empty()) request.client.gateway = options_.process;
    auto octets = std::make_shared<const std::string>(bus::encode(request));
    const auto deadline = mono_now() + options_.request_timeout;
    tasks_.put([this, id = request.id,
                sending = bus::RequestSender::Sending{request.operation, std::move(octets),
                                                      std::move(done), deadline}]() mutable {
      requests_.send_limited(id, std::move(sending));
    });
  }
  void follow(std::uint64_t position, std::vector<std::string> prefixes,
              bus::StreamReader::Handler handler) {
    tasks_.put(
        [this, position, prefixes = std::move(prefixes), handler = std::move(handler)]() mutable {
          stream_.follow(position, std::move(prefixes), std::move(handler));
        });
  }
  void resume() {
    tasks_.put([this] { stream_.resume(); });
  }
  [[nodiscard]] bool connected() const { return contact_.connected(); }

 private:
  void run() {
    ::prctl(PR_SET_NAME, "sense-bus");
    contact_.start(mono_now());
    try {
      Status status;
      while (status && !stopping_.load()) {
        send_publishes();
        const auto now = mono_now();
        requests_.tick(now);
        stream_.tick(now);
        status = wait_and_receive();
      }
      if (!status) refuse_all(status.error());
    } catch (const zmq::error_t& error) {
      refuse_all({Code::system, std::string("the sockets of the bus are broken: ") + error.what()});
    }
    interrupt(stopped());
  }

  // Until stop(): sockets do not heal, and a caller must not wait for ever.
  void refuse_all(const Error& error) {
    contact_.lose();
    log::error("the connection to the broker has failed: restart the program",
               {{"endpoint", options_.service}, {"reason", error.message}});
    if (options_.on_broken) options_.executor([tell = options_.on_broken, error] { tell(error); });
    while (!stopping_.load()) {
      interrupt(error);
      tasks_.wait(poll_interval);
    }
  }

  [[nodiscard]] Status wait_and_receive() {
    std::array<zmq::pollitem_t, 3> items = {
        {requests_.to_poll(), {nullptr, tasks_.fd(), ZMQ_POLLIN, 0}, stream_.to_poll()}};
    // A stream that is left in the socket must not wake the thread.
    const bool leave = stream_.leaves_stream();
    if (auto status = bus::poll(std::span(items).first(leave ? 2 : 3), poll_interval); !status)
      return status;
    // Receiving from an idle socket costs system calls, which add latency to a single event.
    const auto ready = [&](std::size_t item) { return (items[item].revents & ZMQ_POLLIN) != 0; };
    bool heard = ready(0) && requests_.receive();
    if (ready(1))
      for (auto& task : tasks_.take()) task();
    heard = ((leave || ready(2)) && stream_.receive()) || heard;
    note_contact(heard, mono_now());
    return {};
  }

  void note_contact(bool heard, MonoTime now) {
    using Heard = bus::Contact::Heard;
    const auto before = heard ? contact_.heard(now) : Heard::still;
    if (before == Heard::again) log::info("the broker answers again");
    // Requests sent while the broker was away are sent again at once.
    if (before != Heard::still) requests_.resend();
    if (contact_.was_silent(now))
      log::warn(
          "the broker does not answer; waiting for it",
          {{"endpoint", options_.service}, {"events waiting", std::to_string(queue_.events())}});
  }

  void send_publishes() {
    while (batches_ < batches_outstanding_max) {
      auto taken = queue_.take(requests_.next_id());
      if (!taken) return;
      ++batches_;
      const auto batch = std::make_shared<bus::PublishQueue::Batch>(std::move(*taken));
      requests_.send(batch->id, {Operation::publish, batch->request, [this, batch](auto reply) {
                                   --batches_;
                                   settle(batch, std::move(reply));
                                 }});
    }
  }

  void settle(std::shared_ptr<bus::PublishQueue::Batch> batch, Result<Reply> reply) {
    queue_.settle(*batch);
    options_.executor([batch = std::move(batch), reply = std::move(reply)] {
      for (std::size_t i = 0; i < batch->done.size(); ++i) batch->done[i](receipt(reply, i));
    });
  }

  void interrupt(const Error& error) {
    stream_.stop();
    for (auto& task : tasks_.take()) task();
    requests_.interrupt(error);
    while (auto batch = queue_.take(0))
      settle(std::make_shared<bus::PublishQueue::Batch>(std::move(*batch)), tl::unexpected(error));
  }

  const BusOptions& options_;
  bus::PublishQueue& queue_;
  bus::Mailbox<std::function<void()>> tasks_;
  std::atomic<bool> stopping_ = false;
  bus::Contact contact_;

  // Owned by the thread.
  zmq::context_t context_{1};
  bus::RequestSender requests_{context_, options_};
  bus::StreamReader stream_{context_, options_, requests_};
  std::size_t batches_ = 0;  // publish batches under way

  std::thread thread_;
};

// Checks and encodes on the calling thread.
class ZmqBus final : public Bus {
 public:
  explicit ZmqBus(BusOptions options)
      : options_(std::move(options)),
        queue_(options_.waiting_max, options_.waiting_bytes_max, options_.process),
        loop_(options_, queue_) {}
  ~ZmqBus() override { close(); }

  Status open() { return loop_.start(); }

  void publish(const Event& event, Done done) override { put({}, event, std::move(done)); }
  void publish_for(const ServedClient& client, const Event& event, Done done) override {
    SENSE_CHECK(!client.principal.empty());
    put(client, event, std::move(done));
  }

  void fetch(std::uint64_t from, std::vector<std::string> prefixes, std::size_t bytes_max,
             BusAnswer<FetchReply> done, const ServedClient& client) override {
    auto request = request_of(Operation::fetch, {}, {}, client);
    request.from = from;
    request.prefixes.assign(prefixes.begin(), prefixes.end());
    request.bytes_max = bytes_max;
    submit<FetchReply>(request, std::move(done), bus::read_fetched);
  }

  void follow(std::uint64_t position, std::vector<std::string> prefixes,
              std::function<void(Batch)> handler) override {
    loop_.follow(position, std::move(prefixes), std::move(handler));
  }
  void resume() override { loop_.resume(); }

  void registry_get(std::string kind, std::string key, BusAnswer<RegistryEntry> done,
                    const ServedClient& client) override {
    auto request = request_of(Operation::get, kind, key, client);
    submit<RegistryEntry>(request, std::move(done), [](Reply& reply) -> Result<RegistryEntry> {
      return std::move(reply.entries.front());
    });
  }

  void registry_put(RegistryEntry entry, std::string reason, BusAnswer<std::uint64_t> done,
                    const ServedClient& client) override {
    auto request = request_of(Operation::put, entry.kind, entry.key, client);
    request.revision = entry.revision;
    request.value = entry.value;
    request.reason = reason;
    submit<std::uint64_t>(request, std::move(done), revision_of);
  }

  void registry_remove(std::string kind, std::string key, std::uint64_t revision,
                       std::string reason, BusAnswer<std::uint64_t> done,
                       const ServedClient& client) override {
    auto request = request_of(Operation::remove, kind, key, client);
    request.revision = revision;
    request.reason = reason;
    submit<std::uint64_t>(request, std::move(done), revision_of);
  }

  void registry_list(std::string kind, std::string after, std::uint32_t limit,
                     BusAnswer<RegistryPage> done, const ServedClient& client) override {
    auto request = request_of(Operation::list, kind, after, client);
    request.limit = limit;
    submit<RegistryPage>(request, std::move(done), [](Reply& reply) -> Result<RegistryPage> {
      return RegistryPage{std::move(reply.entries), reply.sequence, reply.more, reply.own_only};
    });
  }

  void parameters(Answer<std::map<std::string, std::string>> done) override {
    auto request = request_of(Operation::parameters);
    using Values = std::map<std::string, std::string>;
    submit<Values>(request, std::move(done),
                   [](Reply& reply) -> Result<Values> { return std::move(reply.parameters); });
  }

  void proofs(std::string known, BusAnswer<ProofTable> done) override {
    submit<ProofTable>(request_of(Operation::proofs, {}, known), std::move(done),
                       [](Reply& reply) -> Result<ProofTable> { return std::move(reply.proofs); });
  }

  void report(const ClientRefusal& refusal, std::function<void(Status)> done) override {
    auto request = request_of(Operation::refused, {}, refusal.request, refusal.client);
    request.refusal = refusal.error.code;
    request.reason = std::string_view(refusal.error.message).substr(0, bus::reason_length_max);
    request.left_out = refusal.left_out;
    submit<Nothing>(
        request,
        [done = std::move(done)](const Result<Nothing>& told) {
          done(told ? Status() : tl::unexpected(told.error()));
        },
        [](Reply&) -> Result<Nothing> { return Nothing(); });
  }

  [[nodiscard]] bool connected() const override { return loop_.connected(); }
  void close() override { loop_.stop(); }

 private:
  struct Nothing {};

  static Request request_of(Operation operation, std::string_view kind = {},
                            std::string_view key = {}, const ServedClient& client = {}) {
    Request request;
    request.client = bus::on_behalf_of(client);
    request.operation = operation;
    request.kind = kind;
    request.key = key;
    return request;
  }
  static Result<std::uint64_t> revision_of(Reply& reply) { return reply.sequence; }

  void put(const ServedClient& client, const Event& event, Done done) {
    if (auto status = validate(event); !status) return refuse(std::move(done), status.error());
    const auto put = queue_.put(event, done, client);
    if (!put.accepted)
      return refuse(std::move(done), {Code::nomoreroom,
                                      "the queue to the broker is full: the broker does not "
                                      "answer, or not fast enough"});
    if (put.first) loop_.publish_waiting();
  }

  void refuse(Done done, Error error) {
    options_.executor(
        [done = std::move(done), error = std::move(error)] { done(tl::unexpected(error)); });
  }

  // `read` runs on the bus thread, `done` on the executor.
  template <class T>
  void submit(Request request, BusAnswer<T> done, std::function<Result<T>(Reply&)> read) {
    loop_.request(request, [this, done = std::move(done), read = std::move(read)](auto reply) {
      Result<T> value = reply ? read(*reply) : Result<T>(tl::unexpected(reply.error()));
      options_.executor([done, value = std::move(value)]() mutable { done(std::move(value)); });
    });
  }

  const BusOptions options_;
  bus::PublishQueue queue_;
  BusLoop loop_;
};

}  // namespace

Result<std::unique_ptr<Bus>> connect_zmq_bus(BusOptions options) {
  auto bus = std::make_unique<ZmqBus>(std::move(options));
  if (auto status = bus->open(); !status) return tl::unexpected(status.error());
  return bus;
}

}  // namespace sense
