// SPDX-License-Identifier: Apache-2.0
#include "core/sense/shared_keys.hpp"

#include <algorithm>
#include <set>

#include "core/base/random.hpp"
#include "core/base/file.hpp"
#include "core/base/text.hpp"
#include "core/config/yaml.hpp"

namespace sense::datagram {

namespace {

constexpr std::size_t file_length_max = 256 * 1024;

FileWords words_of(const std::string& path) {
  return {"file of shared keys",
          "make one with `sense keys shared NAME --file " + printable(path) + "`", file_length_max};
}

bool valid_secret(std::string_view text) {
  return text.size() >= key_secret_min && text.size() <= key_secret_max &&
         std::all_of(text.begin(), text.end(), [](char c) { return c > ' ' && c <= '~'; });
}

// The value of a property when it is a single text. Errors do not quote it: it may be a misplaced
// secret.
const std::string* text_of(const YamlNode& entry, std::string_view name) {
  const auto* value = entry.find(name);
  return value != nullptr && value->kind == YamlNode::Kind::scalar ? &value->scalar : nullptr;
}

Result<SharedKey> read_entry(const YamlNode& entry) {
  const auto* name = text_of(entry, "name");
  const auto* secret = text_of(entry, "secret");
  if (name == nullptr || secret == nullptr || entry.entries.size() != 2)
    return entry.refuse("an entry has `name` and `secret`, and nothing else");
  if (!valid_key_name(*name))
    return entry.refuse("a name has 1 to 64 of A-Z, a-z, 0-9, '.', '_' and '-'");
  if (!valid_secret(*secret))
    return entry.refuse("a secret has 32 to 128 visible ASCII characters, without spaces");
  return SharedKey{*name, *secret};
}

}  // namespace

bool valid_key_name(std::string_view text) {
  constexpr std::string_view allowed =
      "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789._-";
  return !text.empty() && text.size() <= key_name_max &&
         text.find_first_not_of(allowed) == std::string_view::npos;
}

SharedKey make_shared_key(std::string_view name) {
  constexpr unsigned secret_bits = 260;
  return {std::string(name), random_token(secret_bits)};
}

Result<std::vector<SharedKey>> parse_shared_keys(std::string_view text, std::string_view file) {
  const auto root = parse_yaml(text, file);
  // The error of the parser could quote a part of a secret.
  if (!root)
    return fail(Code::badparam, "the file of shared keys " + printable(file) +
                                    " is not YAML such as `keys: [{name: hp4, secret: ...}]`");
  const auto* list = root->find("keys");
  if (list == nullptr || root->entries.size() != 1 || list->kind != YamlNode::Kind::sequence)
    return root->refuse("a file of shared keys has a list `keys`, and nothing else");
  if (list->items.size() > shared_keys_max)
    return list->refuse("a file of shared keys has at most 1000 keys");
  std::vector<SharedKey> keys;
  std::set<std::string_view> names;
  for (const auto& item : list->items) {
    auto key = read_entry(item);
    if (!key) return tl::unexpected(key.error());
    if (!names.insert(*text_of(item, "name")).second) return item.refuse("two keys have one name");
    keys.push_back(std::move(*key));
  }
  return keys;
}

Result<std::vector<SharedKey>> read_shared_keys(const std::string& path) {
  const auto text = read_secret_file(path, words_of(path));
  if (!text) return tl::unexpected(text.error());
  return parse_shared_keys(*text, path);
}

Result<SharedKey> read_shared_key(const std::string& path) {
  auto keys = read_shared_keys(path);
  if (!keys) return tl::unexpected(keys.error());
  if (keys->size() != 1)
    return fail(Code::badparam, "the file of shared keys " + printable(path) + " has " +
                                    std::to_string(keys->size()) +
                                    " keys; exactly one is needed here: give the client a file "
                                    "with its own key alone");
  return std::move(keys->front());
}

Status write_shared_key(const std::string& path, const SharedKey& key) {
  return write_secret_file(
      path,
      "# A key that a SENSE/1 client and its server share. Reading it is enough to act in its "
      "name:\n# keep it 0600.\nkeys:\n  - {name: \"" +
          key.name + "\", secret: \"" + key.secret + "\"}\n");
}

}  // namespace sense::datagram
