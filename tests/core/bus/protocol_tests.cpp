// SPDX-License-Identifier: Apache-2.0
#include "core/bus/protocol.hpp"

#include <array>
#include <boost/test/unit_test.hpp>
#include <functional>
#include <random>

using namespace sense;
using namespace sense::bus;

namespace {

constexpr std::array<Operation, 11> operations = {
    Operation::publish,    Operation::fetch,  Operation::head,   Operation::get,
    Operation::put,        Operation::remove, Operation::list,   Operation::ping,
    Operation::parameters, Operation::proofs, Operation::refused};

Request full_request(Operation operation) {
  Request request;
  request.id = 77;
  request.operation = operation;
  switch (operation) {
    case Operation::publish: request.events = {"one", "", "three\0"}; break;
    case Operation::fetch:
      request.from = 9;
      request.prefixes = {"{", "{urn:a}one ", ""};
      request.bytes_max = UINT64_MAX;
      break;
    case Operation::put: request.value = "{}"; [[fallthrough]];
    case Operation::remove:
      request.revision = 12;
      request.reason = "because";
      [[fallthrough]];
    case Operation::get:
    case Operation::list:
      request.kind = "subscription";
      request.key = "s-1";
      if (operation == Operation::list) request.limit = 100;
      break;
    case Operation::proofs: request.key = "v1"; break;
    case Operation::refused:
      request.key = "REGISTER";
      request.refusal = Code::noaccess;
      request.left_out = 3;
      break;
    default: break;
  }
  return request;
}

Reply full_reply(Operation operation) {
  Reply reply;
  reply.id = 78;
  switch (operation) {
    case Operation::publish:
      reply.published = {
          {Code::noerror, 5, ""}, {Code::duplicate, 3, ""}, {Code::noaccess, 0, "no"}};
      break;
    case Operation::fetch:
      reply.next = 9;
      reply.records = std::string("\0records", 8);
      [[fallthrough]];
    case Operation::head:
      reply.first = 2;
      reply.head = UINT64_MAX;
      break;
    case Operation::list:
      reply.more = true;
      reply.entries.push_back({"gateway", "g", 4, "v"});
      [[fallthrough]];
    case Operation::put:
    case Operation::remove: reply.sequence = 10; break;
    case Operation::parameters: reply.parameters = {{"a", "1"}, {"b", ""}}; break;
    case Operation::proofs:
      reply.proofs = {"v1", {{"token/a", "shop"}, {"mail/b", "c"}}, {{"shop", "a b"}}};
      break;
    default: break;
  }
  if (operation == Operation::get || operation == Operation::list)
    reply.entries.push_back({"subscription", "s-1", 3, "{\"a\":1}"});
  return reply;
}

void check_same(const Request& left, const Request& right) {
  BOOST_CHECK_EQUAL(left.id, right.id);
  BOOST_CHECK(left.operation == right.operation);
  BOOST_CHECK(left.events == right.events);
  BOOST_CHECK(left.client == right.client);
  BOOST_CHECK_EQUAL(left.from, right.from);
  BOOST_TEST(left.prefixes == right.prefixes, boost::test_tools::per_element());
  BOOST_CHECK_EQUAL(left.bytes_max, right.bytes_max);
  BOOST_CHECK_EQUAL(left.kind, right.kind);
  BOOST_CHECK_EQUAL(left.key, right.key);
  BOOST_CHECK_EQUAL(left.value, right.value);
  BOOST_CHECK_EQUAL(left.reason, right.reason);
  BOOST_CHECK_EQUAL(left.revision, right.revision);
  BOOST_CHECK_EQUAL(left.limit, right.limit);
  BOOST_CHECK(left.refusal == right.refusal && left.left_out == right.left_out);
}

// The octets written in hexadecimal.
std::string octets(std::string_view hex) {
  std::string out;
  for (std::size_t i = 0; i + 1 < hex.size(); i += 2) {
    while (hex[i] == ' ') ++i;
    out += static_cast<char>(std::stoi(std::string(hex.substr(i, 2)), nullptr, 16));
  }
  return out;
}

// Every message of the protocol as octets, with the decoder that it belongs to.
struct Sample {
  std::string octets;
  std::function<bool(std::string_view)> decodes;
};
std::vector<Sample> samples() {
  std::vector<Sample> all;
  for (const auto operation : operations) {
    all.push_back({encode(full_request(operation)),
                   [](auto text) { return decode_request(text).has_value(); }});
    all.push_back({encode(full_reply(operation), operation),
                   [operation](auto text) { return decode_reply(text, operation).has_value(); }});
  }
  all.push_back({encode(Watermark{3, 9, {{"{urn:a}one", 5}, {"{}b", 1}}}),
                 [](auto text) { return decode_watermark(text).has_value(); }});
  return all;
}

}  // namespace

