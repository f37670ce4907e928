// SPDX-License-Identifier: Apache-2.0
// The registry as Ingest serves it.
#include <boost/test/unit_test.hpp>
#include <map>
#include <random>
#include <set>

#include "broker/journal/ingest.hpp"
#include "tests/broker/ingest_fixture.hpp"

using namespace sense;
using bus::Operation;

namespace {

bus::Request registry_request(Operation operation, std::string_view kind, std::string_view key) {
  bus::Request request;
  request.operation = operation;
  request.kind = kind;
  request.key = key;
  return request;
}

// A registry of gateways that clients change at random, and a client that lists it page by page.
struct ListedRegistry : IngestFixture {
  using Revisions = std::map<std::string, std::uint64_t>;

  [[nodiscard]] IncomingRef change(std::mt19937& random) {
    const auto key = "g" + std::to_string(random() % 12);
    const auto found = now.find(key);
    if (found != now.end() && random() % 3 == 0)
      return incoming(registry_request(Operation::remove, "gateway", key));
    return put("gateway", key, found == now.end() ? 0 : found->second, std::to_string(++value));
  }
  // One group: changes, a LIST among them when `after` is given, and changes again.
  std::optional<bus::Reply> commit_changes(std::mt19937& random, const std::string* after) {
    std::vector<IncomingRef> group;
    if (random() % 2 == 0) group.push_back(change(random));
    const auto place = group.size();
    auto request = registry_request(Operation::list, "gateway", {});
    request.limit = 3;
    if (after != nullptr) request.key = *after;
    if (after != nullptr) group.push_back(incoming(request));
    if (random() % 2 == 0) group.push_back(change(random));
    const auto out = commit(group);
    apply_from(seen, now);
    seen = ingest->head();
    if (after == nullptr) return std::nullopt;
    return reply(out, Operation::list, place);
  }
  // As a follower does, from the event behind `position`.
  void apply_from(std::uint64_t position, Revisions& revisions) {
    for (const auto& event : journal()) {
      if (event.sequence <= position) continue;
      if (event.type.local() == "gateway-removed") revisions.erase(event.subject);
      if (event.type.local() == "gateway-changed") revisions[event.subject] = event.sequence;
    }
  }

  Revisions now;
  std::uint64_t seen = 0;
  int value = 0;
};

}  // namespace

BOOST_AUTO_TEST_SUITE(ingest_registry_tests)

BOOST_AUTO_TEST_CASE(registry_and_its_event_survive_a_restart_together) {
  IngestFixture fixture;
  const auto put =
      fixture.put_now("subscription", "s-1", 0, to_json(make_subscription("s-1"), true));
  BOOST_CHECK(put.code == Code::noerror);
  fixture.restart();
  bus::Request get;
  get.operation = Operation::get;
  get.kind = "subscription";
  get.key = "s-1";
  const auto reply =
      fixture.reply(fixture.commit_one(IngestFixture::incoming(get)), Operation::get);
  BOOST_CHECK(reply.code == Code::noerror);
  BOOST_CHECK_EQUAL(reply.entries.front().revision, put.sequence);
  const auto journal = fixture.journal();
  BOOST_REQUIRE_EQUAL(journal.size(), 2U);
  BOOST_CHECK_EQUAL(journal[0].type.clark(), "{urn:sense:management}subscription-created");
  BOOST_CHECK_EQUAL(journal[0].sequence, put.sequence);
  BOOST_CHECK_EQUAL(journal[1].type.clark(), "{urn:sense:gateway}subscription-changed");
  for (const auto& event : journal) {
    BOOST_CHECK_EQUAL(event.subject, "s-1");
    BOOST_CHECK_EQUAL(event.principal, "broker");
    BOOST_CHECK_NE(event.data.find("\"by\":\"tester\""), std::string::npos);
  }

  bus::Request remove = get;
  remove.operation = Operation::remove;
  BOOST_CHECK(fixture.reply(fixture.commit_one(IngestFixture::incoming(remove)), Operation::remove)
                  .sequence == 3u);
  fixture.restart();
  BOOST_CHECK(
      fixture.reply(fixture.commit_one(IngestFixture::incoming(get)), Operation::get).code ==
      Code::notfound);
}

