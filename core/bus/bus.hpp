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

namespace sense {

// The broker's reply to a publish, sent once the event is on stable storage.
struct Receipt {
  std::uint64_t sequence = 0;
  bool duplicate = false;  // the event was stored before, with this sequence
};

// Publishes events. Any thread may call; `done` runs on the owner's executor (see BusOptions).
class Publisher {
 public:
  using Done = std::function<void(Result<Receipt>)>;
  virtual ~Publisher() = default;

  // Publishes durably. While the broker does not answer, the event is queued and sent again with
  // the same id. `done` is called exactly once: with a receipt, or with an error when the event is
  // refused (invalid, no right), when the queue is full (nomoreroom, at once), or at shutdown
  // (interrupted).
  virtual void publish(const Event& event, Done done) = 0;
};

// One entry of the broker's shared registry.
struct RegistryEntry {
  std::string kind;  // "subscription", "source", "gateway"
  std::string key;
  std::uint64_t revision = 0;  // sequence of the event that announced the change
  std::string value;           // JSON
};

// A run of the journal, filtered by topic prefix, complete up to `position`.
struct Batch {
  std::vector<EventRef> events;  // in order of sequence
  std::uint64_t position = 0;    // last sequence that the batch covers
  std::uint64_t lost_from = 0;   // not 0: lost_from..lost_to are not in the journal any more
  std::uint64_t lost_to = 0;
};

// The client of the broker, as an interface that does not depend on ZeroMQ. All functions may be
// called from any thread; every callback runs on the executor given at creation, one at a time and
// never inside the call that caused it. The executor must outlive the bus.
class Bus : public Publisher {
 public:
  template <class T>
  using Answer = std::function<void(Result<T>)>;

  struct FetchReply {
    std::vector<EventRef> events;
    std::uint64_t next = 0;   // `from` of the next fetch
    std::uint64_t first = 0;  // first sequence that the journal still holds
    std::uint64_t head = 0;   // last sequence in the journal, 0 when empty
  };
  // Events from `from` on whose topic starts with one of `prefixes`, at most `bytes_max` octets.
  virtual void fetch(std::uint64_t from, std::vector<std::string> prefixes, std::size_t bytes_max,
                     Answer<FetchReply> done) = 0;

  // Follows the journal from the event after `position`, without gaps and in order, by the live
  // stream and by fetches. After a batch the next comes only after `resume()` or another
  // `follow()`, which replaces position, prefixes and handler. prefixes: "{", "{ns}" or "{ns}local
  // " (TypePattern::topic_prefix). Call it from the handler, or while no batch is being handled.
  virtual void follow(std::uint64_t position, std::vector<std::string> prefixes,
                      std::function<void(Batch)> handler) = 0;
  virtual void resume() = 0;

  virtual void registry_get(std::string kind, std::string key, Answer<RegistryEntry> done) = 0;
  // Compare-and-set: `revision` 0 creates, another value must be the current one, else badcontext.
  // `reason` goes into the management event. Answers the new revision.
  virtual void registry_put(RegistryEntry entry, std::string reason,
                            Answer<std::uint64_t> done) = 0;
  virtual void registry_remove(std::string kind, std::string key, std::uint64_t revision,
                               std::string reason, Answer<std::uint64_t> done) = 0;
  struct RegistryPage {
    std::vector<RegistryEntry> entries;  // ordered by key
    std::uint64_t sequence = 0;          // the registry as of this event
    bool more = false;
    // Without the right to list, the entries are the principal's own subscriptions only.
    bool own_only = false;
  };
  // At most `limit` entries (1 to 1,000) with a key after `after`.
  virtual void registry_list(std::string kind, std::string after, std::uint32_t limit,
                             Answer<RegistryPage> done) = 0;

  // The broker's operational parameters, by name. Also the ping.
  virtual void parameters(Answer<std::map<std::string, std::string>> done) = 0;

  // Whether the broker answered within the last heartbeats.
  [[nodiscard]] virtual bool connected() const = 0;
  // Ends unanswered requests with interrupted and joins the thread. No callback afterwards.
  virtual void close() = 0;
};

// Runs functions later, one at a time, in order. Any thread may call.
using Executor = std::function<void(std::function<void()>)>;

struct BusOptions {
  std::string service;  // ZeroMQ endpoint of the broker's ROUTER; of a list, the first
  std::string events;   // ZeroMQ endpoint of the broker's XPUB; likewise
  BusKeys keys = {};    // for tcp://
  std::size_t waiting_max = 100'000;  // events accepted and not yet answered
  std::size_t waiting_bytes_max = 256 * 1024 * 1024;
  Duration request_timeout = std::chrono::seconds{10};
  Duration resend_after = std::chrono::seconds{2};
  Executor executor;
};

[[nodiscard]] Result<std::unique_ptr<Bus>> connect_zmq_bus(BusOptions options);

}  // namespace sense
