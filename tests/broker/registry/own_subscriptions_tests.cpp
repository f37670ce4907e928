// SPDX-License-Identifier: Apache-2.0
#include <boost/test/unit_test.hpp>

#include "tests/broker/full_disk.hpp"
#include "tests/broker/registry_fixture.hpp"

// LIST for a principal without the right to it: its own subscriptions only.
using namespace sense;
using namespace std::chrono_literals;
using bus::Operation;

namespace {

using Keys = std::vector<std::string>;

Keys keys_of(const std::vector<RegistryEntry>& entries) {
  Keys keys;
  for (const auto& entry : entries) keys.push_back(entry.key);
  return keys;
}

// `rights`: null for all.
IncomingRef list(const std::string& principal, std::string_view after, std::uint64_t limit,
                 std::string_view kind = "subscription", RightsRef rights = {}) {
  bus::Request request;
  request.id = 1;
  request.operation = Operation::list;
  request.kind = kind;
  request.key = after;
  request.limit = limit;
  auto incoming = IngestFixture::incoming(request);
  incoming->principal = principal;
  incoming->rights = rights ? std::move(rights) : std::make_shared<const Rights>();
  return incoming;
}

struct OwnFixture : IngestFixture {
  bus::Reply ask(IncomingRef incoming) {
    return reply(commit_one(std::move(incoming)), Operation::list);
  }
  Keys own(const std::string& principal) {
    const auto answer = ask(list(principal, "", 1000));
    BOOST_CHECK(answer.code == Code::noerror);
    BOOST_CHECK(answer.own_only);
    BOOST_CHECK(!answer.more);
    return keys_of(answer.entries);
  }
  std::uint64_t put_for(const std::string& id, const std::string& owner,
                        std::uint64_t revision = 0) {
    const auto answer = put_now("subscription", id, revision, to_json(owned(id, owner), true));
    BOOST_CHECK_MESSAGE((answer.code == Code::noerror), answer.reason);
    return answer.sequence;
  }
  // What the stopped broker's file is made to hold.
  void change_file(const char* sql) {
    ingest.reset();
    store.reset();
    {
      auto file = Database::open(Store::path_in(folder.path()), Database::Durability::full);
      BOOST_REQUIRE(file);
      const auto done = file->execute(sql);
      BOOST_REQUIRE_MESSAGE(done, (done ? "" : done.error().message));
    }
    restart();
  }
};

}  // namespace

BOOST_FIXTURE_TEST_SUITE(own_subscriptions_tests, OwnFixture)

BOOST_AUTO_TEST_CASE(a_principal_without_the_right_pages_through_its_own_in_order) {
  Keys mine;
  for (int i = 0; i < 25; ++i) {
    const auto id = "s-" + std::to_string(100 + (i * 7) % 25);
    const bool own = (i * 7) % 25 % 2 == 0;
    put_for(id, own ? "shop" : "other");
    if (own) mine.push_back(id);
  }
  std::sort(mine.begin(), mine.end());
  for (const std::uint64_t limit : {0, 1, 4, 13, 1000}) {
    Keys seen;
    std::string after;
    for (bool more = true; more && seen.size() <= mine.size();) {
      const auto page = ask(list("shop", after, limit));
      BOOST_CHECK_EQUAL(page.sequence, 50U);  // a change is two events
      BOOST_CHECK_LE(page.entries.size(), std::max<std::uint64_t>(limit, 1));
      for (const auto& key : keys_of(page.entries)) seen.push_back(key);
      more = page.more;
      BOOST_REQUIRE(!page.entries.empty());
      after = seen.back();
    }
    BOOST_TEST(seen == mine, boost::test_tools::per_element());
  }
  // After a key of another owner, or an absent one, the list continues with the next own one.
  BOOST_TEST(keys_of(ask(list("shop", "s-101", 2)).entries) == (Keys{"s-102", "s-104"}),
             boost::test_tools::per_element());
  BOOST_TEST(keys_of(ask(list("shop", "s-1021", 1)).entries) == Keys{"s-104"},
             boost::test_tools::per_element());
  BOOST_CHECK(ask(list("shop", "s-124", 1)).entries.empty());
  const auto entry = ask(list("shop", "", 1)).entries.at(0);
  BOOST_CHECK_EQUAL(entry.kind, "subscription");
  BOOST_CHECK_EQUAL(subscription_from_json(entry.value)->revision, entry.revision);
}

