// SPDX-License-Identifier: Apache-2.0
#include "broker/security/rights.hpp"

#include <algorithm>

#include "core/bus/protocol.hpp"
#include "core/subscription/management_event.hpp"

namespace sense {

namespace {

constexpr std::string_view any_source = "**";

bool any(const Rule& rule) {
  return rule.type.kind() == TypePattern::Kind::any && rule.source.text() == any_source;
}

bool selects_from(const std::vector<Rule>& rules, std::string_view ns) {
  return std::any_of(rules.begin(), rules.end(),
                     [ns](const Rule& rule) { return rule.type.topic_prefix().starts_with(ns); });
}

bool any_of(const std::vector<Rule>& rules) { return std::any_of(rules.begin(), rules.end(), any); }

// The text before the first '/', and the rest.
struct Segments {
  std::string_view first;
  std::string_view rest;
  bool last;
};
Segments next_segment(std::string_view text) {
  const auto slash = text.find('/');
  if (slash == std::string_view::npos) return {text, {}, true};
  return {text.substr(0, slash), text.substr(slash + 1), false};
}

// Whether every source with this beginning matches the pattern. Any text may follow the beginning,
// so its last segment is incomplete.
bool covers_prefix(std::string_view pattern, std::string_view begin) {
  for (;;) {
    if (pattern == any_source) return true;
    const auto wanted = next_segment(pattern);
    const auto given = next_segment(begin);
    if (wanted.last || given.last) return false;
    const bool wild = wanted.first == "*" && !given.first.empty();
    if (!wild && wanted.first != given.first) return false;
    pattern = wanted.rest;
    begin = given.rest;
  }
}

// Whether a topic of a reserved namespace begins with the prefix, or the prefix with one.
bool may_select(std::string_view prefix, std::string_view ns) {
  return prefix.starts_with(ns) || ns.starts_with(prefix);
}
bool may_select_reserved(std::string_view prefix) {
  return std::any_of(reserved_namespaces.begin(), reserved_namespaces.end(),
                     [&](const auto each) { return may_select(prefix, each); });
}

// A pattern of every type selects nothing in the reserved namespaces (matches()).
bool covers(const TypePattern& wide, const TypePattern& narrow) {
  switch (wide.kind()) {
    case TypePattern::Kind::any:
      return narrow.kind() == TypePattern::Kind::any || !may_select_reserved(narrow.topic_prefix());
    case TypePattern::Kind::exact: return wide == narrow;
    case TypePattern::Kind::in_namespace:
      return narrow.topic_prefix().starts_with(wide.topic_prefix());
  }
  return false;
}

bool covers(const SourcePattern& wide, const SourcePattern& narrow) {
  std::string_view outer = wide.text();
  std::string_view inner = narrow.text();
  for (;;) {
    if (outer == any_source) return true;
    if (inner == any_source) return false;
    const auto wanted = next_segment(outer);
    const auto given = next_segment(inner);
    const bool wild = wanted.first == "*" && !given.first.empty();
    if (!wild && wanted.first != given.first) return false;
    if (wanted.last || given.last) return wanted.last && given.last;
    outer = wanted.rest;
    inner = given.rest;
  }
}

// Whether every topic that begins with the prefix is within the rule.
bool covers_topics(const Rule& rule, std::string_view prefix) {
  if (rule.type.kind() == TypePattern::Kind::any && may_select_reserved(prefix)) return false;
  const bool every_source = rule.source.text() == any_source;
  // The name of a type has no space; one follows it in a topic.
  const auto space = prefix.find(' ');
  const bool whole_type = space != std::string_view::npos;
  if (!prefix.starts_with(rule.type.topic_prefix())) return false;
  if (every_source) return true;
  if (!whole_type) return false;
  const auto source = prefix.substr(space + 1);
  if (source.ends_with('\0')) return rule.source.matches(source.substr(0, source.size() - 1));
  return covers_prefix(rule.source.text(), source);
}

bool matches_type(const Rule& rule, std::string_view type) {
  // The topic prefix of one type is its name and a space, which no name contains.
  const auto prefix = rule.type.topic_prefix();
  if (rule.type.kind() == TypePattern::Kind::any && is_reserved(type)) return false;
  const bool exact = rule.type.kind() == TypePattern::Kind::exact;
  return exact ? prefix.size() == type.size() + 1 && prefix.starts_with(type)
               : type.starts_with(prefix);
}

bool matches(const Rule& rule, std::string_view type, std::string_view source) {
  return matches_type(rule, type) && rule.source.matches(source);
}

}  // namespace

bool is_reserved(std::string_view type) {
  return std::any_of(reserved_namespaces.begin(), reserved_namespaces.end(),
                     [&](const auto each) { return type.starts_with(each); });
}

Rule Rule::everything() { return {{}, *SourcePattern::parse(any_source)}; }

Rights::Rights(Granted granted) : granted_(std::move(granted)) {
  // Of what it may read by GET, it reads the changes.
  if (granted_.manage && selects_from(granted_.subscribe, reserved_namespaces[0]))
    granted_.subscribe.push_back(
        {*TypePattern::parse(whole_change_type), Rule::everything().source});
  publish_all_ = any_of(granted_.publish);
  subscribe_all_ = any_of(granted_.subscribe);
  subscribe_reserved_ =
      may_list() &&
      std::all_of(reserved_namespaces.begin(), reserved_namespaces.end(), [this](const auto each) {
        return each == bus::unannounced_topics ||
               std::any_of(granted_.subscribe.begin(), granted_.subscribe.end(),
                           [&](const Rule& rule) { return covers_topics(rule, each); });
      });
  route_all_ = std::find(granted_.route.begin(), granted_.route.end(), "*") != granted_.route.end();
}

RightsRef Rights::all() {
  static const auto everything = [] {
    std::vector<Rule> rules = {Rule::everything()};
    for (const auto each : reserved_namespaces)
      rules.push_back({*TypePattern::parse(std::string(each) + "*"), Rule::everything().source});
    return std::make_shared<const Rights>(Granted{rules, rules, {"*"}, true, true, {"*"}, true});
  }();
  return everything;
}

RightsRef Rights::of_anonymous() {
  static const auto of_anonymous = std::make_shared<const Rights>(
      Granted{{Rule::everything()}, {Rule::everything()}, {"*"}, false, false, {}});
  return of_anonymous;
}

RightsRef Rights::of_gateway() {
  static const auto of_gateway = [] {
    Granted granted;
    granted.subscribe = {Rule::everything()};
    for (const auto each : {reserved_namespaces[0], reserved_namespaces[1]}) {
      const Rule rule{*TypePattern::parse(std::string(each) + "*"), Rule::everything().source};
      granted.publish.push_back(rule);
      granted.subscribe.push_back(rule);
    }
    granted.manage = true;
    granted.speak_for = {"*"};
    return std::make_shared<const Rights>(std::move(granted));
  }();
  return of_gateway;
}

RightsRef Rights::of_adapter() {
  static const auto of_adapter =
      std::make_shared<const Rights>(Granted{{Rule::everything()}, {}, {"*"}, false, false, {}});
  return of_adapter;
}

bool Rights::may_speak_for(std::string_view principal) const {
  return std::any_of(granted_.speak_for.begin(), granted_.speak_for.end(),
                     [&](const auto& name) { return name == "*" || name == principal; });
}

bool Rights::may_publish(const QName& type, std::string_view source,
                         std::span<const std::string> audience) const {
  if ((!publish_all_ || is_reserved(type.clark())) &&
      std::none_of(granted_.publish.begin(), granted_.publish.end(),
                   [&](const Rule& rule) { return matches(rule, type.clark(), source); }))
    return false;
  if (route_all_) return true;
  return std::all_of(audience.begin(), audience.end(), [&](const std::string& name) {
    return std::find(granted_.route.begin(), granted_.route.end(), name) != granted_.route.end();
  });
}

bool Rights::may_follow(std::string_view prefix) const {
  if (prefix == bus::watermark_topic) return true;
  if (prefix.starts_with(bus::unannounced_topics)) return granted_.audit;
  if (prefix == "{" || prefix.empty()) return may_subscribe_all();
  if (subscribe_all_ && !may_select_reserved(prefix)) return true;
  return std::any_of(granted_.subscribe.begin(), granted_.subscribe.end(),
                     [&](const Rule& rule) { return covers_topics(rule, prefix); });
}

bool Rights::may_subscribe(std::string_view prefix) const {
  return may_follow(prefix) && (may_list() || !may_select(prefix, reserved_namespaces[0]));
}

bool Rights::reads_own_only(std::string_view type) const {
  return type.starts_with(reserved_namespaces[0]) && !may_list();
}

bool Rights::may_read(std::string_view type, std::string_view source) const {
  if (subscribe_all_ && !is_reserved(type)) return true;
  if (type.starts_with(bus::unannounced_topics)) return granted_.audit;
  return std::any_of(granted_.subscribe.begin(), granted_.subscribe.end(),
                     [&](const Rule& rule) { return matches(rule, type, source); });
}

bool Rights::may_read_some(std::string_view type) const {
  return std::any_of(granted_.subscribe.begin(), granted_.subscribe.end(),
                     [&](const Rule& rule) { return matches_type(rule, type); });
}

bool Rights::may_read_from(std::string_view source) const {
  return std::any_of(granted_.subscribe.begin(), granted_.subscribe.end(),
                     [&](const Rule& rule) { return rule.source.matches(source); });
}

bool Rights::may_hold(const Subscription& subscription) const {
  const auto everything = Rule::everything();
  const auto types = subscription.types.empty() ? std::vector{everything.type} : subscription.types;
  const auto sources =
      subscription.sources.empty() ? std::vector{everything.source} : subscription.sources;
  const auto allowed = [&](const TypePattern& type, const SourcePattern& source) {
    return std::any_of(granted_.subscribe.begin(), granted_.subscribe.end(), [&](const Rule& rule) {
      return covers(rule.type, type) && covers(rule.source, source);
    });
  };
  return std::all_of(types.begin(), types.end(), [&](const TypePattern& type) {
    return std::all_of(sources.begin(), sources.end(),
                       [&](const SourcePattern& source) { return allowed(type, source); });
  });
}

bool valid_principal(std::string_view text) {
  constexpr std::string_view allowed =
      "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789._-";
  return !text.empty() && text.size() <= Principal::name_length_max &&
         text.find_first_not_of(allowed) == std::string_view::npos;
}

bool names_process(std::string_view principal) {
  return principal.starts_with("gateway-") || principal.starts_with("adapter-");
}

std::string user_id_of(const Proof& proof) {
  return proof.kind == Proof::Kind::curve ? proof.value : to_text(proof);
}

AccessList::AccessList(std::vector<Principal> principals, std::vector<Group> groups, WallTime now)
    : principals_(std::move(principals)), groups_(std::move(groups)) {
  for (const auto& group : groups_)
    for (const auto& member : group.members) {
      auto& names = groups_of_[member];
      if (!names) names = std::make_shared<std::vector<std::string>>();
      names->push_back(group.name);
    }
  for (const auto name : {principal_local, principal_plaintext})
    if (std::none_of(principals_.begin(), principals_.end(),
                     [&](const Principal& one) { return one.name == name; }))
      principals_.push_back({std::string(name), {}, Rights::all()});
  for (std::size_t i = 0; i < principals_.size(); ++i) {
    const auto& principal = principals_[i];
    by_name_.emplace(principal.name, i);
    if (principal.name == principal_local || principal.name == principal_plaintext)
      by_user_id_.emplace(principal.name, i);
    for (const auto& [proof, not_after] : principal.proofs) {
      if (not_after && *not_after < now) continue;
      if (not_after && (!next_end_ || *not_after < *next_end_)) next_end_ = not_after;
      by_proof_.emplace(proof, i);
      if (proof.kind == Proof::Kind::curve || proof.kind == Proof::Kind::user)
        by_user_id_.emplace(user_id_of(proof), i);
    }
  }
}

const Principal* AccessList::proven(const Proof& proof) const {
  const auto found = by_proof_.find(proof);
  return found == by_proof_.end() ? nullptr : &principals_[found->second];
}

std::map<std::string, std::string> AccessList::proofs_for(const Rights& gateway) const {
  std::map<std::string, std::string> names;
  for (const auto& [proof, index] : by_proof_)
    if (proof.kind != Proof::Kind::curve && proof.kind != Proof::Kind::user &&
        gateway.may_speak_for(principals_[index].name))
      names.emplace(to_text(proof), principals_[index].name);
  return names;
}

std::shared_ptr<const std::vector<std::string>> AccessList::groups_of(
    std::string_view principal) const {
  const auto found = groups_of_.find(principal);
  return found == groups_of_.end() ? nullptr : found->second;
}

const Principal* AccessList::named(std::string_view name) const {
  if (name == principal_local || name == principal_plaintext) return nullptr;
  const auto found = by_name_.find(name);
  return found == by_name_.end() ? nullptr : &principals_[found->second];
}

const Principal* AccessList::find(std::string_view user_id) const {
  const auto found = by_user_id_.find(user_id);
  return found == by_user_id_.end() ? nullptr : &principals_[found->second];
}

bool AccessList::restricts_subscriptions() const {
  return std::any_of(by_user_id_.begin(), by_user_id_.end(), [this](const auto& each) {
    return !principals_[each.second].rights->may_subscribe_all();
  });
}

bool subscriptions_change(const AccessList& before, const AccessList& after) {
  return std::any_of(before.by_user_id_.begin(), before.by_user_id_.end(), [&](const auto& each) {
    const auto* now = after.find(each.first);
    const auto& was = *before.principals_[each.second].rights;
    return now == nullptr || now->rights->granted().subscribe != was.granted().subscribe ||
           now->rights->may_subscribe(reserved_namespaces[0]) !=
               was.may_subscribe(reserved_namespaces[0]);
  });
}

std::string describe_changes(const AccessList& before, const AccessList& after) {
  constexpr std::size_t named_max = 8;
  const auto differ = [](const AccessList& some, const AccessList& others, bool absent) {
    std::vector<std::string> names;
    for (const auto& one : some.principals()) {
      const auto& all = others.principals();
      const auto same = std::find_if(
          all.begin(), all.end(), [&](const Principal& other) { return other.name == one.name; });
      if (absent ? same == all.end() : same != all.end() && !(*same == one))
        names.push_back(one.name);
    }
    return names;
  };
  std::string text;
  const auto tell = [&](const char* what, const std::vector<std::string>& names) {
    if (names.empty()) return;
    text += std::string(text.empty() ? "" : "; ") + what;
    for (std::size_t i = 0; i < std::min(names.size(), named_max); ++i)
      text += (i == 0 ? " " : ", ") + names[i];
    if (names.size() > named_max)
      text += " and " + std::to_string(names.size() - named_max) + " more";
  };
  tell("added", differ(after, before, true));
  tell("removed", differ(before, after, true));
  tell("changed", differ(before, after, false));
  return text;
}

}  // namespace sense
