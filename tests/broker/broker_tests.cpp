// SPDX-License-Identifier: Apache-2.0
#include "broker/broker.hpp"

#include <boost/test/unit_test.hpp>
#include <zmq.hpp>

#include "core/bus/protocol.hpp"
#include "core/bus/zmq_socket.hpp"
#include "tests/broker/full_disk.hpp"
#include "tests/broker/ingest_fixture.hpp"
#include "tests/broker/peers.hpp"
#include "tests/broker/running_broker.hpp"

using namespace sense;
using namespace std::string_literals;
using bus::Operation;

namespace {

std::string event(const std::string& id) { return encode(make_event(id)); }

const std::string jam_topic = topic_of(make_event("1"));

}  // namespace

BOOST_AUTO_TEST_SUITE(broker_tests)

BOOST_AUTO_TEST_CASE(published_event_is_acknowledged_routed_marked_and_fetched) {
  RunningBroker broker;
  broker.start();
  Subscriber subscriber(broker);
  Client client(broker);
  const auto reply = client.publish({event("1"), event("2"), event("1")});
  BOOST_CHECK_EQUAL(reply.id, 1u);
  BOOST_REQUIRE(reply.published.size() == 3u);
  BOOST_CHECK_EQUAL(reply.published[1].sequence, 2u);
  BOOST_CHECK(reply.published[2].code == Code::duplicate);

  const auto frames = subscriber.next_other_than_watermarks();
  BOOST_REQUIRE(frames.size() == 2u);
  BOOST_CHECK_EQUAL(frames[0], jam_topic);
  BOOST_CHECK_EQUAL(split_records(frames[1])->size(), 2u);
  const auto watermark = subscriber.next_watermark();
  BOOST_CHECK_EQUAL(watermark.previous, 0u);
  BOOST_CHECK_EQUAL(watermark.head, 2u);

  const auto fetched = client.fetch(1);
  BOOST_CHECK_EQUAL(fetched.records, frames[1]);
  BOOST_CHECK_EQUAL(fetched.next, 3u);
  const auto head = client.ask_for(Operation::head);
  BOOST_CHECK_EQUAL(head.first, 1u);
  BOOST_CHECK_EQUAL(head.head, 2u);
  BOOST_CHECK(client.ask_for(Operation::ping).code == Code::noerror);
  BOOST_CHECK_EQUAL(client.parameter("head"), "2");
  BOOST_CHECK_EQUAL(client.parameter("protocol-version"), "1");
  BOOST_CHECK_EQUAL(client.parameter("retention-age"), "7d");
  BOOST_CHECK_EQUAL(client.parameter("deduplication-window"), "10min");
  BOOST_CHECK_EQUAL(client.parameter("repeat-window"), "10min");  // its former name
}

BOOST_AUTO_TEST_CASE(heartbeats_repeat_the_head_while_nothing_happens) {
  RunningBroker broker;
  broker.start();
  Client client(broker);
  (void)client.publish({event("1")});
  Subscriber subscriber(broker);
  const auto watermark = subscriber.next_watermark();
  BOOST_CHECK_EQUAL(watermark.previous, 1u);
  BOOST_CHECK_EQUAL(watermark.head, 1u);
  BOOST_CHECK(watermark.tally.empty());
}

BOOST_AUTO_TEST_CASE(plain_event_is_journalled_and_routed) {
  RunningBroker broker;
  broker.start();
  Subscriber subscriber(broker);
  Plain plain(broker);
  plain.send({jam_topic, "rubbish"});
  plain.send({"{urn:example:printer}jam", event("topic without source")});
  plain.send({jam_topic});
  plain.send({jam_topic, event("1"), "a third frame"});
  plain.send({jam_topic, event("2")});
  const auto frames = subscriber.next_other_than_watermarks();
  BOOST_REQUIRE(frames.size() == 2u);
  const auto records = split_records(frames[1]);
  BOOST_REQUIRE(records);
  BOOST_REQUIRE(records->size() == 1u);
  BOOST_CHECK_EQUAL(records->front().sequence, 1u);
  BOOST_CHECK_EQUAL(decode_record(records->front())->id, "2");
  Client client(broker);
  BOOST_CHECK_EQUAL(client.fetch(1).records, frames[1]);
}