BOOST_AUTO_TEST_CASE(own_list_is_cut_by_octets) {
  for (int i = 0; i < 200; ++i) {
    auto big = owned("s-" + std::to_string(1000 + i), i % 10 != 0 ? "shop" : "other");
    for (int label = 0; label < 32; ++label) {
      const auto name = std::to_string(label) + std::string(60, 'n');
      big.labels.emplace(name, std::string(256, '\x01'));  // six octets each, as JSON
    }
    (void)put_now("subscription", big.id, 0, to_json(big, true));
  }
  std::size_t count = 0;
  std::size_t pages = 0;
  std::string after;
  for (bool more = true; more; ++pages) {
    const auto out = commit_one(list("shop", after, 1000));
    BOOST_CHECK_LT(out.answers[0].octets.size(), 9u * 1024u * 1024u);
    const auto page = reply(out, Operation::list);
    BOOST_REQUIRE(!page.entries.empty());
    count += page.entries.size();
    more = page.more;
    after = page.entries.back().key;
  }
  BOOST_CHECK_EQUAL(count, 180u);
  BOOST_CHECK_EQUAL(pages, 2u);
}

BOOST_AUTO_TEST_CASE(subscriptions_of_others_are_not_shown) {
  put_for("s-1", "shop");
  put_for("s-2", "shopper");
  put_for("s-3", "sho");
  put_for("s-4", "Shop");
  put_for("s-5", "");
  BOOST_TEST(own("shop") == Keys{"s-1"}, boost::test_tools::per_element());
  BOOST_CHECK(own("unknown").empty());
  BOOST_CHECK(own("").empty());
  BOOST_CHECK(own("tester").empty());  // the principal that put them
}

BOOST_AUTO_TEST_CASE(sources_are_listed_to_those_who_may_read_from_them) {
  for (int i = 0; i < 40; ++i) {
    auto event = make_event(std::to_string(i));
    event.source = (i % 8 == 0 ? "//shop/" : "//other/") + std::to_string(100 + i);
    (void)publish_now({encode(event)});
  }
  Rights::Granted granted;
  granted.subscribe.push_back({*TypePattern::parse("{urn:a}*"), *SourcePattern::parse("//shop/*")});
  const auto rights = std::make_shared<const Rights>(granted);
  Keys read;
  for (std::string after;;) {
    const auto page = ask(list("shop", after, 2, "source", rights));
    BOOST_REQUIRE(page.code == Code::noerror);
    BOOST_REQUIRE_LE(page.entries.size(), 2U);
    for (const auto& entry : page.entries) read.push_back(entry.key);
    if (!page.more) break;
    after = page.entries.back().key;
  }
  BOOST_TEST(read == (Keys{"//shop/100", "//shop/108", "//shop/116", "//shop/124", "//shop/132"}),
             boost::test_tools::per_element());
  BOOST_CHECK(ask(list("shop", "", 10, "source")).entries.empty());
}

BOOST_AUTO_TEST_CASE(types_are_listed_to_those_who_may_read_them) {
  for (int i = 0; i < 40; ++i) {
    auto event = make_event(std::to_string(i));
    event.type =
        *QName::parse((i % 8 == 0 ? "{urn:shop}t" : "{urn:other}t") + std::to_string(100 + i));
    (void)publish_now({encode(event)});
  }
  Rights::Granted granted;
  granted.subscribe.push_back(
      {*TypePattern::parse("{urn:shop}*"), *SourcePattern::parse("//x/**")});
  const auto rights = std::make_shared<const Rights>(granted);
  Keys read;
  for (std::string after;;) {
    const auto page = ask(list("shop", after, 2, "type", rights));
    BOOST_REQUIRE(page.code == Code::noerror);
    BOOST_REQUIRE_LE(page.entries.size(), 2U);
    for (const auto& entry : page.entries) read.push_back(entry.key);
    if (!page.more) break;
    after = page.entries.back().key;
  }
  BOOST_TEST(read == (Keys{"{urn:shop}t100", "{urn:shop}t108", "{urn:shop}t116", "{urn:shop}t124",
                           "{urn:shop}t132"}),
             boost::test_tools::per_element());
  BOOST_CHECK(ask(list("shop", "", 10, "type")).entries.empty());
  restart();
  const auto restored = ask(list("shop", "", 10, "type", rights));
  BOOST_REQUIRE_EQUAL(restored.entries.size(), 5U);
  BOOST_CHECK(restored.entries[0].value.starts_with(R"({"count":1,)"));
}

