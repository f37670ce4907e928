// SPDX-License-Identifier: Apache-2.0
#include "broker/security/access_file.hpp"

#include <pwd.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <functional>
#include <set>

#include "broker/security/rights_entries.hpp"
#include "core/base/text.hpp"

namespace sense {

namespace {

constexpr std::size_t principals_max = 10'000;
constexpr std::size_t groups_max = 1'000;
constexpr std::size_t proofs_max = 16;  // of one principal

Result<std::string> read_name(const YamlNode& node) {
  const auto* given = node.find("name");
  if (given == nullptr) return node.refuse("'name' is missing: every principal has one");
  auto name = read_scalar(*given, "name");
  if (!name) return name;
  if (!valid_principal(*name))
    return given->refuse(in_quotes(*name) +
                         " cannot be a name: 1 to 64 of A-Z, a-z, 0-9, '.', '_' and '-'");
  if (*name == principal_broker || *name == principal_config)
    return given->refuse("the name " + in_quotes(*name) + " is the broker's own; give another");
  return name;
}

bool proves_nothing(std::string_view name) {
  return name == principal_local || name == principal_plaintext || name == principal_anonymous ||
         name == principal_external;
}

// The number of a user of this machine, whose name the file may have instead.
std::string user_number(const std::string& name) {
  if (parse_integer<std::uint32_t>(name)) return name;
  struct passwd entry {};
  struct passwd* found = nullptr;
  std::array<char, 16 * 1024> texts{};
  (void)::getpwnam_r(name.c_str(), &entry, texts.data(), texts.size(), &found);
  return found == nullptr ? std::string() : std::to_string(found->pw_uid);
}

// The end of a day, or a point in time.
Result<WallTime> read_not_after(const YamlNode& node) {
  const auto text = read_scalar(node, "not-after");
  if (!text) return tl::unexpected(text.error());
  constexpr std::size_t date_length = 10;
  const auto time =
      parse_rfc3339(text->size() == date_length ? *text + "T23:59:59.999999Z" : *text);
  if (time) return *time;
  return node.refuse(
      "'not-after' is a date, such as 2027-01-31, or a time, such as "
      "2027-01-31T12:00:00Z");
}

Result<Proof> read_value(Proof::Kind kind, const YamlNode& node) {
  auto text = read_scalar(node, std::string(to_text(kind)));
  if (!text) return tl::unexpected(text.error());
  const auto named = *text;
  if (kind == Proof::Kind::user) text = user_number(named);
  if (kind == Proof::Kind::user && text->empty())
    return node.refuse("'user': this machine has no user " + in_quotes(named));
  auto proof = make_proof(kind, *text);
  if (!proof) return node.refuse(proof.error().message);
  return proof;
}

Result<DatedProof> read_proof(const YamlNode& node) {
  if (node.kind != YamlNode::Kind::mapping)
    return node.refuse("a proof is a mapping, such as  - {token: \"sha256:...\"}");
  DatedProof dated;
  int kinds = 0;
  for (const auto& [key, value] : node.entries) {
    if (key == "not-after") {
      const auto time = read_not_after(value);
      if (!time) return tl::unexpected(time.error());
      dated.not_after = *time;
      continue;
    }
    const auto kind = proof_kind(key);
    if (!kind)
      return known_keys(node, {"curve", "user", "token", "certificate", "sense-key", "mail",
                               "snmp-user", "not-after"})
          .map([] { return DatedProof(); });
    auto proof = read_value(*kind, value);
    if (!proof) return tl::unexpected(proof.error());
    dated.proof = std::move(*proof);
    ++kinds;
  }
  if (kinds == 1) return dated;
  return node.refuse("a proof has one kind, such as 'curve' or 'token', and may have 'not-after'");
}

// `key` is the short form of one proof, a public key.
Status read_proofs(std::vector<DatedProof>& proofs, const YamlNode& node, const std::string& name) {
  const auto* key = node.find("key");
  const auto* list = node.find("proofs");
  if (const auto* given = key != nullptr ? key : list; given != nullptr && proves_nothing(name))
    return given->refuse_key("'" + name + "' has no key: it is the principal of " +
                             (name == principal_local
                                  ? "connections through ipc:// by the broker's user and root"
                              : name == principal_plaintext ? "connections without a key"
                              : name == principal_external  ? "what bus.external sends"
                                                            : "clients that have proved nothing") +
                             "; leave it out, or give another name");
  if (proves_nothing(name)) return {};
  if (key != nullptr) {
    const auto text = read_scalar(*key, "key");
    if (!text) return tl::unexpected(text.error());
    auto proof = make_proof(Proof::Kind::curve, *text);
    if (!proof) return key->refuse("'key' of " + in_quotes(name) + proof.error().message.substr(7));
    proofs.push_back({std::move(*proof)});
  }
  if (list != nullptr && list->kind != YamlNode::Kind::sequence)
    return list->refuse("'proofs' takes a list, such as  - {token: \"sha256:...\"}");
  if (list != nullptr && list->items.size() > proofs_max)
    return list->refuse("a principal has at most " + std::to_string(proofs_max) + " proofs");
  if (list != nullptr)
    for (const auto& item : list->items) {
      auto proof = read_proof(item);
      if (!proof) return tl::unexpected(proof.error());
      proofs.push_back(std::move(*proof));
    }
  if (!proofs.empty() || names_process(name)) return {};
  return node.refuse("what " + in_quotes(name) +
                     " proves itself with is missing: 'key', the public key that `sense keys show "
                     "FILE` prints, or 'proofs'");
}

std::vector<std::string> with_rights_keys(std::vector<std::string> keys) {
  for (auto& key : rights_keys()) keys.push_back(std::move(key));
  return keys;
}

// Management events tell a principal of its own subscriptions, without the right to list of no
// others; clients that have proved nothing share one name.
Status check_anonymous(const std::string& name, const Rights::Granted& granted,
                       const YamlNode& node) {
  if (name != principal_anonymous || granted.list || granted.manage) return {};
  for (const auto& rule : granted.subscribe)
    if (rule.type.topic_prefix().starts_with(reserved_namespaces[0]))
      return node.refuse_key("'subscribe' to " + std::string(reserved_namespaces[0]) +
                             " is not for 'anonymous': these events tell a principal of its own "
                             "subscriptions, and clients that have proved nothing share one name");
  return {};
}

// A principal with the rights of its own entry.
struct Entry {
  std::string name;
  std::vector<DatedProof> proofs;
  Rights::Granted granted;
};

Result<Entry> read_principal(const YamlNode& node) {
  if (node.kind != YamlNode::Kind::mapping)
    return node.refuse("a principal is a mapping, such as  - {name: shop, key: \"...\"}");
  if (auto good = known_keys(node, with_rights_keys({"name", "key", "proofs"})); !good)
    return tl::unexpected(good.error());
  auto name = read_name(node);
  if (!name) return tl::unexpected(name.error());
  Entry entry{std::move(*name), {}, {}};
  if (auto good = read_proofs(entry.proofs, node, entry.name); !good)
    return tl::unexpected(good.error());
  auto granted = read_rights(node);
  if (!granted) return tl::unexpected(granted.error());
  entry.granted = std::move(*granted);
  if (auto good = check_anonymous(entry.name, entry.granted, node); !good)
    return tl::unexpected(good.error());
  return entry;
}

template <class Item>
void append(std::vector<Item>& to, const std::vector<Item>& more) {
  to.insert(to.end(), more.begin(), more.end());
}

void add(Rights::Granted& granted, const Rights::Granted& more) {
  append(granted.publish, more.publish);
  append(granted.subscribe, more.subscribe);
  append(granted.route, more.route);
  append(granted.speak_for, more.speak_for);
  granted.list = granted.list || more.list;
  granted.manage = granted.manage || more.manage;
  granted.audit = granted.audit || more.audit;
}

// The principals of a file while it is read, by name.
class Entries {
 public:
  Status add_principal(const YamlNode& node) {
    auto entry = read_principal(node);
    if (!entry) return tl::unexpected(entry.error());
    if (!names_.insert(entry->name).second)
      return node.refuse("'name': there is a principal " + in_quotes(entry->name) + " already");
    for (const auto& each : entry->proofs)
      if (!proofs_.insert(each.proof).second)
        return node.refuse("'" + std::string(to_text(each.proof.kind)) + "' of " +
                           in_quotes(entry->name) +
                           " is that of another principal, or twice its own, already");
    principals_.push_back(std::move(*entry));
    return {};
  }

