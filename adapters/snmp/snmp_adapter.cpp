// SPDX-License-Identifier: Apache-2.0
#include <unistd.h>
#include <array>
#include <boost/asio/posix/stream_descriptor.hpp>

#include "adapters/api/adapter.hpp"
#include "adapters/snmp/listener.hpp"
#include "adapters/snmp/trap_event.hpp"
#include "core/base/log.hpp"
#include "core/base/random.hpp"
#include "core/base/text.hpp"
#include "core/base/uri.hpp"

namespace sense::snmp {

namespace {

constexpr std::array<Option, 6> options = {{
    {"listen", OptionType::text, "udp:127.0.0.1:162",
     "Where traps and informs are received: udp:ADDRESS:PORT or udp6:[ADDRESS]:PORT, several "
     "separated "
     "by "
     "commas.",
     1, 512},
    {"communities", OptionType::list, "",
     "The communities whose traps are taken; an empty list takes every trap. A community is sent "
     "in "
     "the clear and protects little.",
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
constexpr int datagrams_at_once = 256;

}  // namespace

// Receives traps and publishes them. Callbacks of the bus and of the socket may come after stop(),
// those of the bus even after the adapter's destruction: they hold this by a weak pointer.
class Intake : public std::enable_shared_from_this<Intake> {
 public:
  Intake(const Settings& settings, AdapterContext& context)
      : settings_(settings),
        context_(context),
        rules_{settings.text("namespace"), settings.text("source-prefix")},
        varbinds_max_(static_cast<std::size_t>(settings.integer("varbinds-max"))) {}

  Status start();
  void stop();
  std::vector<std::string> listening() const;

 private:
  struct Port {
    std::unique_ptr<Listener> listener;
    boost::asio::posix::stream_descriptor waiting;  // on a descriptor of its own
    std::uint64_t dropped = 0;
  };
  Status open(const ListenAddress& address);
  void wait(std::size_t index);
  void count_drops(Port& port);
  void on_message(std::size_t index, const snmp_pdu& pdu, const Sender& sender);
  void on_malformed(const Sender& sender, const std::string& why);
  void publish(std::size_t index, const snmp_pdu& pdu, const Trap& trap, const Sender& sender);
  void on_published(std::size_t index, PduOwner inform, const Sender& sender,
                    const Result<Receipt>& result);
  bool community_allowed(const std::string& community) const;
  void warn_limited(log::RateLimiter& limiter, const Sender& sender, std::string_view message,
                    const std::string& why);

  Settings settings_;
  AdapterContext& context_;
  EventRules rules_;
  std::size_t varbinds_max_;
  std::vector<Port> ports_;
  InformIds inform_ids_;
  log::RateLimiter malformed_{log_interval};
  log::RateLimiter community_{log_interval};
  log::RateLimiter refused_{log_interval};
  bool stopped_ = false;
};

Status Intake::start() {
  std::vector<ListenAddress> addresses;
  for (const auto piece : split(settings_.text("listen"), ',')) {
    auto address = parse_listen(trim(piece));
    if (!address) return tl::unexpected(address.error());
    addresses.push_back(std::move(*address));
  }
  ports_.reserve(addresses.size());
  for (const auto& address : addresses)
    if (auto good = open(address); !good) return good;
  if (settings_.list("communities").empty())
    log::info("traps of any community are taken; set `communities` to take only yours",
              {{"adapter", context_.name}});
  for (std::size_t i = 0; i < ports_.size(); ++i) wait(i);
  return {};
}

Status Intake::open(const ListenAddress& address) {
  const auto index = ports_.size();
  // The listener is owned by this object, so its handlers cannot outlive it.
  Listener::Handler handler{
      [this, index](const snmp_pdu& pdu, const Sender& sender) { on_message(index, pdu, sender); },
      [this](const Sender& sender, const std::string& why) { on_malformed(sender, why); }};
  const auto wanted = settings_.size("receive-buffer");
  auto listener = Listener::open(address, wanted, std::move(handler));
  if (!listener) return tl::unexpected(listener.error());
  const int descriptor = ::dup((*listener)->descriptor());
  if (descriptor < 0)
    return fail(Code::system, "no file descriptor is left to wait for traps with");
  if ((*listener)->receive_buffer() < wanted)
    log::warn(
        "the kernel grants a smaller buffer for traps than receive-buffer asks for; bursts may be "
        "lost: raise net.core.rmem_max",
        {{"listen", (*listener)->address().text()},
         {"wanted", std::to_string(wanted)},
         {"given", std::to_string((*listener)->receive_buffer())}});
  ports_.push_back({std::move(*listener),
                    boost::asio::posix::stream_descriptor(context_.reactor, descriptor), 0});
  return {};
}

void Intake::wait(std::size_t index) {
  ports_[index].waiting.async_wait(
      boost::asio::posix::stream_descriptor::wait_read,
      [weak = weak_from_this(), index](const boost::system::error_code& error) {
        const auto self = weak.lock();
        if (!self || self->stopped_ || error) return;
        self->ports_[index].listener->read(datagrams_at_once);
        self->count_drops(self->ports_[index]);
        self->wait(index);
      });
}

void Intake::stop() {
  stopped_ = true;
  boost::system::error_code ignored;
  for (auto& port : ports_) port.waiting.close(ignored);
}

std::vector<std::string> Intake::listening() const {
  std::vector<std::string> result;
  for (const auto& port : ports_) result.push_back(port.listener->address().text());
  return result;
}

void Intake::count_drops(Port& port) {
  const auto dropped = port.listener->dropped();
  if (dropped <= port.dropped) return;
  context_.counters["snmp.datagrams.dropped"] += dropped - port.dropped;
  if (port.dropped == 0)
    log::warn("the kernel dropped traps because the receive buffer was full; raise receive-buffer",
              {{"listen", port.listener->address().text()}, {"dropped", std::to_string(dropped)}});
  port.dropped = dropped;
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

void Intake::on_malformed(const Sender& sender, const std::string& why) {
  ++context_.counters["snmp.datagrams.malformed"];
  warn_limited(malformed_, sender, "a datagram is not a readable trap; it is dropped", why);
}

bool Intake::community_allowed(const std::string& community) const {
  const auto& allowed = settings_.list("communities");
  bool found = allowed.empty();
  // All are compared, so that the time taken does not reveal which one is similar.
  for (const auto& one : allowed) found = equal_secret(one, community) || found;
  return found;
}

void Intake::on_message(std::size_t index, const snmp_pdu& pdu, const Sender& sender) {
  const auto trap = read_trap(pdu, varbinds_max_);
  if (!trap && trap.error().code == Code::notfound) {
    ++context_.counters["snmp.datagrams.ignored"];
    return;
  }
  if (!trap) return on_malformed(sender, trap.error().message);
  if (!community_allowed(trap->community)) {
    ++context_.counters["snmp.community.refused"];
    return warn_limited(community_, sender,
                        "a trap with a community that is not allowed is dropped",
                        "not in `communities`");
  }
  ++context_.counters[trap->inform ? "snmp.informs.received" : "snmp.traps.received"];
  publish(index, pdu, *trap, sender);
}

void Intake::publish(std::size_t index, const snmp_pdu& pdu, const Trap& trap,
                     const Sender& sender) {
  const auto now = context_.clock.now();
  auto event = trap_event(trap, sender, rules_, now.wall);
  if (!event) {
    ++context_.counters["snmp.events.refused"];
    return warn_limited(refused_, sender, "a trap cannot become an event; it is dropped",
                        event.error().message);
  }
  event->id = trap.inform ? inform_ids_.id_of(trap, sender, *event, now) : make_ulid(now.wall);
  // Functions must be copyable; the copy of the message is not.
  auto inform = std::make_shared<PduOwner>(trap.inform ? Listener::copy(pdu) : nullptr);
  context_.publisher.publish(std::move(*event), [weak = weak_from_this(), index, inform,
                                                 sender](const Result<Receipt>& result) {
    if (const auto self = weak.lock())
      self->on_published(index, std::move(*inform), sender, result);
  });
}

void Intake::on_published(std::size_t index, PduOwner inform, const Sender& sender,
                          const Result<Receipt>& result) {
  if (!result) {
    const bool full = result.error().code == Code::nomoreroom;
    ++context_.counters[full ? "snmp.events.lost.full" : "snmp.events.refused"];
    return warn_limited(refused_, sender, "a trap is lost: its event was not published",
                        result.error().message);
  }
  ++context_.counters[result->duplicate ? "snmp.events.duplicate" : "snmp.events.published"];
  // The event is durable now, so the sender may stop repeating it.
  if (!inform) return;
  const bool answered = ports_[index].listener->answer(std::move(inform));
  ++context_.counters[answered ? "snmp.informs.answered" : "snmp.informs.unanswerable"];
}

class SnmpAdapter final : public Adapter {
 public:
  SnmpAdapter(const Settings& settings, AdapterContext& context)
      : intake_(std::make_shared<Intake>(settings, context)) {}
  Status start() override { return intake_->start(); }
  void stop() override { intake_->stop(); }
  std::vector<std::string> listening() const override { return intake_->listening(); }

 private:
  std::shared_ptr<Intake> intake_;
};

namespace {

Result<std::unique_ptr<Adapter>> create(const Settings& settings, AdapterContext& context) {
  if (auto type = QName::make(settings.text("namespace"), "coldStart"); !type)
    return fail(Code::badparam, "'namespace': " + type.error().message);
  if (!valid_source(source_of(settings.text("source-prefix"), "192.0.2.7")))
    return fail(Code::badparam,
                "'source-prefix': it must be the beginning of a URI, without spaces");
  return std::make_unique<SnmpAdapter>(settings, context);
}

const AdapterDescriptor descriptor = {
    adapter_abi, "snmp", "SNMP traps and informs (v1, v2c) become events.", options, &create};

}  // namespace

}  // namespace sense::snmp

SENSE_ADAPTER(sense::snmp::descriptor)
