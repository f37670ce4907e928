// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <functional>
#include <map>
#include <memory>
#include <string>
#include <vector>

#include "core/base/error.hpp"
#include "core/bus/keys.hpp"
#include "core/event/event.hpp"

// The client of the broker, as interfaces that do not depend on ZeroMQ: publish, read the journal,
// use the registry. Take the one that is needed; Bus is all of them, for the owner.
//
// All functions may be called from any thread, except where one says otherwise. Every callback runs
// on the executor given at creation (BusOptions), one at a time, exactly once, and never inside the
// call that caused it. A request that the broker does not answer within BusOptions::request_timeout
// ends with `timeout`, one under way at close() with `interrupted`; whether such a change was made
// is then unknown. Every other error is the broker's refusal: nothing was changed.
namespace sense {

// Whom a request is for: the principal that a gateway has authenticated, by which gateway, and from
// where, for the records. Empty: the connection speaks for itself. A request for another is judged
// by the rights of that principal alone, and needs the right `speak-for`.
struct ServedClient {
  std::string principal;
  std::string gateway;  // its name: "http", "sense"
  std::string peer;     // address and port

  friend bool operator==(const ServedClient&, const ServedClient&) = default;
};

// Called with the broker's answer, or why there is none.
template <class T>
using BusAnswer = std::function<void(Result<T>)>;

// The broker's reply to a publish, sent once the event is on stable storage.
struct Receipt {
  std::uint64_t sequence = 0;
  bool duplicate = false;  // the event was stored before, with this sequence
};

// Publishes events.
class Publisher {
 public:
  using Done = std::function<void(Result<Receipt>)>;
  virtual ~Publisher() = default;

  // Publishes durably. While the broker does not answer, the event is queued and sent again with
  // the same id; there is no timeout. `done` gets a receipt, or an error: the event is refused
  // (invalid, no right), the queue is full (nomoreroom, at once), or the program ends
  // (interrupted).
  virtual void publish(const Event& event, Done done) = 0;
};

// Publishes events for the clients of a gateway.
class ClientPublisher {
 public:
  virtual ~ClientPublisher() = default;

  // As Publisher::publish, by the rights of that client. REQUIRES: it has a principal.
  virtual void publish_for(const ServedClient& client, const Event& event,
                           Publisher::Done done) = 0;
};

// A run of the journal, filtered by topic prefix, complete up to `position`.
struct Batch {
  std::vector<EventRef> events;  // in order of sequence
  std::uint64_t position = 0;    // last sequence that the batch covers
  std::uint64_t lost_from = 0;   // not 0: lost_from..lost_to are not in the journal any more
  std::uint64_t lost_to = 0;
};

// Reads the journal. Topic prefixes: "{" is every event, "{ns}" a namespace, "{ns}local " one type
// (TypePattern::topic_prefix).
class JournalReader {
 public:
  virtual ~JournalReader() = default;

  // A run of the journal, as the broker could serve it at once.
  struct FetchReply {
    std::vector<EventRef> events;  // those that cannot be decoded are logged and left out
    std::uint64_t next = 0;        // `from` of the next fetch
    std::uint64_t first = 0;       // first sequence that the journal still holds
    std::uint64_t head = 0;        // last sequence in the journal, 0 when empty
  };
  // Events from `from` on whose topic starts with one of `prefixes` (at most 10,000), at most
  // `bytes_max` octets, but at least one event.
  // For a client: what it may read alone.
  virtual void fetch(std::uint64_t from, std::vector<std::string> prefixes, std::size_t bytes_max,
                     BusAnswer<FetchReply> done, const ServedClient& client = {}) = 0;

  // Follows the journal from the event after `position`, without gaps and in order, by the live
  // stream and by fetches. After a batch the next comes only after `resume()` or another
  // `follow()`, which replaces position, prefixes and handler. Call it from the handler, or while
  // no batch is being handled. To follow what was listed: RegistryPage::sequence.
  virtual void follow(std::uint64_t position, std::vector<std::string> prefixes,
                      std::function<void(Batch)> handler) = 0;
  virtual void resume() = 0;
};

// One entry of the broker's shared registry.
struct RegistryEntry {
  std::string kind;            // "subscription", "source", "gateway", "leader"
  std::string key;             // 1 to 256 octets of UTF-8
  std::uint64_t revision = 0;  // sequence of the event that announced the change
  std::string value;           // JSON; 1 to 65,536 octets
};

// Reads and changes the registry, for a client or, without one, for the connection itself.
class RegistryClient {
 public:
  virtual ~RegistryClient() = default;

