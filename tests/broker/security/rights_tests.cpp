// SPDX-License-Identifier: Apache-2.0
#include "broker/security/rights.hpp"

#include <array>
#include <boost/test/unit_test.hpp>

using namespace sense;
using namespace std::string_literals;

namespace {

// The tables below were written by hand from docs/security.md: a row for each pattern, a column for
// each name; '+' is allowed.
const std::vector<std::string> type_patterns = {"*",          "{urn:a}*", "{urn:a}one",
                                                "{urn:a:b}*", "{}*",      "plain"};
const std::vector<std::string> types = {"{urn:a}one",  "{urn:a}two",   "{urn:a}one2",
                                        "{urn:ab}one", "{urn:a:b}one", "{}plain",
                                        "{}one",       "{urn:b}plain"};
const std::array<std::string, 6> type_table = {"++++++++",  //
                                               "+++-----",  //
                                               "+-------",  //
                                               "----+---",  //
                                               "-----++-",  //
                                               "-----+--"};
const std::vector<std::string> source_patterns = {"**",      "/**",     "//h/p/**", "//h/p/4",
                                                  "//*/p/*", "//h/*/4", "urn:x",    "//h/p/*/**"};
const std::vector<std::string> sources = {"//h/p/4",  "//h/p/4/t", "//h/p",  "//h/p/", "//h/pp/4",
                                          "//hh/p/4", "urn:x",     "urn:xx", "/h/p/4", "//h//4"};
const std::array<std::string, 8> source_table = {"++++++++++",  //
                                                 "++++++--++",  //
                                                 "++-+------",  //
                                                 "+---------",  //
                                                 "+----+----",  //
                                                 "+---+-----",  //
                                                 "------+---",  //
                                                 "-+--------"};

Rule rule(const std::string& type, const std::string& source = "**") {
  return {TypePattern::parse(type).value(), SourcePattern::parse(source).value()};
}

Rights publisher(std::vector<Rule> rules, std::vector<std::string> route = {}) {
  return Rights({std::move(rules), {}, std::move(route), false, false});
}

Rights subscriber(std::vector<Rule> rules) {
  return Rights({{}, std::move(rules), {}, false, false});
}

Subscription wanted(const std::vector<std::string>& of_types,
                    const std::vector<std::string>& of_sources) {
  Subscription subscription;
  for (const auto& type : of_types) subscription.types.push_back(TypePattern::parse(type).value());
  for (const auto& source : of_sources)
    subscription.sources.push_back(SourcePattern::parse(source).value());
  return subscription;
}

}  // namespace

BOOST_AUTO_TEST_SUITE(rights_tests)

BOOST_AUTO_TEST_CASE(every_cell_of_the_rights_matrix_is_as_the_tables_say) {
  std::size_t cells = 0;
  for (std::size_t tp = 0; tp < type_patterns.size(); ++tp)
    for (std::size_t sp = 0; sp < source_patterns.size(); ++sp) {
      const auto one = rule(type_patterns[tp], source_patterns[sp]);
      const auto publish = publisher({one});
      const auto subscribe = subscriber({one});
      for (std::size_t t = 0; t < types.size(); ++t)
        for (std::size_t s = 0; s < sources.size(); ++s) {
          const bool expected = type_table[tp][t] == '+' && source_table[sp][s] == '+';
          const auto type = QName::parse(types[t]).value();
          const auto told = type_patterns[tp] + " of " + source_patterns[sp] + ": " + types[t] +
                            " from " + sources[s];
          BOOST_CHECK_MESSAGE(publish.may_publish(type, sources[s], {}) == expected, told);
          BOOST_CHECK_MESSAGE(subscribe.may_read(type.clark(), sources[s]) == expected, told);
          // A right of one kind is none of another.
          BOOST_CHECK_MESSAGE(!subscribe.may_publish(type, sources[s], {}), told);
          BOOST_CHECK_MESSAGE(!publish.may_read(type.clark(), sources[s]), told);
          // A whole topic may be subscribed to when what it names may be read.
          const auto topic = type.clark() + " " + sources[s] + "\0"s;
          BOOST_CHECK_MESSAGE(subscribe.may_subscribe(topic) == expected, told);
          cells += 5;
        }
    }
  BOOST_TEST_MESSAGE(cells << " cells of the rights matrix");
  BOOST_CHECK_GE(cells, 500u);
}

