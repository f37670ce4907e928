// SPDX-License-Identifier: Apache-2.0
#include "broker/registry/seen_types.hpp"

#include <array>
#include <utility>

#include "core/base/json.hpp"
#include "core/event/attributes.hpp"

namespace sense {

namespace {

// As CloudEvents calls them (1.0.2, Type System).
std::string_view name_of(Attribute::Kind kind) {
  switch (kind) {
    case Attribute::Kind::time: return "Timestamp";
    case Attribute::Kind::severity: return "Integer";
    default: return "String";
  }
}

std::string_view name_of(const Value& value) {
  constexpr std::array<std::string_view, 5> names = {"Boolean", "Integer", "String", "Binary",
                                                     "Timestamp"};
  return names.at(value.index());
}

// Names and types, no values. What every event has is left out.
std::string attributes_json(std::string_view octets) {
  const auto event = decode_event(octets);
  if (!event) return "{}";
  JsonObject json;
  std::size_t count = 0;
  for (const auto& attribute : attributes()) {
    const bool always = attribute.kind == Attribute::Kind::version ||
                        attribute.kind == Attribute::Kind::type || attribute.stamped ||
                        attribute.name == "id" || attribute.name == "source";
    if (always || !has_attribute(*event, attribute) || ++count > SeenTypes::names_max) continue;
    json.put(attribute.name, name_of(attribute.kind));
  }
  for (const auto& [name, value] : event->extensions)
    if (++count <= SeenTypes::names_max) json.put(name, name_of(value));
  return json.take();
}

}  // namespace

void SeenTypes::load(const RegistryEntry& row) {
  const auto value = JsonDocument::parse(row.value);
  if (!value || types_.size() >= types_max_) return;
  const auto count = value->root().find("count").natural();
  const auto last = parse_rfc3339(value->root().find("last").text().value_or(""));
  const auto attributes = value->root().find("attributes");
  if (!count || !last || !attributes.is_object()) return;
  types_.insert_or_assign(row.key, Seen{*count, row.revision, *last, attributes.dump()});
}

SeenTypes::Types::value_type* SeenTypes::find_or_add(const EventHead& head,
                                                     std::string_view octets) {
  const auto found = types_.find(head.type);
  if (found != types_.end()) return &*found;
  if (types_.size() >= types_max_) {
    ++*dropped_;
    return nullptr;
  }
  Seen seen;
  seen.attributes = attributes_json(octets);
  return &*types_.emplace(std::string(head.type), std::move(seen)).first;
}

void SeenTypes::recount(const EventHead& head, std::string_view octets, std::uint64_t sequence,
                        WallTime time) {
  if (head.has_recipients) return;
  auto* seen = find_or_add(head, octets);
  if (seen == nullptr || sequence <= seen->second.upto) return;
  ++seen->second.count;
  seen->second.upto = sequence;
  seen->second.last = time;
}

void SeenTypes::note(const EventHead& head, std::string_view octets) {
  if (head.has_recipients) return;
  if (last_ == nullptr || last_->first != head.type) last_ = find_or_add(head, octets);
  if (last_ != nullptr && ++last_->second.fresh == 1) touched_.push_back(last_);
}

std::vector<RegistryRow> SeenTypes::rows(std::uint64_t last, Timestamp now) {
  group_last_ = last;
  group_now_ = now;
  std::vector<RegistryRow> rows;
  for (auto* touched : touched_) {
    const auto& stored = touched->second.stored;
    touched->second.in_rows = stored == MonoTime::min() || now.mono - stored >= stored_every;
    if (!touched->second.in_rows) continue;
    auto next = *touched;
    next.second.count += next.second.fresh;
    next.second.upto = last;
    next.second.last = now.wall;
    rows.push_back({entry_of(next), std::nullopt, 0});
  }
  return rows;
}

void SeenTypes::commit() {
  for (auto* touched : touched_) {
    auto& seen = touched->second;
    seen.count += std::exchange(seen.fresh, 0);
    seen.upto = group_last_;
    seen.last = group_now_.wall;
    if (seen.in_rows) seen.stored = group_now_.mono;
  }
  touched_.clear();
}

void SeenTypes::rollback() {
  last_ = nullptr;
  for (auto* touched : touched_) {
    touched->second.fresh = 0;
    if (touched->second.count == 0) types_.erase(types_.find(touched->first));
  }
  touched_.clear();
}

RegistryEntry SeenTypes::entry_of(const Types::value_type& seen) {
  JsonObject json;
  json.put("count", seen.second.count).put("last", to_rfc3339(seen.second.last));
  json.put_raw("attributes", seen.second.attributes);
  return {std::string(kind), seen.first, seen.second.upto, json.take()};
}

std::vector<RegistryEntry> SeenTypes::list(std::string_view after, std::size_t limit) const {
  std::vector<RegistryEntry> entries;
  for (auto seen = types_.upper_bound(after); seen != types_.end() && entries.size() < limit;
       ++seen)
    if (seen->second.count != 0) entries.push_back(entry_of(*seen));
  return entries;
}

}  // namespace sense
