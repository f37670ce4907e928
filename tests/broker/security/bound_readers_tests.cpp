// SPDX-License-Identifier: Apache-2.0
#include <boost/test/unit_test.hpp>
#include <condition_variable>
#include <mutex>

#include "core/bus/bus.hpp"
#include "core/event/recipients.hpp"
#include "tests/broker/secured_broker.hpp"

// A reader of the bus is bound by audience and except as a subscription is, and sees neither list.
using namespace sense;
using namespace std::chrono_literals;
using bus::Operation;

namespace {

const SecuredBroker::Principals readers = {
    {"desk", "publish: [\"*\"], route: [\"*\"]"},
    {"ann", "subscribe: [\"*\"]"},
    {"bob", "subscribe: [\"{urn:a}*\"]"},
    {"clerk", "subscribe: [\"*\", \"{urn:sense:management}*\"], list: true"},
    {"gate",
     "subscribe: [\"*\", \"{urn:sense:management}*\", \"{urn:sense:gateway}*\"], manage: true, "
     "speak-for: [\"*\"]"}};

Event event_for(const std::string& id, std::vector<std::string> audience,
                std::vector<std::string> except = {}) {
  auto event = make_event(id, "{urn:a}one", "//s");
  event.audience = std::move(audience);
  event.except = std::move(except);
  return event;
}

struct BoundReader : KeyPeer {
  BoundReader(SecuredBroker& secured, const std::string& name)
      : KeyPeer(zmq::socket_type::dealer, secured.tcp().service, secured.keys(name),
                secured.public_key()) {}

  void publish(const std::vector<Event>& events) {
    std::vector<std::string> octets;
    for (const auto& event : events) octets.push_back(encode(event));
    bus::Request request;
    request.id = 1;
    request.operation = Operation::publish;
    request.events.assign(octets.begin(), octets.end());
    for (const auto& one : ask(request).published) BOOST_CHECK(one.code == Code::noerror);
  }
  // Ids and lists of what FETCH serves.
  std::string fetched(const bus::OnBehalf& client = {}) {
    bus::Request request;
    request.id = 1;
    request.operation = Operation::fetch;
    request.from = 1;
    request.prefixes = {"{urn:a}"};
    request.bytes_max = 1 << 20;
    request.client = client;
    const auto reply = ask(request);
    next = reply.next;
    std::string all;
    const auto records = split_records(reply.records);
    BOOST_REQUIRE(records);
    for (const auto& record : *records) {
      const auto event = decode_record(record).value();
      all += event.id;
      for (const auto& name : event.audience) all += "+" + name;
      for (const auto& name : event.except) all += "-" + name;
      all += ' ';
    }
    return all;
  }
  std::uint64_t next = 0;
};

// The program that follows by the live stream and by fetches. Tasks run on the thread of the bus.
class BoundFollower {
 public:
  BoundFollower(SecuredBroker& secured, const std::string& name) {
    BusOptions options;
    options.service = secured.tcp().service;
    options.events = secured.tcp().events;
    options.keys = {secured.key_file(name), secured.public_key(), false};
    (void)secured.keys(name);
    options.executor = [](const std::function<void()>& task) { task(); };
    bus_ = connect_zmq_bus(options).value();
    bus_->follow(0, {"{urn:a}"}, [this](const Batch& batch) {
      const std::lock_guard lock(mutex_);
      for (const auto& event : batch.events) {
        lists_seen_ = lists_seen_ || has_recipients(*event);
        ids_ += event->id + ' ';
      }
      position_ = batch.position;
      changed_.notify_one();
      bus_->resume();
    });
  }
  ~BoundFollower() { bus_->close(); }

  std::string ids_up_to(std::uint64_t position) {
    std::unique_lock lock(mutex_);
    BOOST_CHECK(changed_.wait_for(lock, 30s, [&] { return position_ >= position; }));
    BOOST_CHECK(!lists_seen_);
    return ids_;
  }

 private:
  std::mutex mutex_;
  std::condition_variable changed_;
  std::string ids_;
  bool lists_seen_ = false;  // checked on the test's thread: Boost.Test is for one
  std::uint64_t position_ = 0;
  std::unique_ptr<Bus> bus_;
};

}  // namespace

BOOST_AUTO_TEST_SUITE(bound_readers_tests)