// Records of one topic in a row are one message of the live stream; what a client publishes behind
// its subscription stands behind it for gateways, too.
BOOST_AUTO_TEST_CASE(changes_in_a_row_share_messages_and_stay_before_the_next_event) {
  IngestFixture fixture;
  const auto put = [](const char* id) {
    return IngestFixture::put("subscription", id, 0, to_json(make_subscription(id), true));
  };
  std::vector<IncomingRef> group;
  for (const auto* id : {"s-1", "s-2", "s-3"}) group.push_back(put(id));
  group.push_back(IngestFixture::publish({encode(make_event("1"))}));
  group.push_back(put("s-4"));
  const auto out = fixture.commit(group);
  std::string order;
  for (const auto& event : fixture.journal()) {
    const bool management = event.type.ns() == management_namespace;
    order += management ? "m" + event.subject : event.subject.empty() ? "e" : "g" + event.subject;
  }
  BOOST_CHECK_EQUAL(order, "ms-1ms-2ms-3gs-1gs-2gs-3ems-4gs-4");
  BOOST_CHECK_EQUAL(out.publications.size(), 5U);
  // Each answer is the revision of its own change, and the event's sequence its own.
  BOOST_CHECK_EQUAL(fixture.reply(out, Operation::put, 2).sequence, 3U);
  BOOST_CHECK_EQUAL(fixture.reply(out, Operation::publish, 3).published.at(0).sequence, 7U);
  BOOST_CHECK_EQUAL(fixture.reply(out, Operation::put, 4).sequence, 8U);
}

BOOST_AUTO_TEST_CASE(secrets_of_a_subscription_are_told_to_gateways_alone) {
  IngestFixture fixture;
  auto subscription = make_subscription("s-1");
  subscription.owner = "shop";
  subscription.callback = "https://host.example/hook?token=secret";
  subscription.challenge_hash = std::string(64, 'f');
  BOOST_CHECK(fixture.put_now("subscription", "s-1", 0, to_json(subscription, true)).code ==
              Code::noerror);
  auto mail = make_subscription("s-2");
  mail.owner = "anonymous";
  mail.callback = "mailto:secret@host.example";
  BOOST_CHECK(fixture.put_now("subscription", "s-2", 0, to_json(mail, true)).code == Code::noerror);
  for (const auto* id : {"s-1", "s-2"}) {
    bus::Request remove;
    remove.operation = Operation::remove;
    remove.kind = "subscription";
    remove.key = id;
    (void)fixture.commit_one(IngestFixture::incoming(remove));
  }
  int whole = 0;
  for (const auto& event : fixture.journal()) {
    const bool secret = event.data.find("secret") != std::string::npos;
    BOOST_CHECK_EQUAL(secret, event.type.ns() == gateway_namespace);
    if (secret) ++whole;
    if (secret) continue;
    BOOST_CHECK(event.data.find("ffff") == std::string::npos);
    BOOST_CHECK_EQUAL(event.extensions.contains("owner"), event.subject == "s-1");
    if (event.subject == "s-1")
      BOOST_CHECK_EQUAL(std::get<std::string>(event.extensions.at("owner")), "shop");
  }
  BOOST_CHECK_EQUAL(whole, 4);
}

BOOST_AUTO_TEST_CASE(values_that_blow_up_in_json_do_not_break_the_group) {
  IngestFixture fixture;
  std::vector<IncomingRef> group;
  for (int i = 0; i < 200; ++i)
    group.push_back(
        IngestFixture::put("gateway", "g" + std::to_string(i), 0, std::string(64 * 1024, '\x01')));
  const auto out = fixture.commit(group);
  BOOST_CHECK(fixture.reply(out, Operation::put, 0).code == Code::noerror);
  BOOST_CHECK(fixture.reply(out, Operation::put, 199).code == Code::nomoreroom);
  // Those that were sent back fit the next group.
  BOOST_CHECK(fixture.reply(fixture.commit_one(std::move(group.back())), Operation::put).code ==
              Code::noerror);
}

