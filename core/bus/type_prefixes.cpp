#include "core/bus/type_prefixes.hpp"

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

bool TypePrefixes::select(std::string_view type) const {
  if (all_ || types_.contains(type)) return true;
  // A namespace has no brace of its own.
  return !namespaces_.empty() && namespaces_.contains(type.substr(0, type.find('}') + 1));
}

}  // namespace sense::bus