BOOST_AUTO_TEST_SUITE(protocol_tests)

BOOST_AUTO_TEST_CASE(every_request_comes_back) {
  for (const auto operation : operations) {
    BOOST_TEST_CONTEXT(to_text(operation)) {
      const auto encoded = encode(full_request(operation));
      const auto decoded = decode_request(encoded);
      BOOST_REQUIRE_MESSAGE(decoded, (decoded ? "" : decoded.error().message));
      check_same(*decoded, full_request(operation));
      BOOST_CHECK_EQUAL(request_id(encoded), 77u);
      BOOST_CHECK_EQUAL(encode(*decoded), encoded);
    }
  }
}

BOOST_AUTO_TEST_CASE(every_reply_comes_back) {
  for (const auto operation : operations) {
    BOOST_TEST_CONTEXT(to_text(operation)) {
      const auto encoded = encode(full_reply(operation), operation);
      const auto decoded = decode_reply(encoded, operation);
      BOOST_REQUIRE_MESSAGE(decoded, (decoded ? "" : decoded.error().message));
      BOOST_CHECK_EQUAL(encode(*decoded, operation), encoded);
      BOOST_CHECK_EQUAL(*reply_id(encoded), 78u);
    }
  }
}

BOOST_AUTO_TEST_CASE(list_says_when_it_is_of_ones_own_alone) {
  for (const bool own_only : {false, true}) {
    auto reply = full_reply(Operation::list);
    reply.own_only = own_only;
    const auto decoded = decode_reply(encode(reply, Operation::list), Operation::list);
    BOOST_REQUIRE(decoded);
    BOOST_CHECK_EQUAL(decoded->own_only, own_only);
    BOOST_CHECK_EQUAL(decoded->entries.size(), reply.entries.size());
  }
  BOOST_CHECK(decode_reply(octets("95 01 02 00 a0 94 05 c2 90 c3"), Operation::list)->own_only);
  BOOST_CHECK(!decode_reply(octets("95 01 02 00 a0 94 05 c2 90 01"), Operation::list));
  BOOST_CHECK(!decode_reply(octets("95 01 02 00 a0 95 05 c2 90 c3 c3"), Operation::list));
}

BOOST_AUTO_TEST_CASE(every_code_comes_back_with_its_reason) {
  for (unsigned code = 1; code <= code_max; ++code)
    for (const auto operation : operations) {
      Reply reply;
      reply.id = 1;
      reply.code = static_cast<Code>(code);
      reply.reason = "why";
      const auto decoded = decode_reply(encode(reply, operation), operation);
      BOOST_REQUIRE(decoded);
      BOOST_CHECK(decoded->code == reply.code);
      BOOST_CHECK_EQUAL(decoded->reason, "why");
    }
}

BOOST_AUTO_TEST_CASE(watermark_comes_back) {
  const auto watermark = decode_watermark(encode(Watermark{3, 9, {{"{urn:a}one", 5}, {"{}b", 1}}}));
  BOOST_REQUIRE(watermark);
  BOOST_CHECK_EQUAL(watermark->previous, 3u);
  BOOST_CHECK_EQUAL(watermark->head, 9u);
  BOOST_REQUIRE(watermark->tally.size() == 2u);
  BOOST_CHECK_EQUAL(watermark->tally[0].first, "{urn:a}one");
  BOOST_CHECK_EQUAL(watermark->tally[0].second, 5u);
  BOOST_CHECK(!decode_watermark(encode(Watermark{9, 3, {}})));
}

BOOST_AUTO_TEST_CASE(whom_a_request_is_for_comes_back) {
  for (const auto operation : {Operation::get, Operation::put, Operation::fetch, Operation::ping}) {
    auto request = full_request(operation);
    request.client = {"shop", "http", "192.0.2.1:5000"};
    const auto octets = encode(request);
    const auto decoded = decode_request(octets);
    BOOST_REQUIRE(decoded);
    BOOST_CHECK(decoded->client == request.client);
  }
  Request publish;
  publish.id = 1;
  publish.operation = Operation::publish;
  publish.events = {"own", PublishedEvent("hers", {"shop", "http", "[::1]:1"}),
                    PublishedEvent("his", {"anonymous", "sense", "local"})};
  const auto octets = encode(publish);
  const auto decoded = decode_request(octets);
  BOOST_REQUIRE(decoded);
  BOOST_CHECK(decoded->events == publish.events);
}

