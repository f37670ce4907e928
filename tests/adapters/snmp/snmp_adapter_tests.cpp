// SPDX-License-Identifier: Apache-2.0
#include <boost/asio/ip/udp.hpp>
#include <boost/test/unit_test.hpp>
#include <nlohmann/json.hpp>
#include <random>

#include "adapters/api/adapter.hpp"
#include "tests/adapters/snmp/packets.hpp"
#include "tests/adapters/snmp/programs.hpp"
#include "tests/skip.hpp"

extern "C" const sense::AdapterDescriptor* sense_adapter_descriptor();

using namespace sense::snmp_test;
using namespace std::chrono_literals;
using boost::asio::ip::udp;
using sense::Adapter;
using sense::Code;
using sense::Receipt;
using sense::Result;
using sense::Settings;

namespace {

struct Publication {
  sense::Event event;
  sense::Publisher::Done done;
};

// Keeps what is published; the test answers it.
class FakePublisher final : public sense::Publisher {
 public:
  void publish(const sense::Event& event, Done done) override {
    const auto good = validate(event);
    BOOST_CHECK_MESSAGE(good.has_value(), good.error().message);
    published.push_back({std::move(event), std::move(done)});
  }
  std::vector<Publication> published;
};

struct Fixture {
  boost::asio::io_context reactor;
  sense::Counters counters;
  FakePublisher publisher;
  sense::EgressPolicy egress;
  sense::AdapterContext context{"snmp", sense::system_clock(), counters, reactor, publisher, egress,
                                ""};
  Settings settings = Settings::defaults(sense_adapter_descriptor()->options);
  std::unique_ptr<Adapter> adapter;

  Fixture() { set("listen", "udp:127.0.0.1:0"); }

  void set(std::string_view key, std::string_view value) {
    BOOST_REQUIRE(settings.set(key, value).has_value());
  }

  std::string start() {
    auto made = sense_adapter_descriptor()->create(settings, context);
    BOOST_REQUIRE_MESSAGE(made.has_value(), made.error().message);
    adapter = std::move(*made);
    const auto started = adapter->start();
    BOOST_REQUIRE_MESSAGE(started.has_value(), started.error().message);
    BOOST_REQUIRE(!adapter->listening().empty());
    return adapter->listening().front();
  }

  udp::endpoint endpoint() const {
    const auto text = adapter->listening().front();
    const auto port = std::stoul(text.substr(text.rfind(':') + 1));
    return {boost::asio::ip::make_address("127.0.0.1"), static_cast<std::uint16_t>(port)};
  }

  template <class Condition>
  bool run_until(Condition condition) {
    const auto end = std::chrono::steady_clock::now() + 20s;
    while (!condition() && std::chrono::steady_clock::now() < end) reactor.run_one_for(10ms);
    return condition();
  }
  bool wait_for(std::size_t count) {
    return run_until([&] { return publisher.published.size() >= count; });
  }
  void answer(std::size_t index, Result<Receipt> result) {
    publisher.published.at(index).done(std::move(result));
  }
  std::uint64_t counter(std::string_view name) { return counters[name]; }
  nlohmann::json data(std::size_t index) const {
    return nlohmann::json::parse(publisher.published.at(index).event.data);
  }
};

const std::string name_oid = "1.3.6.1.2.1.2.2.1.2.7";

}  // namespace

BOOST_FIXTURE_TEST_SUITE(snmp_adapter_tests, Fixture)

BOOST_AUTO_TEST_CASE(the_defaults_of_the_options_are_valid) {
  const auto defaults = Settings::defaults(sense_adapter_descriptor()->options);
  BOOST_CHECK_EQUAL(defaults.text("listen"), "udp:127.0.0.1:162");
  BOOST_CHECK_EQUAL(defaults.size("receive-buffer"), 4 * 1024 * 1024);
}