  Status add_group(const YamlNode& node) {
    if (node.kind != YamlNode::Kind::mapping)
      return node.refuse("a group is a mapping, such as  - {name: ops, members: [shop]}");
    if (auto good = known_keys(node, with_rights_keys({"name", "members"})); !good) return good;
    auto name = read_name(node);
    if (!name) return tl::unexpected(name.error());
    if (proves_nothing(*name) || !names_.insert(*name).second)
      return node.refuse("'name': there is a principal or group " + in_quotes(*name) + " already");
    const auto granted = read_rights(node);
    if (!granted) return tl::unexpected(granted.error());
    Group group{std::move(*name), {}};
    if (const auto* members = node.find("members"))
      if (auto good = read_names(group.members, *members, "members"); !good) return good;
    for (const auto& member : group.members) {
      const auto found = std::find_if(principals_.begin(), principals_.end(),
                                      [&](const Entry& entry) { return entry.name == member; });
      if (found == principals_.end())
        return node.refuse("'members': there is no principal " + in_quotes(member));
      add(found->granted, *granted);
      if (auto good = check_anonymous(member, found->granted, node); !good) return good;
    }
    groups_.push_back(std::move(group));
    return {};
  }

  AccessList take(WallTime now) {
    std::vector<Principal> principals;
    for (auto& [name, proofs, granted] : principals_) {
      add_members(granted.route);
      add_members(granted.speak_for);
      principals.push_back(
          {std::move(name), std::move(proofs), std::make_shared<const Rights>(std::move(granted))});
    }
    return AccessList(std::move(principals), std::move(groups_), now);
  }