BOOST_AUTO_TEST_CASE(foreign_topics_pass_untouched_and_are_not_journalled) {
  RunningBroker broker;
  broker.start();
  Subscriber subscriber(broker);
  Plain plain(broker);
  Frames many(64, "frame");
  many[0] = "many";
  const std::vector<Frames> messages = {
      {"weather.oslo", "rain"},
      {"only a topic"},
      {"multipart", "", "\0\xff\x00"s, std::string(100'000, 'x')},
      {"\x01\x02\xff", "binary topic"},
      {"", "empty topic"},
      many,
  };
  for (const auto& message : messages) plain.send(message);
  for (const auto& message : messages)
    BOOST_TEST(subscriber.next_other_than_watermarks() == message,
               boost::test_tools::per_element());
  Client client(broker);
  BOOST_CHECK_EQUAL(client.ask_for(Operation::head).head, 0u);
  BOOST_CHECK_EQUAL(client.parameter("counter.broker.plain.forwarded"), "6");
}

BOOST_AUTO_TEST_CASE(message_of_too_many_frames_goes_as_a_whole) {
  RunningBroker broker;
  broker.start();
  Subscriber subscriber(broker);
  Plain plain(broker);
  plain.send(Frames(65, "frame"));
  plain.send({"behind"});
  BOOST_TEST(subscriber.next_other_than_watermarks() == Frames{"behind"},
             boost::test_tools::per_element());
}

BOOST_AUTO_TEST_CASE(only_the_broker_sends_watermarks) {
  RunningBroker broker;
  broker.start();
  Subscriber subscriber(broker);
  Plain plain(broker);
  plain.send({std::string(bus::watermark_topic), bus::encode(bus::Watermark{0, 1000, {}})});
  plain.send({"\0other"s, "x"});
  plain.send({"\0"s, "x"});
  plain.send({"behind", "x"});
  for (;;) {
    const auto frames = subscriber.receive();
    if (frames[0] == "behind") break;
    BOOST_REQUIRE(frames[0] == bus::watermark_topic);
    BOOST_CHECK_EQUAL(bus::decode_watermark(frames[1])->head, 0u);
  }
  Client client(broker);
  BOOST_CHECK_EQUAL(client.parameter("counter.broker.plain.refused"), "3");
}

BOOST_AUTO_TEST_CASE(malformed_request_is_answered_with_a_code_and_its_id) {
  RunningBroker broker;
  broker.start();
  Client client(broker);
  const auto answer = [&](const std::string& octets) {
    client.send({octets});
    return client.reply(Operation::ping);
  };
  const auto good = bus::encode([] {
    bus::Request request;
    request.id = 42;
    return request;
  }());
  auto reply = answer("rubbish");
  BOOST_CHECK(reply.code == Code::protoerror);
  BOOST_CHECK_EQUAL(reply.id, 0u);
  BOOST_CHECK(!reply.reason.empty());
  reply = answer(good + "x");
  BOOST_CHECK(reply.code == Code::protoerror);
  BOOST_CHECK_EQUAL(reply.id, 42u);
  auto other = good;
  other[1] = 2;  // version
  reply = answer(other);
  BOOST_CHECK(reply.code == Code::badcontext);
  BOOST_CHECK_EQUAL(reply.id, 42u);
  other = good;
  other[other.size() - 2] = 'H';  // PINH
  reply = answer(other);
  BOOST_CHECK(reply.code == Code::notyetimplemented);
  BOOST_CHECK(answer("").code == Code::protoerror);
  // A message of more than one frame is not a request and cannot be answered.
  client.send({good, good});
  BOOST_CHECK(client.ask_for(Operation::ping).code == Code::noerror);
  BOOST_CHECK_EQUAL(client.parameter("counter.broker.requests.malformed"), "6");
}

BOOST_AUTO_TEST_CASE(too_many_requests_of_one_client_are_refused_and_each_is_answered) {
  RunningBroker broker([](BrokerConfig& config) {
    BOOST_REQUIRE(config.settings.set("requests-per-client-max", "2"));
  });
  broker.start();
  Client client(broker);
  constexpr std::uint64_t count = 3'000;
  bus::Request request;
  request.operation = Operation::head;
  for (request.id = 1; request.id <= count; ++request.id) {
    client.send({bus::encode(request)});
    // Answers that a client does not read are lost to it: it reads along.
    if (request.id % 4 != 0) continue;
    for (int i = 0; i < 4; ++i) {
      const auto reply = client.reply(Operation::head);
      BOOST_REQUIRE(reply.code == Code::noerror || reply.code == Code::nomoreroom);
      client.id += reply.code == Code::nomoreroom ? 1 : 0;
    }
  }
  BOOST_CHECK_GT(client.id, 0u);
  BOOST_CHECK(client.ask_for(Operation::ping).code == Code::noerror);
}

// As a client does when the disk is slow: what was accepted is not refused because it came twice.
BOOST_AUTO_TEST_CASE(request_that_is_sent_again_before_its_answer_is_one_request) {
  RunningBroker broker([](BrokerConfig& config) {
    BOOST_REQUIRE(config.settings.set("requests-per-client-max", "2"));
  });
  broker.start();
  Client client(broker);
  const auto repeated = event("1");
  const auto other = event("2");
  bus::Request request;
  request.operation = Operation::publish;
  request.id = 1'000;
  request.events = {repeated};
  for (int i = 0; i < 200; ++i) client.send({bus::encode(request)});
  // The same id alone does not make it the same request.
  request.events = {other};
  client.send({bus::encode(request)});
  // The broker answers in the order of the requests.
  std::uint64_t sequence = 0;
  while (sequence != 2) {
    const auto reply = client.reply(Operation::publish);
    BOOST_REQUIRE(reply.code == Code::noerror);
    sequence = reply.published.at(0).sequence;
  }
  BOOST_CHECK_GT(std::stoul("0" + client.parameter("counter.broker.requests.repeated")), 0U);
  BOOST_CHECK_EQUAL(client.ask_for(Operation::head).head, 2U);
}

BOOST_AUTO_TEST_CASE(client_that_never_reads_does_not_delay_others) {
  RunningBroker broker;
  broker.start();
  Client client(broker);
  auto big = make_event("big");
  big.data.assign(Event::data_length_max, 'x');
  (void)client.publish({encode(big)});
  Client deaf(broker);
  bus::Request request;
  request.operation = Operation::fetch;
  request.from = 1;
  request.prefixes = {"{"};
  request.bytes_max = 1 << 20;
  for (request.id = 1; request.id <= 400; ++request.id) deaf.send({bus::encode(request)});
  BOOST_CHECK(client.publish({event("1")}).published[0].code == Code::noerror);
  BOOST_CHECK_GE(client.ask_for(Operation::head).head, 2U);  // with what was refused
}

BOOST_AUTO_TEST_CASE(restart_keeps_sequence_registry_and_repeats) {
  RunningBroker broker;
  broker.start();
  {
    Client client(broker);
    (void)client.publish({event("1"), event("2")});
    bus::Request put;
    put.operation = Operation::put;
    put.kind = "gateway";
    put.key = "http";
    put.value = "{}";
    BOOST_CHECK_EQUAL(client.ask(put).sequence, 3u);
  }
  broker.restart();
  Client client(broker);
  const auto reply = client.publish({event("2"), event("3")});
  BOOST_CHECK(reply.published[0].code == Code::duplicate);
  BOOST_CHECK_EQUAL(reply.published[0].sequence, 2u);
  BOOST_CHECK_EQUAL(reply.published[1].sequence, 5U);
  bus::Request get;
  get.operation = Operation::get;
  get.kind = "gateway";
  get.key = "http";
  BOOST_CHECK_EQUAL(client.ask(get).entries.front().revision, 3u);
}

BOOST_AUTO_TEST_CASE(subscriptions_to_very_long_topics_do_no_harm) {
  RunningBroker broker;
  broker.start();
  Subscriber other(broker);
  {
    std::vector<std::unique_ptr<Peer>> peers;
    for (const std::size_t length : {239, 240, 241, 244, 245, 246, 250, 254, 255, 256, 257, 300,
                                     1000, 4095, 4096, 5000, 100'000}) {
      BOOST_TEST_MESSAGE("prefix of " << length << " octets");
      auto peer = std::make_unique<Peer>(zmq::socket_type::sub, broker.endpoints().events);
      const std::string topic = "{" + std::string(length - 1, 't');
      peer->socket().set(zmq::sockopt::subscribe, topic);
      // libzmq 4.3.4 garbles its own stream with 246 to 255 octets, and over 4,096 the broker hangs
      // up: only such a peer suffers. With the others a heartbeat shows that they are connected.
      if (length <= 245 || (length >= 256 && length <= 4'000)) (void)peer->receive();
      peer->socket().set(zmq::sockopt::unsubscribe, topic);
      peer->socket().set(zmq::sockopt::subscribe, topic + "x");
      peers.push_back(std::move(peer));
    }
    (void)other.next_watermark();
  }
  Client client(broker);
  BOOST_CHECK(client.publish({event("1")}).published[0].code == Code::noerror);
  BOOST_CHECK_EQUAL(other.next_other_than_watermarks()[0], jam_topic);
}

BOOST_AUTO_TEST_CASE(what_a_subscriber_sends_is_not_passed_on) {
  RunningBroker broker;
  broker.start();
  Subscriber subscriber(broker);
  Peer upstream(zmq::socket_type::xsub, broker.endpoints().events);
  upstream.send({"\x01"});
  (void)upstream.receive();
  for (int i = 0; i < 100; ++i) upstream.send({jam_topic, event("forged")});
  Client client(broker);
  (void)client.publish({event("1")});
  const auto frames = subscriber.next_other_than_watermarks();
  BOOST_CHECK_EQUAL(decode_record(split_records(frames[1])->front())->id, "1");
  BOOST_CHECK_EQUAL(client.ask_for(Operation::head).head, 1u);
}

BOOST_AUTO_TEST_CASE(full_disk_is_answered_and_recovered_from_without_a_restart) {
  FullDisk disk;
  RunningBroker broker;
  broker.start();
  Client client(broker);
  (void)client.publish({event("0")});
  disk.fill();
  auto big = make_event("big");
  big.data.assign(Event::data_length_max, 'x');
  for (int i = 0; i < 3; ++i) {
    const auto refused = client.publish({encode(big), event("small")});
    BOOST_CHECK(refused.code == Code::nomoreroom);
    BOOST_CHECK(refused.published.empty());
  }
  BOOST_CHECK_EQUAL(client.fetch(1).next, 2u);
  disk.free();
  const auto stored = client.publish({encode(big), event("small")});
  BOOST_REQUIRE(stored.published.size() == 2u);
  BOOST_CHECK(stored.published[0].code == Code::noerror);
  BOOST_CHECK_EQUAL(stored.published[1].sequence, 3u);
  BOOST_CHECK(broker.stop().has_value());
}

BOOST_AUTO_TEST_CASE(requests_beyond_the_waiting_size_are_refused) {
  RunningBroker broker(
      [](BrokerConfig& config) { BOOST_REQUIRE(config.settings.set("waiting-size", "1MiB")); });
  broker.start();
  Client client(broker);
  auto big = make_event("big");
  big.data.assign(Event::data_length_max, 'x');
  BOOST_CHECK(client.publish({encode(big)}).code == Code::nomoreroom);
  BOOST_CHECK(client.publish({event("1")}).published[0].code == Code::noerror);
}

BOOST_AUTO_TEST_CASE(static_subscriptions_are_in_the_registry_from_the_start) {
  RunningBroker broker([](BrokerConfig& config) {
    auto subscription = make_subscription("desk");
    subscription.via = "config";
    config.subscriptions = {subscription};
  });
  broker.start();
  Client client(broker);
  bus::Request list;
  list.operation = Operation::list;
  list.kind = "subscription";
  list.limit = 10;
  const auto reply = client.ask(list);
  BOOST_REQUIRE(reply.entries.size() == 1u);
  BOOST_CHECK_EQUAL(reply.entries[0].key, "desk");
  BOOST_CHECK_EQUAL(reply.sequence, 3U);  // a change is two events, and audited
}

BOOST_AUTO_TEST_SUITE_END()
