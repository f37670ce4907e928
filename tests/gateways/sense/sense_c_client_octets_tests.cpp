// SPDX-License-Identifier: Apache-2.0
#include <random>

#include "core/sense/message.hpp"
#include "tests/gateways/sense/c_client.hpp"

using namespace sense;
using namespace sense::datagram;
using namespace sense::datagram::test;
using namespace std::chrono_literals;

// For any octets received, the library reads none beyond them and writes none beyond its own.
// Datagram, output buffer and state lie between inaccessible pages.

namespace {

const auto start = VirtualClock().now().mono;

std::string event(const std::string& properties, const std::string& data = "") {
  return "SENSE/1 EVENT e1\nSubscription: s-1\n" + properties + "\n" + data;
}

// Registered as s-1 under tag d4c1-1, and waiting for the answer to d4c1-2.
void begin(Device& device) {
  device.tick(start);
  device.receive("SENSE/1 REPLY d4c1-1 0 NOERROR\nSubscription: s-1\nPeriod: 600\n\n", start);
  BOOST_REQUIRE_EQUAL(device.id(), "s-1");
  BOOST_REQUIRE(device.ask("PUBLISH", "Type: {a}b\nSource: //x\n", "hello", start));
  device.sent.clear();
  device.told.clear();
}

std::vector<std::string> known_messages() {
  return {
      "",
      "SENSE/1 REPLY d4c1-2 0 NOERROR\nId: 7\nSequence: 12\n\n",
      "SENSE/1 REPLY d4c1-2 9 NOACCESS\nCookie: abcdefghij\nReason: again\n\n",
      "SENSE/1 REPLY d4c1-2 12 NOMOREROOM\r\nReason: full\r\n\r\n",
      "SENSE/1 REPLY d4c1-1 0 NOERROR\nSubscription: s-1\nPeriod: 600\n\n",
      "SENSE/1 REPLY d4c1-3 0 NOERROR\nSubscription: s-2\nPeriod: 4294967295\n\n",
      "SENSE/1 REPLY d4c1-3 15 NOTFOUND\n\n",
      event("Number: 1\nId: i\nType: {a}b\nSource: //x\nLength: 3\n", "abc"),
      event("Number: 18446744073709551615\nTruncated: yes\nLength: 70000\n"),
      event("Number: 2\nLast: 900\nLength: 2\n", "\n\n"),
      "SENSE/1 GAP e2\nSubscription: s-1\nFrom: 3\nTo: 18446744073709551615\nReason: expired\n\n",
      "SENSE/1 ENDED e3\nSubscription: s-1\nReason: shutdown\n\n",
      "SENSE/1 VERIFY v\nSubscription: s-1\nChallenge: 0123456789abcdef\n\n",
      "SENSE/1 VERIFY v\nSubscription: " + std::string(8000, 's') + "\nChallenge: c\n\n",
      "SENSE/1 VERIFY v\nSubscription: s-1\nChallenge: " + std::string(8000, 'c') + "\n\n",
      "SENSE/1 ENDED e4\nSubscription: " + std::string(1160, 's') + "\n\n",
  };
}

class Mutator {
 public:
  explicit Mutator(std::uint32_t seed) : random_(seed), known_(known_messages()) {}

  std::string make() {
    auto octets = known_[below(known_.size())];
    for (auto changes = below(4); changes > 0; --changes) change(octets);
    return octets;
  }
  std::size_t below(std::size_t bound) { return random_() % bound; }

 private:
  void change(std::string& octets) {
    constexpr std::string_view telling("\0\r\n: -,%059\x7f\xff", 13);
    const auto at = below(octets.size() + 1);
    const auto length = below(std::min<std::size_t>(octets.size() - at, 40) + 1);
    switch (below(7)) {
      case 0: octets.insert(at, 1, telling[below(telling.size())]); break;
      case 1: octets.erase(at, length); break;
      case 2: octets.insert(at, octets.substr(at, length)); break;
      case 3: octets.resize(at); break;
      case 4: octets.insert(at, below(300), telling[below(telling.size())]); break;
      case 5: {
        const auto& other = known_[below(known_.size())];
        octets.insert(at, other, below(other.size() + 1), below(100));
        break;
      }
      default:
        if (at < octets.size()) octets[at] = static_cast<char>(random_());
    }
  }

  std::mt19937 random_;
  std::vector<std::string> known_;
};

}  // namespace

BOOST_AUTO_TEST_SUITE(sense_c_client_octets_tests)