 private:
  // Of the groups among the names, which stay, too.
  void add_members(std::vector<std::string>& names) const {
    std::vector<std::string> members;
    for (const auto& group : groups_)
      if (std::find(names.begin(), names.end(), group.name) != names.end())
        append(members, group.members);
    append(names, members);
  }

  std::vector<Entry> principals_;
  std::vector<Group> groups_;
  std::set<std::string> names_;
  std::set<Proof> proofs_;
};

Status check_writers(const std::string& path) {
  struct stat found {};
  if (::stat(path.c_str(), &found) != 0) return {};  // reading it reports the reason
  const bool ours = found.st_uid == ::geteuid() || found.st_uid == 0;
  if (ours && (found.st_mode & (S_IWGRP | S_IWOTH)) == 0) return {};
  return fail(Code::noaccess, "the access file " + printable(path) +
                                  " can be changed by other users, who could grant themselves "
                                  "access: run `chown root` and `chmod go-w` on it");
}

Status read_each(const YamlNode& root, const std::string& key, std::size_t count_max,
                 const std::function<Status(const YamlNode&)>& add) {
  const auto* list = root.find(key);
  if (list == nullptr || list->kind == YamlNode::Kind::null) return {};
  if (list->kind != YamlNode::Kind::sequence)
    return list->refuse("'" + key + "' takes a list of  - name: ...");
  if (list->items.size() > count_max)
    return list->refuse("there are more than " + std::to_string(count_max) + " " + key);
  for (const auto& item : list->items)
    if (auto good = add(item); !good) return good;
  return {};
}

Result<AccessList> access_of(const YamlNode& root, WallTime now) {
  if (root.kind == YamlNode::Kind::null) return AccessList();
  if (root.kind != YamlNode::Kind::mapping)
    return root.refuse("a mapping with the key 'principals' must stand here");
  if (auto good = known_keys(root, {"principals", "groups"}); !good)
    return tl::unexpected(good.error());
  Entries entries;
  auto good = read_each(root, "principals", principals_max,
                        [&](const YamlNode& node) { return entries.add_principal(node); });
  if (good)
    good = read_each(root, "groups", groups_max,
                     [&](const YamlNode& node) { return entries.add_group(node); });
  if (!good) return tl::unexpected(good.error());
  return entries.take(now);
}

}  // namespace

Result<AccessList> parse_access_file(std::string_view text, std::string_view name, WallTime now) {
  const auto root = parse_yaml(text, name);
  if (!root) return tl::unexpected(root.error());
  return access_of(*root, now);
}

Result<AccessList> read_access_file(const std::string& path, WallTime now) {
  if (::access(path.c_str(), F_OK) != 0 && errno == ENOENT)
    return fail(Code::notfound, "the access file " + printable(path) +
                                    " does not exist: make one with `sense keys token NAME "
                                    "--access-file FILE`, or with the line `principals:` alone");
  if (auto good = check_writers(path); !good) return tl::unexpected(good.error());
  const auto root = read_yaml_file(path);
  if (!root) return tl::unexpected(root.error());
  return access_of(*root, now);
}

std::string access_entry(std::string_view name, std::string_view key) {
  return "  - {name: \"" + std::string(name) + "\", key: \"" + std::string(key) +
         "\", publish: [\"{urn:example}*\"], subscribe: [\"{urn:example}*\"]}";
}

}  // namespace sense