BOOST_AUTO_TEST_CASE(a_right_to_a_type_that_is_text_is_one_to_this_type_alone) {
  for (const char* type : {"oss:ObjectCreated", "a b", "100%", "https://a.example/b?c"}) {
    const auto publish = publisher({rule(type)});
    const auto subscribe = subscriber({rule(type)});
    const auto name = *QName::parse(type);
    BOOST_CHECK_MESSAGE(publish.may_publish(name, "//h/p", {}), type);
    BOOST_CHECK_MESSAGE(subscribe.may_read(name.clark(), "//h/p"), type);
    BOOST_CHECK_MESSAGE(subscribe.may_subscribe(name.clark() + " "), type);
    const auto longer = *QName::parse(std::string(type) + " x");
    BOOST_CHECK_MESSAGE(!publish.may_publish(longer, "//h/p", {}), type);
    BOOST_CHECK_MESSAGE(!subscribe.may_read(longer.clark(), "//h/p"), type);
    BOOST_CHECK_MESSAGE(!subscribe.may_subscribe(name.clark()), type);
  }
  BOOST_CHECK(!publisher({rule("{urn:a}*")}).may_publish(*QName::parse("{urn:a}b c"), "//h/p", {}));
}

BOOST_AUTO_TEST_CASE(a_prefix_is_allowed_when_all_that_it_selects_is) {
  const std::vector<Rule> rules = {rule("*"),
                                   rule("{urn:a}*"),
                                   rule("{urn:a}one"),
                                   rule("*", "//h/p/**"),
                                   rule("{urn:a}one", "//h/p/**"),
                                   rule("{urn:a}one", "//h/*/**"),
                                   rule("{urn:a}one", "//h/p")};
  const std::vector<std::pair<std::string, std::string>> table = {
      // prefix, and for each rule whether it is allowed
      {"", "-------"},
      {"{", "-------"},
      {"foreign", "+------"},
      {"\0"s, "+------"},
      {"{urn:", "-------"},
      {"{urn:a", "+------"},
      {"{urn:a}", "++-----"},
      {"{urn:ab}", "+------"},
      {"{urn:a}o", "++-----"},
      {"{urn:a}one", "++-----"},
      {"{urn:a}one ", "+++----"},
      {"{urn:a}one2 ", "++-----"},
      {"{urn:a}one //h/p", "+++----"},
      {"{urn:a}one //h/p/",
       "+++++"
       "+"
       "-"},
      {"{urn:a}one //h/p/4\0"s, "++++++-"},
      {"{urn:a}one //h/p\0"s, "+++---+"},
      {"{urn:a}one //h/q/", "+++--+-"},
      {"{urn:a}one //h//", "+++----"},
      {"{urn:b}one //h/p/4", "+--+---"},
      {"\0mark"s, "+++++++"},
      {"\0mark2"s, "+------"},
  };
  for (const auto& [prefix, expected] : table)
    for (std::size_t i = 0; i < rules.size(); ++i)
      BOOST_CHECK_MESSAGE(subscriber({rules[i]}).may_subscribe(prefix) == (expected[i] == '+'),
                          "'" << prefix << "' with rule " << i);
}

BOOST_AUTO_TEST_CASE(one_of_several_rules_is_enough) {
  const auto rights = subscriber({rule("{urn:a}one"), rule("{urn:b}*", "//h/**")});
  BOOST_CHECK(rights.may_subscribe("{urn:a}one "));
  BOOST_CHECK(rights.may_subscribe("{urn:b}x //h/"));
  BOOST_CHECK(!rights.may_subscribe("{urn:b}x "));
  BOOST_CHECK(!rights.may_subscribe("{urn:"));
}

