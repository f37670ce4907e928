// SPDX-License-Identifier: Apache-2.0
#include <atomic>
#include <cstdio>

#include "tests/bench/peers/nats_client.hpp"

// NATS JetStream: one stream in files, as nats-server is shipped, which acknowledges before it
// syncs; or, where the server has it, with `sync_interval: always`. Subscribers are ordered
// consumers: like Bus::follow they miss nothing.
namespace sense::bench {

namespace {

constexpr auto stream = "BENCH";
constexpr std::int64_t outstanding_max = 16'384;
constexpr std::int64_t outstanding_octets_max = 64 * 1024 * 1024;
constexpr std::int64_t wait_ms = 30'000;

struct JetStream {
  NatsConnection connection;
  jsCtx* context = nullptr;
  ~JetStream() { jsCtx_Destroy(context); }

  Status open(const std::string& url, jsOptions* options = nullptr) {
    if (auto good = connection.open(url); !good) return good;
    return check(natsConnection_JetStream(&context, connection, options), "no JetStream");
  }
};

Status make_stream(const std::string& url) {
  JetStream jetstream;
  if (auto good = jetstream.open(url); !good) return good;
  jsStreamConfig config;
  jsStreamConfig_Init(&config);
  const char* subject = nats_subject;
  config.Name = stream;
  config.Subjects = &subject;
  config.SubjectsLen = 1;
  config.Storage = js_FileStorage;
  return check(js_AddStream(nullptr, jetstream.context, &config, nullptr, nullptr),
               "the stream cannot be made");
}

// Counts acknowledgements; those of probes, which all come first, are taken off.
struct Acknowledgements {
  Sender& sender;
  std::atomic<std::uint64_t> probes = 0;
  std::atomic<std::uint64_t> refused = 0;

  static void take(jsCtx*, natsMsg* message, jsPubAck* accepted, jsPubAckErr*, void* closure) {
    auto& self = *static_cast<Acknowledgements*>(closure);
    if (accepted == nullptr)
      ++self.refused;
    else if (self.probes > 0)
      --self.probes;
    else
      self.sender.acknowledged();
    natsMsg_Destroy(message);
  }
};

Status publish_sync(const std::string& url, Sender& sender) {
  JetStream jetstream;
  if (auto good = jetstream.open(url); !good) return good;
  natsStatus status = NATS_OK;
  const auto send = [&](std::string_view data) {
    status = js_Publish(nullptr, jetstream.context, nats_subject, data.data(),
                        static_cast<int>(data.size()), nullptr, nullptr);
  };
  sender.warm_up(send);
  while (status == NATS_OK) {
    const auto data = sender.next();
    if (!data) break;
    send(*data);
    if (status == NATS_OK) sender.acknowledged();
  }
  return check(status, "publishing failed");
}

Status publish_async(const std::string& url, const Workload& workload, Sender& sender) {
  Acknowledgements acknowledgements{sender};
  jsOptions options;
  jsOptions_Init(&options);
  options.PublishAsync.MaxPending = std::min(
      outstanding_max, outstanding_octets_max / static_cast<std::int64_t>(workload.octets));
  options.PublishAsync.StallWait = wait_ms;
  options.PublishAsync.AckHandler = Acknowledgements::take;
  options.PublishAsync.AckHandlerClosure = &acknowledgements;
  JetStream jetstream;
  if (auto good = jetstream.open(url, &options); !good) return good;
  natsStatus status = NATS_OK;
  const auto send = [&](std::string_view data) {
    status = js_PublishAsync(jetstream.context, nats_subject, data.data(),
                             static_cast<int>(data.size()), nullptr);
  };
  sender.warm_up([&](std::string_view probe) {
    ++acknowledgements.probes;
    send(probe);
  });
  while (status == NATS_OK) {
    const auto data = sender.next();
    if (!data) break;
    send(*data);
  }
  jsPubOptions wait;
  jsPubOptions_Init(&wait);
  wait.MaxWait = wait_ms;
  if (status == NATS_OK) status = js_PublishAsyncComplete(jetstream.context, &wait);
  if (acknowledgements.refused > 0) return fail(Code::system, "JetStream refused messages");
  return check(status, "publishing failed");
}

std::string server_version() {
  std::string text;
  if (auto* pipe = ::popen("nats-server --version 2>&1", "re")) {
    for (int c = 0; (c = std::fgetc(pipe)) != EOF && c != '\n';) text += static_cast<char>(c);
    ::pclose(pipe);
  }
  return text;
}

// sync_interval came with 2.10.
bool knows_sync_always(const std::string& version) {
  unsigned major = 0, minor = 0;
  const auto at = version.find('v', version.find(':'));
  return at != std::string::npos &&
         std::sscanf(version.c_str() + at, "v%u.%u", &major, &minor) == 2 &&
         (major > 2 || (major == 2 && minor >= 10));
}

class JetStreamSystem final : public SystemUnderTest {
 public:
  Duration patience() const override { return std::chrono::seconds{60}; }

  std::string absent(const Workload&) override {
    if (SENSE_SYNC_ALWAYS == 0) return {};
    const auto version = server_version();
    return knows_sync_always(version) ? "" : "sync_interval: always is not in " + version;
  }

  Result<pid_t> start(const Workload&, Children& children) override {
    std::string config = "jetstream {\n  store_dir: store\n";
    if (SENSE_SYNC_ALWAYS != 0) config += "  sync_interval: always\n";
    auto server = start_nats_server(children, config + "}\n", url_);
    if (!server) return server;
    // In a process of its own: libnats starts threads, and this one goes on forking.
    const auto maker = children.run("stream", [this] { return make_stream(url_); });
    if (!maker) return tl::unexpected(maker.error());
    while (children.running(*maker))
      if (auto good = children.pause(std::chrono::milliseconds{10}); !good)
        return tl::unexpected(good.error());
    return server;
  }

  Status publish(const Workload& workload, Sender& sender) override {
    if (workload.kind == Workload::Kind::sync) return publish_sync(url_, sender);
    return publish_async(url_, workload, sender);
  }

  Status subscribe(const Workload&, Receiver& receiver) override {
    JetStream jetstream;
    if (auto good = jetstream.open(url_); !good) return good;
    jsSubOptions options;
    jsSubOptions_Init(&options);
    options.Stream = stream;
    options.Ordered = true;
    natsSubscription* subscription = nullptr;
    if (auto good = check(js_Subscribe(&subscription, jetstream.context, nats_subject,
                                       take_nats_message, &receiver, nullptr, &options, nullptr),
                          "cannot subscribe");
        !good)
      return good;
    return receive_for_ever(subscription);
  }

 private:
  std::string url_;
};

}  // namespace

}  // namespace sense::bench

int main(int argc, char** argv) {
  sense::bench::JetStreamSystem system;
  return sense::bench::run_system({argv + 1, argv + argc}, system);
}