BOOST_AUTO_TEST_CASE(notes_of_a_client_are_bounded) {
  auto request = full_request(Operation::get);
  request.client = {"shop", std::string_view(), std::string_view()};
  const std::string longest(note_length_max, 'x');
  const std::string longer = longest + "x";
  request.client.peer = longest;
  BOOST_CHECK(decode_request(encode(request)).has_value());
  request.client.peer = longer;
  BOOST_CHECK(decode_request(encode(request)).error().code == Code::protoerror);
  request.client.peer = {};
  request.client.gateway = longer;
  BOOST_CHECK(!decode_request(encode(request)));
  Request publish;
  publish.operation = Operation::publish;
  publish.events = {PublishedEvent("e", {"shop", longer, ""})};
  BOOST_CHECK(!decode_request(encode(publish)));
}

BOOST_AUTO_TEST_CASE(views_point_into_the_octets_given) {
  const auto encoded = encode(full_request(Operation::publish));
  const auto decoded = decode_request(encoded);
  for (const auto& [event, client] : decoded->events) {
    BOOST_CHECK(event.data() >= encoded.data());
    BOOST_CHECK(event.data() + event.size() <= encoded.data() + encoded.size());
  }
}

BOOST_AUTO_TEST_CASE(str_and_bin_are_taken_alike) {
  // [1, 2, bin "PUBLISH", [str "x"]]
  const auto encoded = octets("94 01 02 c407 5055424c495348 91 a178");
  const auto decoded = decode_request(encoded);
  BOOST_REQUIRE(decoded);
  BOOST_REQUIRE(decoded->events.size() == 1u);
  BOOST_CHECK_EQUAL(decoded->events.front().octets, "x");
}

BOOST_AUTO_TEST_CASE(longer_forms_of_numbers_and_lengths_are_taken) {
  // array32 of 4, uint64 1, uint16 2, str8 "PING", array16 of 0
  BOOST_CHECK(decode_request(octets("dd00000004 cf0000000000000001 cd0002 d90450494e47 dc0000"))
                  .has_value());
}

BOOST_AUTO_TEST_CASE(malformed_requests_are_refused_with_their_code) {
  struct Case {
    const char* hex;
    Code code;
    const char* why;
  };
  constexpr std::array<Case, 16> cases = {{
      {"", Code::protoerror, "nothing"},
      {"c0", Code::protoerror, "nil"},
      {"01", Code::protoerror, "a number"},
      {"81 0101", Code::protoerror, "a map"},
      {"90", Code::protoerror, "an empty array"},
      {"94 01 02 a450494e47", Code::protoerror, "cut off"},
      {"93 01 02 a450494e47", Code::protoerror, "no body"},
      {"95 01 02 a450494e47 90 90", Code::protoerror, "an item too many"},
      {"94 01 02 a450494e47 90 c0", Code::protoerror, "octets behind the end"},
      {"94 01 02 a450494e47 91c0", Code::protoerror, "PING with a body"},
      {"94 01 02 a450494e47 c0", Code::protoerror, "PING with nil"},
      {"94 02 02 a450494e47 90", Code::badcontext, "version 2"},
      {"94 01 ff a450494e47 90", Code::protoerror, "negative id"},
      {"94 01 02 a450494e48 90", Code::notyetimplemented, "PINH"},
      {"94 01 02 a75055424c495348 91dd7fffffff", Code::protoerror, "promises two milliards"},
      {"94 01 02 a75055424c495348 91c6ffffffff", Code::protoerror, "promises four gigabytes"},
  }};
  for (const auto& [hex, code, why] : cases) {
    BOOST_TEST_CONTEXT(why) {
      const auto decoded = decode_request(octets(hex));
      BOOST_REQUIRE(!decoded);
      BOOST_CHECK_EQUAL(symbol(decoded.error().code), symbol(code));
      BOOST_CHECK(!decoded.error().message.empty());
    }
  }
}

BOOST_AUTO_TEST_CASE(id_is_found_in_a_request_that_cannot_be_read) {
  BOOST_CHECK_EQUAL(request_id(octets("94 01 07 a450494e47 91c0")), 7u);
  BOOST_CHECK_EQUAL(request_id(octets("94 09 07 a450494e47 90")), 7u);
  BOOST_CHECK_EQUAL(request_id(octets("94 01 07")), 7u);
  BOOST_CHECK_EQUAL(request_id(octets("c0")), 0u);
  BOOST_CHECK_EQUAL(request_id(""), 0u);
}