BOOST_AUTO_TEST_CASE(what_is_no_whole_message_is_counted_and_changes_nothing) {
  const std::vector<std::string> wrong = {
      "",
      "\n",
      "S",
      "SENSE/1",
      "SENSE/1 EVENT e1",
      "SENSE/1 EVENT e1\n",
      "SENSE/2 EVENT e1\nSubscription: s-1\nNumber: 1\n\n",
      "SENSE/1 EVENT e1\nSubscription: s-1\nNumber: 1\n",  // cut at a line's end
      "SENSE/1 EVENT e1\nSubscription: s-1\nNumber: 1",    // and within one
      "SENSE/1 EVENT e1 0 NOERROR\nSubscription: s-1\nNumber: 1\n\n",
      event("Number: 1\nLength: 4\n", "abc"),  // cut in its data
      event("Number: 1\nLength: 2\n", "abc"),
      event("Number: 1\n", "abc"),
      event("Number: 1\nLength: x\n", "abc"),
      event("Number: 1\nTruncated: yes\nLength: 3\n", "abc"),
      event("Number: 0\n"),
      event("Number: -1\n"),
      event("Number: 1x\n"),
      event("Number:1\n"),
      event("Numbers: 1\n"),
      event("Number: 18446744073709551616\n"),
      event("Number: 99999999999999999999999999\n"),
      event("Number: 5\nLast: 4\n"),
      "SENSE/1 EVENT e1\nSubscription: s-2\nNumber: 1\n\n",
      "SENSE/1 EVENT e1\nNumber: 1\n\n",
      "SENSE/1 GAP e1\nSubscription: s-1\nTo: 4\n\n",
      "SENSE/1 GAP e1\nSubscription: s-1\nFrom: 4\nTo: 3\n\n",
      "SENSE/1 ENDED e1\nReason: expired\n\n",
      "SENSE/1 VERIFY v\nChallenge: c\n\n",
      "SENSE/1 REPLY d4c1-2\nSequence: 1\n\n",  // no code
      "SENSE/1 REPLY d4c1-2 100 WRONG\n\n",
      "SENSE/1 REPLY d4c1-9 0 NOERROR\nSequence: 1\n\n",  // an unknown tag
      "SENSE/1 REPLY d4c1- 0 NOERROR\nSequence: 1\n\n",
      "SENSE/1 REPLY x 0 NOERROR\nSequence: 1\n\n",
      "SENSE/1 REGISTER r1\nPeriod: 1\n\n",
      "SENSE/1 ACK a\nSubscription: s-1\n\n",
  };
  for (const auto& octets : wrong) {
    BOOST_TEST_CONTEXT(octets) {
      Device device;
      begin(device);
      const auto ignored = device.client().ignored;
      device.receive(octets, start);
      BOOST_CHECK(device.told.empty());
      BOOST_CHECK(device.sent.empty());
      BOOST_CHECK_EQUAL(device.client().ignored, ignored + 1);
      BOOST_CHECK_EQUAL(device.client().top, 0U);
      device.receive(event("Number: 1\n"), start);  // and it still works
      BOOST_CHECK_EQUAL(device.sent.size(), 1U);
    }
  }
}

BOOST_AUTO_TEST_CASE(lines_may_end_as_they_like_and_names_be_in_any_case) {
  Device device;
  begin(device);
  device.receive(
      "SENSE/1 EVENT e1\r\nunknown: x\r\nSUBSCRIPTION: s-1\r\nnumber: 01\r\n"
      "length: 2\r\nNumber: 7\r\n\r\nab",
      start);
  BOOST_REQUIRE_EQUAL(device.told.size(), 1U);
  BOOST_CHECK_EQUAL(device.told[0].number, 1U);
  BOOST_CHECK_EQUAL(device.told[0].data, "ab");
  BOOST_CHECK_EQUAL(device.told[0].text("Unknown"), "x");
}

BOOST_AUTO_TEST_CASE(no_octets_lead_out_of_bounds) {
  const char* given = std::getenv("SENSE_NETWORK_SEED");
  const auto seed =
      given != nullptr ? static_cast<std::uint32_t>(std::stoul(given)) : std::random_device{}();
  BOOST_TEST_MESSAGE("seed " << seed << " (SENSE_NETWORK_SEED repeats it)");
  Mutator mutator(seed);
  std::uint64_t told = 0;
  std::uint64_t sent = 0;
  for (unsigned run = 0; run < 400; ++run) {
    DeviceOptions options;
    options.ack_delay = run % 2 == 0 ? 0U : 50U;
    options.out_size = run % 3 == 0 ? 320U : 1200U;
    Device device(options);
    BOOST_REQUIRE(device.usable);
    begin(device);
    auto now = start;
    for (unsigned i = 0; i < 60; ++i) {
      device.accepts = mutator.below(4) != 0;
      device.receive(mutator.make(), now);
      now += std::chrono::milliseconds{mutator.below(i % 10 == 0 ? 100'000 : 100)};
      device.tick(now);
      for (const auto& octets : device.sent) BOOST_REQUIRE(octets.size() <= options.out_size);
    }
    BOOST_REQUIRE(device.intact());
    told += device.told.size();
    sent += device.sent.size();
  }
  BOOST_TEST_MESSAGE("24,000 datagrams, told " << told << ", sent " << sent);
  BOOST_CHECK_GT(told, 1000U);  // they did get in
  BOOST_CHECK_GT(sent, 1000U);
}

BOOST_AUTO_TEST_SUITE_END()
