// SPDX-License-Identifier: Apache-2.0
#include "core/bus/type_prefixes.hpp"

#include "core/bus/protocol.hpp"

namespace sense::bus {

TypePrefixes::TypePrefixes(const std::vector<std::string>& prefixes) {
  for (const auto& prefix : prefixes) {
    if (prefix.empty() || prefix == "{")
      all_ = true;
    else if (prefix.ends_with(' '))
      types_.insert(prefix.substr(0, prefix.size() - 1));
    else
      namespaces_.insert(prefix);
  }
}

bool TypePrefixes::select(std::string_view type) {
  if (all_) return !type.starts_with(unannounced_topics);
  if (type == last_type_) return last_answer_;
  last_type_ = type;
  // A namespace contains no brace.
  last_answer_ = types_.contains(type) || namespaces_.contains(type.substr(0, type.find('}') + 1));
  return last_answer_;
}

}  // namespace sense::bus
