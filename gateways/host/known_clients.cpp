// SPDX-License-Identifier: Apache-2.0
#include "gateways/host/known_clients.hpp"

#include <algorithm>

#include "core/base/text.hpp"

namespace sense {

void KnownClients::begin(After after) {
  after_ = std::move(after);
  ask();
}

void KnownClients::ask() {
  reader_.proofs(table_.version, [this](auto answer) {
    on_table(std::move(answer));
    after_(interval, [this] { ask(); });
  });
}

void KnownClients::on_table(Result<ProofTable> answer) {
  const bool speaks_for_none = !answer && answer.error().code == Code::noaccess;
  if (speaks_for_none) answer = ProofTable();
  if (!answer) return;
  if (known_ && !speaks_for_none && answer->version == table_.version) return;
  known_ = true;
  table_ = std::move(*answer);
  std::set<std::string> names;
  for (const auto& [proof, name] : table_.principals) names.insert(name);
  std::erase_if(identified_, [&](const auto& name) { return !names.contains(name); });
}

Result<std::string> KnownClients::identify(const Proof& proof) {
  if (!known_)
    return fail(Code::noserver,
                "the broker has not told this gateway yet who its clients are; try again");
  const auto found = table_.principals.find(to_text(proof));
  if (found == table_.principals.end())
    return fail(Code::noaccess, "this " + std::string(to_text(proof.kind)) +
                                    " is not that of a principal that this gateway may speak for "
                                    "(the broker's access file, docs/security.md)");
  identified_.insert(found->second);
  return found->second;
}

std::vector<std::string> KnownClients::names_of(const std::string& owner) const {
  constexpr std::string_view of_key = "key:";
  std::vector<std::string> names = {owner};
  auto principal = owner;
  if (owner.starts_with(of_key)) {
    const auto key =
        table_.principals.find(to_text(Proof{Proof::Kind::sense_key, owner.substr(of_key.size())}));
    if (key == table_.principals.end()) return names;
    principal = key->second;
    names.push_back(principal);
  }
  const auto groups = table_.groups.find(principal);
  if (groups != table_.groups.end())
    for (const auto group : split(groups->second, ' ')) names.emplace_back(group);
  return names;
}

}  // namespace sense