BOOST_AUTO_TEST_CASE(nothing_is_allowed_that_was_not_granted) {
  const Rights none;
  BOOST_CHECK(!none.may_publish(QName::parse("{urn:a}one").value(), "//h", {}));
  BOOST_CHECK(!none.may_publish_foreign());
  BOOST_CHECK(!none.may_publish_all());
  BOOST_CHECK(!none.may_subscribe("{urn:a}one "));
  BOOST_CHECK(!none.may_read("{urn:a}one", "//h"));
  BOOST_CHECK(!none.may_list());
  BOOST_CHECK(!none.may_manage());
  BOOST_CHECK(!none.may_hold(wanted({"{urn:a}one"}, {})));
  BOOST_CHECK(none.may_subscribe("\0mark"s));
}

BOOST_AUTO_TEST_CASE(all_rights_are_all) {
  const auto all = Rights::all();
  const std::vector<std::string> audience = {"all"};
  BOOST_CHECK(all->may_publish(QName::parse("x").value(), "urn:x", audience));
  BOOST_CHECK(all->may_publish_all());
  BOOST_CHECK(all->may_publish_foreign());
  BOOST_CHECK(all->may_subscribe(""));
  BOOST_CHECK(all->may_subscribe_all());
  BOOST_CHECK(all->may_list());
  BOOST_CHECK(all->may_manage());
  BOOST_CHECK(all->may_hold(wanted({}, {})));
}

BOOST_AUTO_TEST_CASE(each_audience_needs_the_right_to_route_to_it) {
  const auto type = QName::parse("{urn:a}one").value();
  using Names = std::vector<std::string>;
  const auto may = [&](Names route, const Names& audience) {
    return publisher({rule("*")}, std::move(route)).may_publish(type, "//h", audience);
  };
  BOOST_CHECK(may({}, {}));
  BOOST_CHECK(!may({}, {"ops"}));
  BOOST_CHECK(may({"ops"}, {"ops"}));
  BOOST_CHECK(!may({"ops"}, {"ops", "boss"}));
  BOOST_CHECK(may({"ops", "boss"}, {"boss", "ops"}));
  BOOST_CHECK(may({"*"}, {"ops", "boss"}));
  BOOST_CHECK(!may({"op"}, {"ops"}));
  BOOST_CHECK(!publisher({rule("*")}).may_publish_all());
}

BOOST_AUTO_TEST_CASE(foreign_topics_need_the_right_to_publish_everything) {
  BOOST_CHECK(publisher({rule("*")}).may_publish_foreign());
  BOOST_CHECK(!publisher({rule("{urn:a}*")}).may_publish_foreign());
  BOOST_CHECK(!publisher({rule("*", "/**")}).may_publish_foreign());
}

BOOST_AUTO_TEST_CASE(a_subscription_asks_for_no_more_than_the_right_to_subscribe) {
  const auto rights = subscriber({rule("{urn:a}*", "//h/**"), rule("{urn:b}one", "//*/p/*")});
  using List = std::vector<std::string>;
  const std::vector<std::tuple<List, List, bool>> table = {
      {{"{urn:a}*"}, {"//h/**"}, true},
      {{"{urn:a}one"}, {"//h/**"}, true},
      {{"{urn:a}one"}, {"//h/p/4", "//h/*/x"}, true},
      {{"{urn:b}one"}, {"//*/p/*"}, true},
      {{"{urn:b}one"}, {"//h/p/4"}, true},
      {{"{urn:a}one", "{urn:b}one"}, {"//h/p/4"}, true},
      {{}, {"//h/**"}, false},
      {{"*"}, {"//h/**"}, false},
      {{"{urn:a}*"}, {}, false},
      {{"{urn:a}*"}, {"/**"}, false},
      {{"{urn:a}*"}, {"//*/**"}, false},
      {{"{urn:a}*"}, {"//hh/**"}, false},
      {{"{urn:a}*"}, {"//h"}, false},
      {{"{urn:ab}*"}, {"//h/**"}, false},
      {{"{urn:b}*"}, {"//h/p/4"}, false},
      {{"{urn:b}two"}, {"//h/p/4"}, false},
      {{"{urn:b}one"}, {"//h/p/**"}, false},
      {{"{urn:b}one"}, {"//h/*/4"}, false},
      {{"{urn:b}one"}, {"//h/p/4/t"}, false},
      {{"{urn:b}one"}, {"//h/p/"}, false},
      {{"{urn:a}one", "{urn:b}one"}, {"//h/q"}, false},
      {{}, {}, false},
  };
  for (const auto& [some, where, expected] : table)
    BOOST_CHECK_MESSAGE(rights.may_hold(wanted(some, where)) == expected,
                        (some.empty() ? "" : some[0]) << " of " << (where.empty() ? "" : where[0]));
}

