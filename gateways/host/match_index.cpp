#include "gateways/host/match_index.hpp"

namespace sense {

namespace {

std::string namespace_of(const TypePattern& pattern) {
  // "{ns}*"
  return pattern.text().substr(1, pattern.text().size() - 3);
}

void collect(const std::set<std::string, std::less<>>& ids, std::set<std::string_view>& found) {
  found.insert(ids.begin(), ids.end());
}

}  // namespace

void MatchIndex::add(const Subscription& subscription) {
  if (subscription.types.empty()) any_.insert(subscription.id);
  for (const auto& pattern : subscription.types) {
    switch (pattern.kind()) {
      case TypePattern::Kind::any: any_.insert(subscription.id); break;
      case TypePattern::Kind::exact: exact_[pattern.text()].insert(subscription.id); break;
      case TypePattern::Kind::in_namespace:
        in_namespace_[namespace_of(pattern)].insert(subscription.id);
        break;
    }
  }
}

void MatchIndex::remove(const Subscription& subscription) {
  const auto drop = [&](ByName& names, const std::string& name) {
    const auto found = names.find(name);
    if (found == names.end()) return;
    found->second.erase(subscription.id);
    if (found->second.empty()) names.erase(found);
  };
  any_.erase(subscription.id);
  for (const auto& pattern : subscription.types) {
    if (pattern.kind() == TypePattern::Kind::exact) drop(exact_, pattern.text());
    if (pattern.kind() == TypePattern::Kind::in_namespace)
      drop(in_namespace_, namespace_of(pattern));
  }
}

std::vector<std::string_view> MatchIndex::candidates(const QName& type) const {
  std::set<std::string_view> found;
  if (const auto ids = exact_.find(type.clark()); ids != exact_.end()) collect(ids->second, found);
  if (const auto ids = in_namespace_.find(type.ns()); ids != in_namespace_.end())
    collect(ids->second, found);
  collect(any_, found);
  return {found.begin(), found.end()};
}

std::vector<std::string> MatchIndex::topic_prefixes(std::size_t max) const {
  if (!any_.empty() || exact_.size() + in_namespace_.size() > max) return {"{"};
  std::vector<std::string> prefixes;
  for (const auto& [ns, ids] : in_namespace_) prefixes.push_back("{" + ns + "}");
  for (const auto& [type, ids] : exact_) prefixes.push_back(type + " ");
  return prefixes;
}

}  // namespace sense
