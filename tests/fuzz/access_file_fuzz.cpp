// SPDX-License-Identifier: Apache-2.0
#include <algorithm>
#include <set>

#include "broker/security/access_file.hpp"
#include "tests/fuzz/fields.hpp"

// Any octets as an access file: an error with a sentence, or a list within its limits, whose
// names and proofs are unique, and which gives unnamed principals no right.
extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  using namespace sense;
  using fuzz::require;
  const auto list = parse_access_file({reinterpret_cast<const char*>(data), size}, "fuzz");
  if (!list) {
    require(!list.error().message.empty());
    return 0;
  }
  require(list->principals().size() <= 10'000 && list->groups().size() <= 1'000);
  std::set<std::string> names;
  std::set<std::string> proofs;
  for (const auto& principal : list->principals()) {
    require(valid_principal(principal.name) && names.insert(principal.name).second);
    require(principal.rights != nullptr && principal.proofs.size() <= 16);
    for (const auto& proof : principal.proofs) require(proofs.insert(to_text(proof.proof)).second);
    // The reserved namespaces are granted by name alone.
    const auto& rules = principal.rights->granted().publish;
    if (std::all_of(rules.begin(), rules.end(),
                    [](const Rule& rule) { return rule == Rule::everything(); }))
      require(!principal.rights->may_publish(*QName::make("urn:sense:audit", "x"), "//x", {}));
  }
  for (const auto& group : list->groups()) require(names.insert(group.name).second);
  require(list->find("no such user id") == nullptr && list->named("no such name") == nullptr);
  if (const auto end = list->next_end()) (void)list->at(*end);
  return 0;
}
