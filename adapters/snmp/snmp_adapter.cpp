// SPDX-License-Identifier: Apache-2.0
#include <array>

#include "adapters/api/adapter.hpp"
#include "adapters/snmp/listener.hpp"
#include "adapters/snmp/trap_event.hpp"
#include "core/base/log.hpp"
#include "core/base/random.hpp"
#include "core/base/text.hpp"
#include "core/base/uri.hpp"

namespace sense::snmp {

namespace {

constexpr std::array<Option, 6> options_table = {{
    {"listen", OptionType::text, "udp:127.0.0.1:162",
     "Where traps and informs are received: udp:ADDRESS:PORT or udp6:[ADDRESS]:PORT, several "
     "separated by commas.",
     1, 512},
    {"communities", OptionType::list, "",
     "The communities whose traps are taken; an empty list takes every trap. A community is sent "
     "in the clear and protects little.",
     0, 64},
    {"receive-buffer", OptionType::size, "4MiB",
     "Room in the kernel for traps that wait to be read; the kernel's net.core.rmem_max may allow "
     "less.",
     64 * 1024, 256 * 1024 * 1024},
    {"namespace", OptionType::text, "urn:sense:snmp", "The namespace of the types of the events.",
     0, 512},
    {"source-prefix", OptionType::text, "//",
     "What precedes a device's address in the source of its events, such as //site.example/.", 1,
     512},
    {"varbinds-max", OptionType::integer, "256",
     "How many variables of one trap are taken; the event says how many were left out.", 2, 5000},
}};

constexpr Duration log_interval = std::chrono::minutes{1};

// What the options say, checked.
struct IntakeOptions {
  std::vector<boost::asio::ip::udp::endpoint> listen;
  std::vector<std::string> communities;  // empty: all
  std::int64_t receive_buffer = 0;
  EventRules rules;
  std::size_t varbinds_max = 0;
};

Result<IntakeOptions> read_options(const Settings& settings) {
  IntakeOptions read;
  for (const auto piece : split(settings.text("listen"), ',')) {
    auto address = parse_listen(trim(piece));
    if (!address) return tl::unexpected(address.error());
    read.listen.push_back(*address);
  }
  read.communities = settings.list("communities");
  read.receive_buffer = settings.size("receive-buffer");
  read.rules = {settings.text("namespace"), settings.text("source-prefix")};
  read.varbinds_max = static_cast<std::size_t>(settings.integer("varbinds-max"));
  if (auto type = QName::make(read.rules.ns, "coldStart"); !type)
    return fail(Code::badparam, "'namespace': " + type.error().message);
  if (!valid_source(source_of(read.rules.source_prefix, "192.0.2.7")))
    return fail(Code::badparam,
                "'source-prefix': it must be the beginning of a URI, without spaces");
  return read;
}

// Receives traps and publishes them. Answers of the bus may come after stop(), even after the
// adapter's destruction: they hold this by a weak pointer.
class Intake : public std::enable_shared_from_this<Intake> {
 public:
  Intake(IntakeOptions options, AdapterContext& context)
      : options_(std::move(options)), context_(context) {}

  Status start();
  void stop();
  [[nodiscard]] std::vector<std::string> listening() const;

 private:
  // Where the response to an inform goes, and its octets.
  struct Response {
    Listener* listener;
    Listener::Peer peer;
    std::string octets;
  };

  Status open(const boost::asio::ip::udp::endpoint& address);
  void on_datagram(Listener& listener, Octets octets, const Listener::Peer& peer);
  void on_dropped(const Listener& listener, std::uint64_t count);
  void publish(const Trap& trap, const Sender& sender, std::optional<Response> response);
  void on_published(const std::optional<Response>& response, const Sender& sender,
                    const Result<Receipt>& result);
  [[nodiscard]] bool community_allowed(const std::string& community) const;
  void warn_limited(log::RateLimiter& limiter, const Sender& sender, std::string_view message,
                    const std::string& why);