BOOST_AUTO_TEST_CASE(list_is_cut_by_count_and_by_octets) {
  IngestFixture fixture;
  for (int part = 0; part < 2; ++part) {
    std::vector<IncomingRef> group;
    for (int i = 0; i < 80; ++i)
      group.push_back(IngestFixture::put("gateway", std::to_string(part * 80 + i), 0,
                                         std::string(64 * 1024, 'v')));
    (void)fixture.commit(group);
  }
  bus::Request list;
  list.operation = Operation::list;
  list.kind = "gateway";
  for (const std::uint64_t limit :
       {std::uint64_t{0}, std::uint64_t{1}, std::uint64_t{7}, std::uint64_t{1000}, UINT64_MAX}) {
    list.limit = limit;
    std::size_t count = 0;
    std::string after;
    for (;;) {
      list.key = after;
      const auto out = fixture.commit_one(IngestFixture::incoming(list));
      BOOST_CHECK_LT(out.answers[0].octets.size(), 9u * 1024u * 1024u);
      const auto reply = fixture.reply(out, Operation::list);
      BOOST_CHECK_LE(reply.entries.size(), std::max<std::uint64_t>(limit, 1));
      BOOST_CHECK_EQUAL(reply.sequence, 160u);
      count += reply.entries.size();
      if (!reply.more) break;
      after = reply.entries.back().key;
    }
    BOOST_CHECK_EQUAL(count, 160u);
  }
}

BOOST_AUTO_TEST_CASE(static_subscriptions_come_and_go_with_the_configuration) {
  IngestFixture fixture;
  auto one = make_subscription("one");
  auto two = make_subscription("two");
  one.via = two.via = "config";
  BOOST_REQUIRE(fixture.ingest->load_configured_subscriptions({one, two}, fixture.clock.now()));
  (void)fixture.put_now("subscription", "s-1", 0, to_json(make_subscription("s-1"), true));
  BOOST_CHECK_EQUAL(fixture.ingest->head(), 6U);  // a change is two events
  fixture.restart();
  // The same again changes nothing.
  BOOST_REQUIRE(fixture.ingest->load_configured_subscriptions({one, two}, fixture.clock.now()));
  BOOST_CHECK_EQUAL(fixture.ingest->head(), 6U);
  two.callback = "https://other.example/";
  BOOST_REQUIRE(fixture.ingest->load_configured_subscriptions({two}, fixture.clock.now()));
  const auto journal = fixture.journal();
  BOOST_REQUIRE_EQUAL(journal.size(), 10U);
  std::set<std::string> changes;
  for (std::size_t i = 6; i < 10; ++i)
    changes.insert(std::string(journal[i].type.local()) + " " + journal[i].subject);
  BOOST_CHECK(changes.contains("subscription-edited two"));
  BOOST_CHECK(changes.contains("subscription-ended one"));
  // Those of others stay.
  BOOST_REQUIRE(fixture.ingest->load_configured_subscriptions({}, fixture.clock.now()));
  bus::Request list;
  list.operation = Operation::list;
  list.kind = "subscription";
  list.limit = 10;
  const auto left =
      fixture.reply(fixture.commit_one(IngestFixture::incoming(list)), Operation::list);
  BOOST_REQUIRE(left.entries.size() == 1u);
  BOOST_CHECK_EQUAL(left.entries[0].key, "s-1");
}

BOOST_AUTO_TEST_CASE(static_subscription_that_is_wrong_is_named) {
  IngestFixture fixture;
  auto wrong = make_subscription("wrong");
  wrong.callback.clear();
  const auto status = fixture.ingest->load_configured_subscriptions({wrong}, fixture.clock.now());
  BOOST_REQUIRE(!status);
  BOOST_CHECK_NE(status.error().message.find("wrong"), std::string::npos);
}

// The pages are of different moments: what changed in between is behind the first page's sequence.
BOOST_AUTO_TEST_CASE(a_list_and_the_events_behind_its_first_page_are_the_registry) {
  const auto seed = std::random_device{}();
  BOOST_TEST_CONTEXT("seed " << seed) {
    std::mt19937 random(seed);
    ListedRegistry fixture;
    for (int i = 0; i < 20; ++i) (void)fixture.commit_changes(random, nullptr);
    for (int run = 0; run < 20; ++run) {
      ListedRegistry::Revisions known;
      std::string after;
      std::uint64_t position = 0;
      for (bool more = true; more;) {
        const auto page = fixture.commit_changes(random, &after);
        if (after.empty()) position = page->sequence;
        for (const auto& entry : page->entries) known[entry.key] = entry.revision;
        more = page->more;
        if (more) after = page->entries.back().key;
        if (random() % 2 == 0) (void)fixture.commit_changes(random, nullptr);
      }
      fixture.apply_from(position, known);
      BOOST_CHECK(known == fixture.now);
    }
  }
}

BOOST_AUTO_TEST_SUITE_END()