BOOST_AUTO_TEST_CASE(a_rule_for_every_type_leaves_the_reserved_namespaces_out) {
  const Rights every({{rule("*")}, {rule("*")}, {"*"}, true, true});
  const Rights named(
      {{rule("{urn:sense:management}*")}, {rule("{urn:sense:management}*")}, {}, true, false});
  const std::string type = "{urn:sense:management}gateway-started";
  BOOST_CHECK(!every.may_publish(*QName::parse(type), "//a", {}));
  BOOST_CHECK(!every.may_read(type, "//a"));
  BOOST_CHECK(!every.may_hold(wanted({type}, {})));
  BOOST_CHECK(!every.may_hold(wanted({"{urn:sense:gateway}*"}, {})));
  BOOST_CHECK(every.may_hold(wanted({}, {})));  // which selects none of these
  BOOST_CHECK(every.may_hold(wanted({"{urn:sense:managements}*"}, {})));
  BOOST_CHECK(named.may_publish(*QName::parse(type), "//a", {}));
  BOOST_CHECK(named.may_read(type, "//a"));
  BOOST_CHECK(named.may_hold(wanted({"{urn:sense:management}*"}, {})));
  BOOST_CHECK(!named.may_read("{urn:sense:gateway}copy", "//a"));
}

BOOST_AUTO_TEST_CASE(the_right_to_manage_includes_the_right_to_list) {
  BOOST_CHECK(Rights({{}, {}, {}, false, true}).may_list());
  BOOST_CHECK(!Rights({{}, {}, {}, true, false}).may_manage());
}

BOOST_AUTO_TEST_CASE(principals_are_found_by_key_and_never_by_name) {
  const std::string key(40, 'k');
  const AccessList access(
      {{"shop", {{{Proof::Kind::curve, key}}}, std::make_shared<const Rights>()}});
  BOOST_REQUIRE(access.find(key) != nullptr);
  BOOST_CHECK_EQUAL(access.find(key)->name, "shop");
  BOOST_CHECK(access.find("shop") == nullptr);
  BOOST_CHECK(access.find("") == nullptr);
  BOOST_CHECK(access.find("broker") == nullptr);
  BOOST_CHECK(access.find(std::string(40, 'x')) == nullptr);
}

BOOST_AUTO_TEST_CASE(local_and_plaintext_may_do_everything_until_something_is_said_about_them) {
  BOOST_CHECK(AccessList().find("local")->rights->may_manage());
  BOOST_CHECK(AccessList().find("plaintext")->rights->may_publish_all());
  BOOST_CHECK(!AccessList().restricts_subscriptions());
  const AccessList access({{"local", {}, std::make_shared<const Rights>()}});
  BOOST_CHECK(!access.find("local")->rights->may_manage());
  BOOST_CHECK(access.find("plaintext")->rights->may_manage());
  BOOST_CHECK(access.restricts_subscriptions());
}

