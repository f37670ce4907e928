// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <boost/test/unit_test.hpp>
#include <optional>
#include <string>
#include <vector>

#include "broker/journal/ingest.hpp"
#include "core/event/record.hpp"
#include "tests/core/storage/temporary_folder.hpp"

namespace sense {

[[nodiscard]] inline Event make_event(const std::string& id,
                                      const std::string& type = "{urn:example:printer}jam",
                                      const std::string& source = "//hq.example/printer/hp4") {
  Event event;
  event.id = id;
  event.type = *QName::parse(type);
  event.source = source;
  event.data = "data of " + id;
  return event;
}

[[nodiscard]] inline Subscription make_subscription(const std::string& id) {
  Subscription subscription;
  subscription.id = id;
  subscription.owner = "owner";
  subscription.via = "http";
  subscription.types = {*TypePattern::parse("{urn:example:printer}jam")};
  subscription.callback = "https://desk.example/events";
  subscription.state = SubscriptionState::active;
  return subscription;
}

// An ingest over a store in a folder of its own, in virtual time.
struct IngestFixture {
  explicit IngestFixture(const Ingest::Limits& wanted = default_limits()) : limits(wanted) {
    restart();
  }

  static Ingest::Limits default_limits() {
    Ingest::Limits limits;
    limits.deduplication_window = std::chrono::minutes{10};
    limits.deduplication_ids_max = 10'000;
    return limits;
  }

  void restart() {
    ingest.reset();
    store.reset();
    auto opened = Store::open(folder.path());
    BOOST_REQUIRE_MESSAGE(opened, (opened ? "" : opened.error().message));
    store.emplace(std::move(*opened));
    auto restored = Ingest::restore(*store, limits, counters, clock.now(), audit);
    BOOST_REQUIRE_MESSAGE(restored, (restored ? "" : restored.error().message));
    ingest.emplace(std::move(*restored));
  }

  static IncomingRef incoming(const bus::Request& request, const std::string& peer = "peer") {
    auto made = std::make_unique<Incoming>();
    made->peer = peer;
    made->principal = "tester";
    made->octets = bus::encode(request);
    auto decoded = bus::decode_request(made->octets);
    BOOST_REQUIRE(decoded);
    made->request = std::move(*decoded);
    return made;
  }
  static IncomingRef publish(const std::vector<std::string>& events,
                             const std::string& peer = "peer") {
    bus::Request request;
    request.id = 1;
    request.operation = bus::Operation::publish;
    request.events.assign(events.begin(), events.end());
    return incoming(request, peer);
  }
  static IncomingRef plain(const std::string& topic, const std::string& event) {
    auto made = publish({event}, "");
    made->topic = topic;
    return made;
  }
  static IncomingRef put(const std::string& kind, const std::string& key, std::uint64_t revision,
                         const std::string& value) {
    bus::Request request;
    request.id = 2;
    request.operation = bus::Operation::put;
    request.kind = kind;
    request.key = key;
    request.revision = revision;
    request.value = value;
    return incoming(request);
  }

  Outgoing commit(const std::vector<IncomingRef>& group) {
    auto out = ingest->commit_group(group, clock.now());
    BOOST_REQUIRE_MESSAGE(out, (out ? "" : out.error().message));
    return std::move(*out);
  }
  Outgoing commit_one(IncomingRef incoming) {
    std::vector<IncomingRef> group;
    group.push_back(std::move(incoming));
    return commit(group);
  }
  bus::Reply reply(const Outgoing& out, bus::Operation operation, std::size_t index = 0) const {
    BOOST_REQUIRE(out.answers.size() > index);
    auto decoded = bus::decode_reply(out.answers[index].octets, operation);
    BOOST_REQUIRE_MESSAGE(decoded, (decoded ? "" : decoded.error().message));
    return std::move(*decoded);
  }
  std::vector<bus::Published> publish_now(const std::vector<std::string>& events) {
    return reply(commit_one(publish(events)), bus::Operation::publish).published;
  }
  bus::Reply put_now(const std::string& kind, const std::string& key, std::uint64_t revision,
                     const std::string& value) {
    return reply(commit_one(put(kind, key, revision, value)), bus::Operation::put);
  }

  // Every event in the journal.
  std::vector<Event> journal() {
    std::vector<Event> events;
    const auto status = store->journal().read(1, [&](const JournalGroup& group) {
      BOOST_CHECK(!group.damaged);
      const auto records = split_records(group.octets);
      BOOST_REQUIRE(records);
      for (const auto& record : *records) {
        auto event = decode_record(record);
        BOOST_REQUIRE_MESSAGE(event, (event ? "" : event.error().message));
        events.push_back(std::move(*event));
      }
      return true;
    });
    BOOST_CHECK(status.has_value());
    for (std::size_t i = 0; i < events.size(); ++i)
      BOOST_CHECK_EQUAL(events[i].sequence, events.front().sequence + i);
    return events;
  }

  TemporaryFolder folder;
  Ingest::Limits limits;
  VirtualClock clock;
  Counters counters;
  AuditTrail* audit = nullptr;
  std::optional<Store> store;
  std::optional<Ingest> ingest;
};

}  // namespace sense