BOOST_AUTO_TEST_CASE(counts_over_their_limits_are_refused) {
  Request request;
  request.operation = Operation::publish;
  request.events.assign(publish_events_max, "e");
  BOOST_CHECK(decode_request(encode(request)).has_value());
  request.events.emplace_back("e");
  BOOST_CHECK(!decode_request(encode(request)));

  Request fetch;
  fetch.operation = Operation::fetch;
  fetch.prefixes.assign(prefixes_max, "{");
  BOOST_CHECK(decode_request(encode(fetch)).has_value());
  fetch.prefixes.emplace_back("{");
  BOOST_CHECK(!decode_request(encode(fetch)));

  Request put = full_request(Operation::put);
  const std::string long_reason(reason_length_max + 1, 'r');
  put.reason = std::string_view(long_reason).substr(1);
  BOOST_CHECK(decode_request(encode(put)).has_value());
  put.reason = long_reason;
  BOOST_CHECK(!decode_request(encode(put)));
}

BOOST_AUTO_TEST_CASE(oversized_message_is_datatoobig) {
  Request request;
  request.operation = Operation::publish;
  const std::string big(message_length_max, 'x');
  request.events = {big};
  const auto decoded = decode_request(encode(request));
  BOOST_REQUIRE(!decoded);
  BOOST_CHECK(decoded.error().code == Code::datatoobig);
  BOOST_CHECK(decode_reply(big + "x", Operation::ping).error().code == Code::datatoobig);
  BOOST_CHECK(decode_watermark(big + "x").error().code == Code::datatoobig);
}

BOOST_AUTO_TEST_CASE(deep_nesting_is_refused_without_harm) {
  const std::string deep(1'000'000, '\x91');
  BOOST_CHECK(!decode_request(deep));
  BOOST_CHECK(!decode_request(octets("94 01 02 a54645544348") + deep));
  BOOST_CHECK(!decode_watermark(octets("94 01 02 03") + deep));
  for (const auto operation : operations)
    BOOST_CHECK(!decode_reply(octets("95 01 02 00 a0") + deep, operation));
}

BOOST_AUTO_TEST_CASE(reply_with_an_unknown_code_is_refused) {
  BOOST_CHECK(decode_reply(octets("95 01 02 17 a0 c0"), Operation::ping).has_value());
  BOOST_CHECK(!decode_reply(octets("95 01 02 18 a0 c0"), Operation::ping));
  BOOST_CHECK(!decode_reply(octets("95 01 02 cd0100 a0 c0"), Operation::ping));
  BOOST_CHECK(!reply_id(octets("95 01 00 00 a0 c0")));
}

BOOST_AUTO_TEST_CASE(reply_to_another_operation_is_refused_not_misread) {
  const auto head = encode(full_reply(Operation::head), Operation::head);
  for (const auto operation : {Operation::publish, Operation::fetch, Operation::get, Operation::put,
                               Operation::list, Operation::parameters})
    BOOST_CHECK(!decode_reply(head, operation));
}

BOOST_AUTO_TEST_CASE(every_truncation_is_refused) {
  for (const auto& sample : samples()) {
    BOOST_CHECK(sample.decodes(sample.octets));
    for (std::size_t length = 0; length < sample.octets.size(); ++length)
      BOOST_CHECK(!sample.decodes(std::string_view(sample.octets).substr(0, length)));
    BOOST_CHECK(!sample.decodes(sample.octets + "\x90"));
  }
}

BOOST_AUTO_TEST_CASE(mutations_are_an_error_or_a_message_that_comes_back) {
  const auto seed = std::random_device{}();
  BOOST_TEST_MESSAGE("seed " << seed);
  std::mt19937 random(seed);
  const auto all = samples();
  for (int i = 0; i < 30'000; ++i) {
    auto text = all[random() % all.size()].octets;
    for (auto count = 1 + random() % 4; count > 0 && !text.empty(); --count) {
      const auto at = random() % text.size();
      switch (random() % 3) {
        case 0: text[at] = static_cast<char>(random()); break;
        case 1: text.erase(at, random() % 5); break;
        default: text.insert(at, 1, static_cast<char>(random()));
      }
    }
    if (const auto request = decode_request(text)) {
      const auto encoded = encode(*request);
      const auto again = decode_request(encoded);
      BOOST_REQUIRE_MESSAGE((again && encode(*again) == encoded), "mutation " << i);
    }
    for (const auto operation : operations)
      if (const auto reply = decode_reply(text, operation)) {
        const auto encoded = encode(*reply, operation);
        const auto again = decode_reply(encoded, operation);
        BOOST_REQUIRE_MESSAGE((again && encode(*again, operation) == encoded), "mutation " << i);
      }
    if (const auto watermark = decode_watermark(text))
      BOOST_REQUIRE_MESSAGE(decode_watermark(encode(*watermark)).has_value(), "mutation " << i);
  }
}

BOOST_AUTO_TEST_SUITE_END()