BOOST_AUTO_TEST_CASE(who_has_proved_nothing_is_shown_no_list) {
  put_for("s-1", "anonymous");
  const auto refused = ask(list("anonymous", "", 10));
  BOOST_CHECK(refused.code == Code::noaccess);
  BOOST_CHECK(refused.entries.empty());
}

BOOST_AUTO_TEST_CASE(other_kinds_stay_refused_and_the_right_shows_everything) {
  put_for("s-1", "shop");
  put_for("s-2", "other");
  (void)put_now("gateway", "http", 0, "{}");
  for (const auto* kind : {"gateway", "leader", "what"}) {
    const auto refused = ask(list("shop", "", 10, kind));
    BOOST_CHECK(refused.code == Code::noaccess);
    BOOST_CHECK_EQUAL(refused.reason.find(std::string("LIST of kind ") + kind), 0u);
    BOOST_CHECK_NE(refused.reason.find("'list' right"), std::string::npos);
  }
  Rights::Granted granted;
  granted.list = true;
  const auto rights = std::make_shared<const Rights>(granted);
  const auto all = ask(list("shop", "", 10, "subscription", rights));
  BOOST_CHECK(!all.own_only);
  BOOST_TEST(keys_of(all.entries) == (Keys{"s-1", "s-2"}), boost::test_tools::per_element());
  BOOST_TEST(keys_of(ask(list("shop", "", 10, "gateway", rights)).entries) == Keys{"http"},
             boost::test_tools::per_element());
}

BOOST_AUTO_TEST_CASE(an_edited_subscription_is_its_new_owners_and_an_ended_one_has_none) {
  auto revision = put_for("s-1", "shop");
  put_for("s-2", "shop");
  revision = put_for("s-1", "other", revision);
  BOOST_TEST(own("shop") == Keys{"s-2"}, boost::test_tools::per_element());
  BOOST_TEST(own("other") == Keys{"s-1"}, boost::test_tools::per_element());
  auto edited = owned("s-1", "other");
  edited.callback = "https://another.example/";
  revision = put_now("subscription", "s-1", revision, to_json(edited, true)).sequence;
  BOOST_TEST(own("other") == Keys{"s-1"}, boost::test_tools::per_element());
  BOOST_CHECK_EQUAL(ask(list("other", "", 1)).entries[0].revision, revision);
  edited.state = SubscriptionState::ended;
  (void)put_now("subscription", "s-1", revision, to_json(edited, true));
  BOOST_CHECK(own("other").empty());
  restart();
  BOOST_CHECK(own("other").empty());
  BOOST_TEST(own("shop") == Keys{"s-2"}, boost::test_tools::per_element());
}

BOOST_AUTO_TEST_CASE(one_whose_lease_ended_is_no_longer_listed) {
  auto leased = owned("s-1", "shop");
  leased.period = 10min;
  leased.expires = clock.now().wall + 10min;
  (void)put_now("subscription", "s-1", 0, to_json(leased, true));
  BOOST_CHECK_EQUAL(own("shop").size(), 1u);
  clock.advance(10min);
  BOOST_CHECK(own("shop").empty());
}

BOOST_AUTO_TEST_CASE(owners_are_known_after_a_restart) {
  put_for("s-1", "shop");
  put_for("s-2", "other");
  auto odd = owned("s-3", "a\"\\ \u00e4\n");
  (void)put_now("subscription", "s-3", 0, to_json(odd, true));
  for (int start = 0; start < 2; ++start) {
    restart();
    BOOST_TEST(own("shop") == Keys{"s-1"}, boost::test_tools::per_element());
    BOOST_TEST(own(odd.owner) == Keys{"s-3"}, boost::test_tools::per_element());
  }
}

BOOST_AUTO_TEST_CASE(owner_is_stored_beside_the_value_and_believed) {
  put_for("s-1", "shop");
  change_file("UPDATE subscription SET value='{\"owner\":'");
  BOOST_TEST(own("shop") == Keys{"s-1"}, boost::test_tools::per_element());
}