  // notfound: there is none, or none that the principal may see.
  virtual void registry_get(std::string kind, std::string key, BusAnswer<RegistryEntry> done,
                            const ServedClient& client = {}) = 0;
  // Compare-and-set: `revision` 0 creates, another value must be the current one, else badcontext.
  // `reason` goes into the management event. Answers the new revision.
  virtual void registry_put(RegistryEntry entry, std::string reason, BusAnswer<std::uint64_t> done,
                            const ServedClient& client = {}) = 0;
  // `revision` 0 removes any. Answers the sequence of the removal.
  virtual void registry_remove(std::string kind, std::string key, std::uint64_t revision,
                               std::string reason, BusAnswer<std::uint64_t> done,
                               const ServedClient& client = {}) = 0;

  // A part of the entries of one kind.
  struct RegistryPage {
    std::vector<RegistryEntry> entries;  // ordered by key
    // The page is the registry as of this event of the journal. To list and then follow, begin
    // behind the sequence of the FIRST page: a change between two pages may be missing from the
    // list, and its event is behind that sequence.
    std::uint64_t sequence = 0;
    bool more = false;
    // Without the right to list, the entries are the principal's own subscriptions only.
    bool own_only = false;
  };
  // At most `limit` entries (1 to 1,000) with a key after `after`.
  virtual void registry_list(std::string kind, std::string after, std::uint32_t limit,
                             BusAnswer<RegistryPage> done, const ServedClient& client = {}) = 0;
};

// Who proves itself with what, as the broker's access file says: for gateways, which take the
// proofs. Only of principals that the connection may speak for.
struct ProofTable {
  std::string version;                            // another one when the table has changed
  std::map<std::string, std::string> principals;  // by proof (to_text)
  // Of every principal that is in one, by its name: the names of its groups, a space between two.
  std::map<std::string, std::string> groups = {};
};

// Reads it.
class ProofReader {
 public:
  virtual ~ProofReader() = default;

  // Without principals when the version is the `known` one. noaccess: the connection speaks for no
  // principal.
  virtual void proofs(std::string known, BusAnswer<ProofTable> done) = 0;
};

// What a gateway itself has refused one of its clients.
struct ClientRefusal {
  ServedClient client;
  std::string request;         // what was asked, e.g. "REGISTER"
  Error error;                 // noaccess or nomoreroom
  std::uint64_t left_out = 0;  // refusals since the one before of which the broker was not told
};

// Tells the broker of such refusals, for the audit trail.
class RefusalReporter {
 public:
  virtual ~RefusalReporter() = default;

  // noaccess: the connection may not speak for that client.
  virtual void report(const ClientRefusal& refusal, std::function<void(Status)> done) = 0;
};

// The whole connection to the broker, with a thread of its own; destruction closes it. The executor
// must outlive it.
class Bus : public Publisher,
            public ClientPublisher,
            public JournalReader,
            public RegistryClient,
            public ProofReader,
            public RefusalReporter {
 public:
  template <class T>
  using Answer = BusAnswer<T>;

  // The broker's operational parameters, by name. Also the ping.
  virtual void parameters(Answer<std::map<std::string, std::string>> done) = 0;

  // Whether the broker answered within the last heartbeats.
  [[nodiscard]] virtual bool connected() const = 0;
  // Ends unanswered requests with interrupted and joins the thread. No callback afterwards. Not
  // from a callback.
  virtual void close() = 0;
};

// Runs functions later, one at a time, in order. Any thread may call.
using Executor = std::function<void(std::function<void()>)>;

// Of connect_zmq_bus().
struct BusOptions {
  std::string service;  // ZeroMQ endpoint of the broker's ROUTER; of a list, the first
  std::string events;   // ZeroMQ endpoint of the broker's XPUB; likewise
  BusKeys keys = {};    // for tcp://
  // What this process is, "gateway-http" or "adapter-snmp", for a broker whose own user it runs as.
  std::string process = {};
  std::size_t waiting_max = 100'000;                    // events accepted and not yet answered
  std::size_t waiting_bytes_max = 256 * 1024 * 1024;    // of these events, encoded
  Duration request_timeout = std::chrono::seconds{10};  // of all but publish() and follow()
  Duration resend_after = std::chrono::seconds{2};      // doubled with each repeat, up to a minute
  // A connection over which nothing comes or goes for so long is made anew: libzmq gives one up for
  // ever, without a word, when what answers at the endpoint is not a broker.
  Duration reconnect_after = std::chrono::seconds{5};
  Executor executor;
  // Called once when the sockets are broken, which do not heal: every request fails from then on,
  // and only another program can serve. Empty: that is logged alone.
  std::function<void(Error)> on_broken = {};
};

// Connects in the background: a broker that is not there is no error, it is waited for. Fails when
// an endpoint or its keys are unusable.
[[nodiscard]] Result<std::unique_ptr<Bus>> connect_zmq_bus(BusOptions options);

}  // namespace sense