  const IntakeOptions options_;
  AdapterContext& context_;
  std::vector<std::unique_ptr<Listener>> listeners_;
  InformIds inform_ids_;
  log::RateLimiter malformed_{log_interval};
  log::RateLimiter community_{log_interval};
  log::RateLimiter refused_{log_interval};
  log::RateLimiter dropped_{log_interval};
};

Status Intake::start() {
  for (const auto& address : options_.listen)
    if (auto good = open(address); !good) return good;
  if (options_.communities.empty())
    log::info("traps of any community are taken; set `communities` to take only yours",
              {{"adapter", context_.name}});
  return {};
}

Status Intake::open(const boost::asio::ip::udp::endpoint& address) {
  auto opened = Listener::open(context_.reactor, address, options_.receive_buffer);
  if (!opened) return tl::unexpected(opened.error());
  auto& listener = **opened;
  listeners_.push_back(std::move(*opened));
  if (listener.receive_buffer() < options_.receive_buffer)
    log::warn(
        "the kernel grants a smaller buffer for traps than receive-buffer asks for; bursts may be "
        "lost: raise net.core.rmem_max",
        {{"listen", listen_text(listener.address())},
         {"wanted", std::to_string(options_.receive_buffer)},
         {"given", std::to_string(listener.receive_buffer())}});
  // This object owns the listener, so that its handlers cannot outlive it.
  listener.start({[this, &listener](Octets octets, const Listener::Peer& peer) {
                    on_datagram(listener, octets, peer);
                  },
                  [this, &listener](std::uint64_t count) { on_dropped(listener, count); }});
  return {};
}

void Intake::stop() {
  for (const auto& listener : listeners_) listener->stop();
}

std::vector<std::string> Intake::listening() const {
  std::vector<std::string> result;
  for (const auto& listener : listeners_) result.push_back(listen_text(listener->address()));
  return result;
}

void Intake::on_dropped(const Listener& listener, std::uint64_t count) {
  context_.counters["snmp.datagrams.dropped"] += count;
  const auto where = listen_text(listener.address());
  const auto line = dropped_.check(where, context_.clock.now().mono);
  if (!line.allowed) return;
  log::warn("the kernel dropped traps because the receive buffer was full; raise receive-buffer",
            {{"listen", where}, {"dropped", std::to_string(count)}});
}

void Intake::warn_limited(log::RateLimiter& limiter, const Sender& sender, std::string_view message,
                          const std::string& why) {
  const auto line = limiter.check(sender.address, context_.clock.now().mono);
  if (!line.allowed) return;
  log::warn(message, {{"adapter", context_.name},
                      {"sender", sender.address},
                      {"why", why},
                      {"suppressed", std::to_string(line.suppressed)}});
}

bool Intake::community_allowed(const std::string& community) const {
  bool found = options_.communities.empty();
  // All are compared, so that the time taken does not reveal which one is similar.
  for (const auto& one : options_.communities) found = equal_secret(one, community) || found;
  return found;
}

void Intake::on_datagram(Listener& listener, Octets octets, const Listener::Peer& peer) {
  const auto sender = peer.sender();
  const auto trap = parse_trap(octets, options_.varbinds_max);
  if (!trap && trap.error().code == Code::notfound) {
    ++context_.counters["snmp.datagrams.ignored"];
    return;
  }
  if (!trap) {
    ++context_.counters["snmp.datagrams.malformed"];
    return warn_limited(malformed_, sender, "a datagram is not a readable trap; it is dropped",
                        trap.error().message);
  }
  if (!community_allowed(trap->community)) {
    ++context_.counters["snmp.community.refused"];
    return warn_limited(community_, sender,
                        "a trap with a community that is not allowed is dropped",
                        "not in `communities`");
  }
  ++context_.counters[trap->inform ? "snmp.informs.received" : "snmp.traps.received"];
  std::optional<Response> response;
  if (trap->inform) response = Response{&listener, peer, response_to(octets)};
  publish(*trap, sender, std::move(response));
}

void Intake::publish(const Trap& trap, const Sender& sender, std::optional<Response> response) {
  const auto now = context_.clock.now();
  auto event = trap_event(trap, sender, options_.rules, now.wall);
  if (!event) {
    ++context_.counters["snmp.events.refused"];
    return warn_limited(refused_, sender, "a trap cannot become an event; it is dropped",
                        event.error().message);
  }
  event->id = trap.inform ? inform_ids_.id_of(trap, sender, *event, now) : make_ulid(now.wall);
  context_.publisher.publish(std::move(*event),
                             [weak = weak_from_this(), response = std::move(response),
                              sender](const Result<Receipt>& result) {
                               if (const auto self = weak.lock())
                                 self->on_published(response, sender, result);
                             });
}

void Intake::on_published(const std::optional<Response>& response, const Sender& sender,
                          const Result<Receipt>& result) {
  if (!result) {
    const bool full = result.error().code == Code::nomoreroom;
    ++context_.counters[full ? "snmp.events.lost.full" : "snmp.events.refused"];
    return warn_limited(refused_, sender, "a trap is lost: its event was not published",
                        result.error().message);
  }
  ++context_.counters[result->duplicate ? "snmp.events.duplicate" : "snmp.events.published"];
  // The event is durable now, so the sender may stop repeating it.
  if (!response) return;
  const bool answered = response->listener->answer(response->peer, response->octets);
  ++context_.counters[answered ? "snmp.informs.answered" : "snmp.informs.unanswerable"];
}

class SnmpAdapter final : public Adapter {
 public:
  SnmpAdapter(IntakeOptions options, AdapterContext& context)
      : intake_(std::make_shared<Intake>(std::move(options), context)) {}
  Status start() override { return intake_->start(); }
  void stop() override { intake_->stop(); }
  std::vector<std::string> listening() const override { return intake_->listening(); }

 private:
  std::shared_ptr<Intake> intake_;
};

// Where it would listen.
Result<std::vector<std::string>> check(const Settings& settings) {
  const auto options = read_options(settings);
  if (!options) return tl::unexpected(options.error());
  std::vector<std::string> listeners;
  for (const auto& address : options->listen) {
    const auto text = listen_text(address);
    listeners.push_back("udp " + text.substr(text.find(':') + 1));
  }
  return listeners;
}

Result<std::unique_ptr<Adapter>> create(const Settings& settings, AdapterContext& context) {
  auto options = read_options(settings);
  if (!options) return tl::unexpected(options.error());
  return std::make_unique<SnmpAdapter>(std::move(*options), context);
}

const AdapterDescriptor descriptor = {
    adapter_abi,   "snmp",  "SNMP traps and informs (v1, v2c) become events.",
    options_table, &create, &check};

}  // namespace

}  // namespace sense::snmp

SENSE_ADAPTER(sense::snmp::descriptor)