BOOST_AUTO_TEST_CASE(folder_of_before_owners_had_a_column_shows_each_his_own) {
  put_for("s-1", "shop");
  put_for("s-2", "other");
  change_file(
      "INSERT INTO registry SELECT 'subscription',key,revision,value,lease_end,owner"
      " FROM subscription; DROP TABLE subscription; ALTER TABLE registry DROP COLUMN owner");
  BOOST_TEST(own("shop") == Keys{"s-1"}, boost::test_tools::per_element());
  // Some rows with, some without.
  put_for("s-3", "shop");
  restart();
  BOOST_TEST(own("shop") == (Keys{"s-1", "s-3"}), boost::test_tools::per_element());
  BOOST_TEST(own("other") == Keys{"s-2"}, boost::test_tools::per_element());
}

// Those that are put again and cancelled after they were brought into their own table.
BOOST_AUTO_TEST_CASE(folder_in_which_all_kinds_were_together_is_read_and_written_on) {
  put_for("s-1", "shop");
  const auto revision = put_for("s-2", "shop");
  put_for("s-3", "shop");
  change_file(
      "INSERT INTO registry SELECT 'subscription',key,revision,value,lease_end,owner"
      " FROM subscription; DROP TABLE subscription");
  put_for("s-2", "other", revision);
  auto remove = list("shop", "s-3", 0);
  remove->request.operation = Operation::remove;
  BOOST_CHECK(reply(commit_one(std::move(remove)), Operation::remove).code == Code::noerror);
  for (int start = 0; start < 2; ++start) {
    BOOST_TEST(own("shop") == Keys{"s-1"}, boost::test_tools::per_element());
    BOOST_TEST(own("other") == Keys{"s-2"}, boost::test_tools::per_element());
    restart();
  }
}

BOOST_AUTO_TEST_CASE(damaged_row_has_no_owner_and_the_others_are_served) {
  for (const auto* id : {"s-1", "s-2", "s-3"}) put_for(id, "shop");
  change_file("UPDATE subscription SET value='{\"id\":', owner=NULL WHERE key='s-2'");
  BOOST_TEST(own("shop") == (Keys{"s-1", "s-3"}), boost::test_tools::per_element());
}

BOOST_AUTO_TEST_CASE(a_row_of_a_newer_version_is_its_owners_to_see) {
  put_for("s-1", "shop");
  change_file(
      "UPDATE subscription SET value='{\"id\":\"s-1\",\"owner\":\"shop\",\"new\":1}', owner=NULL");
  BOOST_TEST(own("shop") == Keys{"s-1"}, boost::test_tools::per_element());
  auto get = list("shop", "s-1", 0);
  get->request.operation = Operation::get;
  const auto seen = reply(commit_one(std::move(get)), Operation::get);
  BOOST_CHECK(seen.code == Code::noerror);
}

BOOST_AUTO_TEST_CASE(what_a_full_disk_refused_changes_no_owner) {
  FullDisk disk;
  OwnFixture fixture;
  fixture.put_for("s-1", "shop");
  const auto revision = fixture.put_for("s-2", "shop");
  std::vector<IncomingRef> group;
  const auto add = [&](const std::string& id, const std::string& owner, std::uint64_t from) {
    group.push_back(put("subscription", id, from, to_json(owned(id, owner), true)));
  };
  add("s-2", "other", revision);
  add("s-3", "other", 0);
  add("s-4", "shop", 0);
  group.push_back(list("shop", "", 10));
  group.push_back(list("other", "", 10));
  auto big = make_event("big");
  big.data = std::string(1'000'000, 'x');
  group.push_back(publish({encode(big)}));
  disk.fill();
  for (const auto& answer : fixture.commit(group).answers)
    BOOST_CHECK(bus::decode_reply(answer.octets, Operation::list)->code == Code::nomoreroom);
  BOOST_TEST(fixture.own("shop") == (Keys{"s-1", "s-2"}), boost::test_tools::per_element());
  BOOST_CHECK(fixture.own("other").empty());
  disk.free();
  // Within a group one sees what it did so far.
  const auto out = fixture.commit(group);
  BOOST_TEST(keys_of(fixture.reply(out, Operation::list, 3).entries) == (Keys{"s-1", "s-4"}),
             boost::test_tools::per_element());
  BOOST_TEST(keys_of(fixture.reply(out, Operation::list, 4).entries) == (Keys{"s-2", "s-3"}),
             boost::test_tools::per_element());
}

BOOST_AUTO_TEST_SUITE_END()