BOOST_AUTO_TEST_CASE(snmptrap_version_2_becomes_an_event) {
  const auto target = start();
  Program program("snmptrap", {"-v2c", "-c", "public", target, "4711", "1.3.6.1.6.3.1.1.5.3",
                               name_oid, "s", "eth0", name_oid, "i", "-7"});
  BOOST_REQUIRE(program.started());
  BOOST_REQUIRE(wait_for(1));
  const auto& event = publisher.published[0].event;
  BOOST_CHECK_EQUAL(event.type.clark(), "{urn:sense:snmp}linkDown");
  BOOST_CHECK_EQUAL(event.source, "//127.0.0.1/snmp");
  BOOST_CHECK_EQUAL(event.id.size(), 26U);
  BOOST_REQUIRE(event.time.has_value());
  BOOST_CHECK_EQUAL(data(0).at("version"), "2c");
  BOOST_CHECK_EQUAL(data(0).at("uptime"), 4711);
  BOOST_CHECK_EQUAL(data(0).at("varbinds").at(2).at("oid"), name_oid);
  BOOST_CHECK_EQUAL(data(0).at("varbinds").at(2).at("value"), "eth0");
  BOOST_CHECK_EQUAL(data(0).at("varbinds").at(3).at("value"), -7);
  BOOST_CHECK_EQUAL(event.data.find("public"), std::string::npos);
  answer(0, Receipt{1, false});
  BOOST_CHECK_EQUAL(counter("snmp.events.published"), 1U);
  BOOST_CHECK_EQUAL(counter("snmp.informs.answered"), 0U);
}

BOOST_AUTO_TEST_CASE(snmptrap_version_1_becomes_an_event_of_its_agent) {
  const auto target = start();
  Program generic("snmptrap",
                  {"-v1", "-c", "public", target, "1.3.6.1.4.1.9", "192.0.2.99", "2", "0", "4711"});
  BOOST_REQUIRE(wait_for(1));
  BOOST_CHECK_EQUAL(publisher.published[0].event.type.clark(), "{urn:sense:snmp}linkDown");
  BOOST_CHECK_EQUAL(publisher.published[0].event.source, "//192.0.2.99/snmp");
  Program specific("snmptrap", {"-v1", "-c", "public", target, "1.3.6.1.4.1.9", "0.0.0.0", "6",
                                "42", "4711", name_oid, "s", "x"});
  BOOST_REQUIRE(wait_for(2));
  BOOST_CHECK_EQUAL(publisher.published[1].event.type.clark(),
                    "{urn:sense:snmp}oid.1.3.6.1.4.1.9.0.42");
  BOOST_CHECK_EQUAL(publisher.published[1].event.source, "//127.0.0.1/snmp");
  BOOST_CHECK_EQUAL(data(1).at("version"), "1");
  BOOST_CHECK_EQUAL(data(1).at("enterprise"), "1.3.6.1.4.1.9");
}

BOOST_AUTO_TEST_CASE(an_inform_is_answered_only_once_the_event_is_durable) {
  const auto target = start();
  Program program("snmpinform", {"-v2c", "-c", "public", "-t", "0.3", "-r", "50", target, "4711",
                                 "1.3.6.1.6.3.1.1.5.4", name_oid, "s", "eth0"});
  BOOST_REQUIRE(program.started());
  BOOST_REQUIRE(wait_for(3));  // unanswered, so the program repeats it
  BOOST_CHECK(!program.ended().has_value());
  const auto id = publisher.published[0].event.id;
  BOOST_CHECK_EQUAL(publisher.published[1].event.id, id);
  BOOST_CHECK_EQUAL(publisher.published[2].event.id, id);
  BOOST_CHECK_EQUAL(counter("snmp.informs.answered"), 0U);
  answer(2, Receipt{7, false});
  BOOST_REQUIRE(run_until([&] { return program.ended().has_value(); }));
  BOOST_CHECK_EQUAL(*program.ended(), 0);
  BOOST_CHECK_EQUAL(counter("snmp.informs.answered"), 1U);
}

BOOST_AUTO_TEST_CASE(an_inform_that_is_not_published_is_not_answered) {
  const auto target = start();
  Program program("snmpinform", {"-v2c", "-c", "public", "-t", "0.2", "-r", "2", target, "4711",
                                 "1.3.6.1.6.3.1.1.5.4"});
  std::size_t answered = 0;
  BOOST_REQUIRE(run_until([&] {
    for (; answered < publisher.published.size(); ++answered)
      answer(answered, sense::fail(Code::nomoreroom, "the queue is full"));
    return program.ended().has_value();
  }));
  BOOST_CHECK_NE(*program.ended(), 0);
  BOOST_CHECK_EQUAL(answered, 3U);
  BOOST_CHECK_EQUAL(counter("snmp.events.lost.full"), 3U);
  BOOST_CHECK_EQUAL(counter("snmp.informs.answered"), 0U);
}