BOOST_AUTO_TEST_CASE(subscriptions_are_judged_anew_when_a_right_to_them_or_a_key_changes) {
  const auto make = [](const std::string& key, Rights rights) {
    return AccessList({{"shop",
                        {{{Proof::Kind::curve, key}}},
                        std::make_shared<const Rights>(std::move(rights))}});
  };
  const std::string key(40, 'k');
  const auto before = make(key, subscriber({rule("{urn:a}*")}));
  BOOST_CHECK(!subscriptions_change(before, before));
  BOOST_CHECK(!subscriptions_change(
      before, make(key, Rights({{rule("*")}, {rule("{urn:a}*")}, {"x"}, true, true}))));
  BOOST_CHECK(subscriptions_change(before, make(key, subscriber({rule("{urn:a}one")}))));
  BOOST_CHECK(subscriptions_change(before, make(key, subscriber({rule("*")}))));
  BOOST_CHECK(
      subscriptions_change(before, make(std::string(40, 'x'), subscriber({rule("{urn:a}*")}))));
  BOOST_CHECK(subscriptions_change(before, AccessList()));
  BOOST_CHECK(!subscriptions_change(AccessList(), before));
}

BOOST_AUTO_TEST_CASE(names_of_principals_are_short_and_plain) {
  for (const auto* name : {"a", "shop-1", "Shop_2.example", "broker"})
    BOOST_CHECK(valid_principal(name));
  for (const auto* name : {"", "a b", "a/b", "\xc3\xa4", "a\n", "a:b", "*"})
    BOOST_CHECK_MESSAGE(!valid_principal(name), name);
  BOOST_CHECK(valid_principal(std::string(64, 'a')));
  BOOST_CHECK(!valid_principal(std::string(65, 'a')));
}

// A gateway whose access file names the management events alone learns of subscriptions.
BOOST_AUTO_TEST_CASE(with_manage_changes_are_read_whole_where_they_are_read_redacted) {
  const auto* whole = "{urn:sense:gateway}subscription-changed";
  const std::vector<Rule> management = {rule("{urn:sense:management}*")};
  const Rights gateway({{}, management, {}, false, true});
  BOOST_CHECK(gateway.may_read(whole, "/sense/subscription"));
  BOOST_CHECK(gateway.may_subscribe(std::string(whole) + " "));
  BOOST_CHECK(!gateway.may_read("{urn:sense:gateway}copy", "/sense/gateway/far"));
  BOOST_CHECK(!gateway.may_subscribe("{urn:sense:gateway}"));
  BOOST_CHECK(!Rights({{}, management, {}, true, false}).may_read(whole, "/sense/subscription"));
  BOOST_CHECK(!Rights({{}, {rule("*")}, {}, true, true}).may_read(whole, "/sense/subscription"));
}

// The live stream selects by topic, so that it has all management events or none.
BOOST_AUTO_TEST_CASE(without_list_management_events_are_fetched_one_by_one) {
  const std::vector<Rule> all = {rule("*"), rule("{urn:sense:management}*"),
                                 rule("{urn:sense:gateway}*")};
  const Rights own({{}, all, {}, false, false});
  const Rights list({{}, all, {}, true, false});
  for (const auto* prefix :
       {"{urn:sense:management}", "{urn:sense:management}subscription-ended "}) {
    BOOST_CHECK(own.may_follow(prefix));
    BOOST_CHECK(!own.may_subscribe(prefix));
    BOOST_CHECK(list.may_subscribe(prefix));
  }
  BOOST_CHECK(!own.may_subscribe_all());
  BOOST_CHECK(list.may_subscribe_all());
  for (const auto* prefix : {"{urn:sense:managements}x ", "{urn:a}"})
    BOOST_CHECK(own.may_subscribe(prefix));
  BOOST_CHECK(!own.may_follow("{urn:sense:"));
  BOOST_CHECK(own.reads_own_only("{urn:sense:management}overload"));
  BOOST_CHECK(!own.reads_own_only("{urn:a}one"));
  BOOST_CHECK(!list.reads_own_only("{urn:sense:management}overload"));
  BOOST_CHECK(own.may_hold(wanted({"{urn:sense:management}*"}, {})));
  const std::vector<DatedProof> proofs = {{{Proof::Kind::curve, std::string(40, 'k')}}};
  const Principal before{"shop", proofs, std::make_shared<const Rights>(list)};
  const Principal after{"shop", proofs, std::make_shared<const Rights>(own)};
  BOOST_CHECK(subscriptions_change(AccessList({before}), AccessList({after})));
}

BOOST_AUTO_TEST_SUITE_END()