BOOST_AUTO_TEST_CASE(fetch_serves_what_names_the_reader_and_neither_list) {
  SecuredBroker secured(readers);
  secured.broker().start();
  BoundReader(secured, "desk")
      .publish({event_for("all", {}), event_for("ann", {"ann", "eve"}), event_for("bob", {"bob"}),
                event_for("not-ann", {}, {"ann"}), event_for("both", {"ann", "bob"}, {"bob"}),
                event_for("end", {})});
  BoundReader ann(secured, "ann");
  BOOST_CHECK_EQUAL(ann.fetched(), "all ann both end ");
  BOOST_CHECK_EQUAL(ann.next, 7U);  // as if no prefix selected the others
  BOOST_CHECK_EQUAL(BoundReader(secured, "bob").fetched(), "all bob not-ann end ");
  // To see the registry is not to see what is for others.
  BOOST_CHECK_EQUAL(BoundReader(secured, "clerk").fetched(), "all not-ann end ");
}

BOOST_AUTO_TEST_CASE(a_group_in_a_list_stands_for_its_members) {
  SecuredBroker secured(readers);
  secured.allow(readers, "groups:\n  - {name: staff, members: [ann, bob]}\n");
  secured.broker().start();
  BoundReader(secured, "desk")
      .publish({event_for("staff", {"staff"}), event_for("not-staff", {}, {"staff"}),
                event_for("but-bob", {"staff"}, {"bob"}), event_for("end", {})});
  BOOST_CHECK_EQUAL(BoundReader(secured, "ann").fetched(), "staff but-bob end ");
  BOOST_CHECK_EQUAL(BoundReader(secured, "bob").fetched(), "staff end ");
  BOOST_CHECK_EQUAL(BoundReader(secured, "clerk").fetched(), "not-staff end ");
}

BOOST_AUTO_TEST_CASE(with_the_right_to_manage_all_is_served_but_not_to_whom_it_speaks_for) {
  SecuredBroker secured(readers);
  secured.broker().start();
  BoundReader(secured, "desk")
      .publish({event_for("ann", {"ann", "eve"}), event_for("not-ann", {}, {"ann", "bob"})});
  BoundReader gate(secured, "gate");
  BOOST_CHECK_EQUAL(gate.fetched(), "ann+ann+eve not-ann-ann-bob ");
  BOOST_CHECK_EQUAL(gate.fetched({"ann", "http", "127.0.0.1:1"}), "ann ");
  BOOST_CHECK_EQUAL(gate.fetched({"anonymous", "http", "127.0.0.1:1"}), "not-ann ");
}

BOOST_AUTO_TEST_CASE(the_live_stream_has_no_event_that_is_not_for_all) {
  SecuredBroker secured(readers);
  secured.broker().start();
  for (const auto* name : {"ann", "gate"}) {
    KeySubscriber live(secured, name, {"{urn:a}"});
    const std::string id = name;
    BoundReader(secured, "desk")
        .publish({event_for(id + "1", {}), event_for(id + "2", {"ann"}),
                  event_for(id + "3", {}, {"bob"}), event_for(id + "4", {})});
    std::string ids;
    for (;;) {
      const auto frames = live.receive();
      if (frames[0] == bus::watermark_topic) {
        const auto mark = bus::decode_watermark(frames[1]).value();
        if (mark.tally.empty()) continue;  // a heartbeat
        BOOST_CHECK_EQUAL(mark.tally.at(0).second, 4U);
        break;
      }
      const auto records = split_records(frames[1]).value();
      for (const auto& record : records) ids += decode_record(record).value().id + ' ';
    }
    BOOST_CHECK_EQUAL(ids, id + "1 " + id + "4 ");
  }
}

BOOST_AUTO_TEST_CASE(a_follower_fetches_what_names_it_and_goes_past_the_rest) {
  SecuredBroker secured(readers);
  secured.broker().start();
  BoundReader desk(secured, "desk");
  BoundFollower ann(secured, "ann");
  BoundFollower bob(secured, "bob");
  desk.publish({event_for("first", {})});
  BOOST_CHECK_EQUAL(ann.ids_up_to(1), "first ");
  BOOST_CHECK_EQUAL(bob.ids_up_to(1), "first ");
  for (const auto& event : {event_for("ann", {"ann"}), event_for("bob", {"bob"}),
                            event_for("not-ann", {}, {"ann"}), event_for("last", {})})
    desk.publish({event});
  BOOST_CHECK_EQUAL(ann.ids_up_to(5), "first ann last ");
  BOOST_CHECK_EQUAL(bob.ids_up_to(5), "first bob not-ann last ");
}

BOOST_AUTO_TEST_SUITE_END()