BOOST_AUTO_TEST_CASE(a_trap_that_the_broker_refuses_is_counted) {
  start();
  udp::socket socket(reactor, udp::endpoint(boost::asio::ip::make_address("127.0.0.1"), 0));
  socket.send_to(boost::asio::buffer(v2(head(link_down), 0xa7, 1)), endpoint());
  BOOST_REQUIRE(wait_for(1));
  answer(0, sense::fail(Code::noaccess, "no right to publish it"));
  BOOST_CHECK_EQUAL(counter("snmp.events.refused"), 1U);
  BOOST_CHECK_EQUAL(counter("snmp.events.lost.full"), 0U);
  BOOST_CHECK_EQUAL(counter("snmp.events.published"), 0U);
}

BOOST_AUTO_TEST_CASE(a_large_inform_is_answered_whole) {
  start();
  udp::socket socket(reactor, udp::endpoint(boost::asio::ip::make_address("127.0.0.1"), 0));
  const auto values = head(link_down) + varbind({1, 3, 6, 1}, octets(std::string(60'000, 'x')));
  socket.send_to(boost::asio::buffer(v2(values, 0xa6, 123456)), endpoint());
  BOOST_REQUIRE(wait_for(1));
  answer(0, Receipt{1, true});
  BOOST_CHECK_EQUAL(counter("snmp.events.duplicate"), 1U);
  BOOST_REQUIRE_EQUAL(counter("snmp.informs.answered"), 1U);
  std::string reply(65'536, '\0');
  reply.resize(socket.receive(boost::asio::buffer(reply)));
  BOOST_CHECK_NE(reply.find(integer(123456) + integer(0) + integer(0)), std::string::npos);
  BOOST_CHECK_NE(reply.find(std::string(60'000, 'x')), std::string::npos);
  BOOST_CHECK_NE(reply.find('\xa2'), std::string::npos);
}

BOOST_AUTO_TEST_CASE(only_the_listed_communities_are_taken) {
  BOOST_REQUIRE(settings.set_list("communities", {"alpha", "beta"}).has_value());
  const auto target = start();
  Program wrong("snmptrap", {"-v2c", "-c", "alph", target, "1", "1.3.6.1.6.3.1.1.5.1"});
  BOOST_REQUIRE(run_until([&] { return counter("snmp.community.refused") == 1; }));
  Program right("snmptrap", {"-v2c", "-c", "beta", target, "1", "1.3.6.1.6.3.1.1.5.2"});
  BOOST_REQUIRE(wait_for(1));
  BOOST_CHECK_EQUAL(publisher.published.size(), 1U);
  BOOST_CHECK_EQUAL(publisher.published[0].event.type.local(), "warmStart");
}

BOOST_AUTO_TEST_CASE(what_is_no_trap_is_counted_and_the_next_trap_gets_through) {
  start();
  udp::socket socket(reactor, udp::endpoint(boost::asio::ip::make_address("127.0.0.1"), 0));
  const auto sound = v2(head(link_down));
  const auto get =
      message(1, "public", tlv(0xa0, integer(1) + integer(0) + integer(0) + tlv(0x30, "")));
  std::vector<std::string> bad = {"x", "GET / HTTP/1.1\r\n\r\n", sound.substr(0, 20),
                                  message(3, "public", tlv(0xa7, "")), v2("")};
  // A real SNMPv3 discovery.
  bad.push_back(tlv(
      0x30, integer(3) + tlv(0x30, integer(5) + integer(65507) + octets("\x04") + integer(3)) +
                octets(tlv(0x30, octets("") + integer(0) + integer(0) + octets("") + octets("") +
                                     octets(""))) +
                tlv(0x30, octets("") + octets("") +
                              tlv(0xa0, integer(6) + integer(0) + integer(0) + tlv(0x30, "")))));
  for (const auto& packet : bad) socket.send_to(boost::asio::buffer(packet), endpoint());
  socket.send_to(boost::asio::buffer(get), endpoint());
  socket.send_to(boost::asio::buffer(std::string()), endpoint());
  socket.send_to(boost::asio::buffer(sound), endpoint());
  BOOST_REQUIRE(wait_for(1));
  BOOST_CHECK_EQUAL(publisher.published.size(), 1U);
  BOOST_CHECK_EQUAL(counter("snmp.datagrams.malformed"), bad.size() + 1);
  BOOST_CHECK_EQUAL(counter("snmp.datagrams.ignored"), 1U);
  socket.non_blocking(true);
  char reply = 0;
  boost::system::error_code nothing;
  socket.receive(boost::asio::buffer(&reply, 1), 0, nothing);
  BOOST_CHECK_EQUAL(nothing, boost::asio::error::would_block);
}

// From the field: every one of them was lost before, and the inform never answered.
BOOST_AUTO_TEST_CASE(what_devices_send_that_is_not_quite_right_becomes_an_event) {
  start();
  udp::socket socket(reactor, udp::endpoint(boost::asio::ip::make_address("127.0.0.1"), 0));
  const auto send = [&](const std::string& packet) {
    const auto before = publisher.published.size();
    socket.send_to(boost::asio::buffer(packet), endpoint());
    BOOST_REQUIRE(wait_for(before + 1));
    return data(before);
  };
  auto json =
      send(unhex("304702010104067075626c6963a73a02021267020100020100302e3018060a2b06010603"
                 "0101040100060a2b06010401ce0f0100043012060a2b06010401ce0f0102000404646f6f"
                 "72"));
  BOOST_CHECK_EQUAL(json.at("varbinds").at(1).at("value"), unhex("646f6f72"));
  BOOST_CHECK(!json.contains("uptime"));

  const auto wrong_uptime =
      "302a300e06082b06010201010300020213883018060a2b060106030101040100060a2b06010401ce0f010006";
  json =
      send(unhex("304302010104067075626c6963a73602021267020100020100" + std::string(wrong_uptime)));
  BOOST_CHECK(!json.contains("uptime"));
  BOOST_CHECK_EQUAL(json.at("varbinds").at(0).at("value"), 5000);
  send(unhex("304302010104067075626c6963a63602021267020100020100" + std::string(wrong_uptime)));
  answer(2, Receipt{1, false});
  BOOST_CHECK_EQUAL(counter("snmp.informs.answered"), 1U);
  std::string reply(100, '\0');
  reply.resize(socket.receive(boost::asio::buffer(reply)));
  BOOST_CHECK_EQUAL(reply, unhex("304302010104067075626c6963a23602021267020100020100" +
                                 std::string(wrong_uptime)));

  json =
      send(unhex("305202010004067075626c6963a44506082b06010401ce0f014004c000020702010602010343"
                 "0163302a3017060a2b06010401ce0f0102001409646f6f72206f70656e300f060a2b06010401"
                 "ce0f010300020102"));
  BOOST_CHECK_EQUAL(json.at("varbinds").at(0).at("type"), "unknown");
  BOOST_CHECK_EQUAL(json.at("varbinds").at(0).at("tag"), "14");
  BOOST_CHECK_EQUAL(json.at("varbinds").at(0).at("value"), "646f6f72206f70656e");
  BOOST_CHECK_EQUAL(json.at("varbinds").at(1).at("value"), 2);
  json =
      send(unhex("306802010104067075626c6963a75b02021267020100020100304f300e06082b060102010103"
                 "00430212673018060a2b060106030101040100060a2b06010401ce0f010007300e060a2b0601"
                 "0401ce0f01020002003013060a2b06010401ce0f01030004056b6570743f"));
  BOOST_CHECK_EQUAL(json.at("varbinds").at(2).at("type"), "unknown");
  BOOST_CHECK_EQUAL(json.at("varbinds").at(3).at("value"), "kept?");
  json =
      send(unhex("305802010104067075626c6963a74b02021267020100020100303f300e06082b060102010103"
                 "00430212673018060a2b060106030101040100060a2b06010401ce0f0100073013060a2b0601"
                 "0401ce0f0102009f780440200000"));
  BOOST_CHECK_EQUAL(json.at("varbinds").at(2).at("tag"), "9f78");
  BOOST_CHECK_EQUAL(json.at("varbinds").at(2).at("value"), "40200000");
  json =
      send(unhex("302702010004067075626c6963a41a06082b06010401ce0f014004c000020702010402010043"
                 "0204d2"));
  BOOST_CHECK_EQUAL(json.at("truncated"), true);
  BOOST_CHECK_EQUAL(json.at("trap"), "1.3.6.1.6.3.1.1.5.5");
  BOOST_CHECK_EQUAL(json.at("uptime"), 1234);
  BOOST_CHECK_EQUAL(counter("snmp.datagrams.malformed"), 0U);
}

BOOST_AUTO_TEST_CASE(a_storm_of_mutations_does_not_stop_the_traps) {
  start();
  const unsigned seed = 7;
  BOOST_TEST_MESSAGE("seed " << seed);
  std::mt19937 random(seed);
  udp::socket socket(reactor, udp::endpoint(boost::asio::ip::make_address("127.0.0.1"), 0));
  const auto sound = v2(head(link_down) + varbind({1, 3, 6, 1}, octets("abc")), 0xa6);
  for (int i = 0; i < 3'000; ++i) {
    auto packet = sound;
    for (int change = 0; change < 3; ++change)
      packet[random() % packet.size()] = static_cast<char>(random());
    socket.send_to(boost::asio::buffer(packet), endpoint());
    reactor.poll();
  }
  const auto before = publisher.published.size();
  socket.send_to(boost::asio::buffer(sound), endpoint());
  BOOST_REQUIRE(run_until([&] {
    return publisher.published.size() > before &&
           publisher.published.back().event.type.local() == "linkDown";
  }));
  BOOST_CHECK_GT(counter("snmp.datagrams.malformed"), 100U);
}

BOOST_AUTO_TEST_CASE(ipv6_senders_have_brackets_in_the_source) {
  set("listen", "udp:127.0.0.1:0, udp6:[::1]:0");
  boost::asio::ip::udp::socket probe(reactor);
  boost::system::error_code no_ipv6;
  probe.open(udp::v6());
  probe.bind({boost::asio::ip::make_address("::1"), 0}, no_ipv6);
  if (no_ipv6) return sense::testing::skip("this machine has no IPv6 loopback");
  start();
  BOOST_REQUIRE_EQUAL(adapter->listening().size(), 2U);
  const auto target = adapter->listening()[1];
  Program program("snmpinform",
                  {"-v2c", "-c", "public", "-t", "5", target, "1", "1.3.6.1.6.3.1.1.5.1"});
  BOOST_REQUIRE(wait_for(1));
  BOOST_CHECK_EQUAL(publisher.published[0].event.source, "//[::1]/snmp");
  answer(0, Receipt{1, false});
  BOOST_REQUIRE(run_until([&] { return program.ended().has_value(); }));
  BOOST_CHECK_EQUAL(*program.ended(), 0);
}

BOOST_AUTO_TEST_CASE(after_stop_nothing_is_taken_but_what_was_is_answered) {
  const auto target = start();
  Program program("snmpinform", {"-v2c", "-c", "public", "-t", "10", "-r", "0", target, "4711",
                                 "1.3.6.1.6.3.1.1.5.4"});
  BOOST_REQUIRE(wait_for(1));
  adapter->stop();
  udp::socket socket(reactor, udp::endpoint(boost::asio::ip::make_address("127.0.0.1"), 0));
  socket.send_to(boost::asio::buffer(v2(head(link_down))), endpoint());
  reactor.restart();
  reactor.poll();
  BOOST_CHECK_EQUAL(publisher.published.size(), 1U);
  answer(0, Receipt{1, false});
  BOOST_REQUIRE(run_until([&] {
    reactor.restart();
    return program.ended().has_value();
  }));
  BOOST_CHECK_EQUAL(*program.ended(), 0);
}

BOOST_AUTO_TEST_CASE(an_answer_after_the_end_of_the_adapter_is_harmless) {
  start();
  udp::socket socket(reactor, udp::endpoint(boost::asio::ip::make_address("127.0.0.1"), 0));
  socket.send_to(boost::asio::buffer(v2(head(link_down), 0xa6)), endpoint());
  BOOST_REQUIRE(wait_for(1));
  adapter->stop();
  adapter.reset();
  answer(0, sense::fail(Code::interrupted, "the program ends"));
  reactor.restart();
  reactor.poll();
}

BOOST_AUTO_TEST_CASE(bad_settings_are_refused_before_anything_is_opened) {
  for (const auto& [key, value] :
       {std::pair{"namespace", "a b"}, {"source-prefix", "a b"}, {"listen", "udp:localhost:162"}}) {
    auto bad = settings;
    BOOST_REQUIRE(bad.set(key, value).has_value());
    const auto made = sense_adapter_descriptor()->create(bad, context);
    BOOST_REQUIRE(!made.has_value());
    BOOST_CHECK_NE(made.error().message.find(key), std::string::npos);
  }
}

BOOST_AUTO_TEST_SUITE_END()
