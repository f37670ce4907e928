// SPDX-License-Identifier: Apache-2.0
#include "core/bus/keys.hpp"

#include <zmq.h>

#include <array>

#include "core/base/file.hpp"
#include "core/base/text.hpp"
#include "core/config/settings.hpp"

namespace sense {

namespace {

constexpr std::size_t file_length_max = 4096;
constexpr std::array<Option, 3> members = {{
    {"name", OptionType::text, "", "The principal that the key is for.", 0, 64},
    {"public", OptionType::text, "", "The public key.", 0, 64},
    {"secret", OptionType::text, "", "The secret key.", 0, 64},
}};

using Key = std::array<char, key_length + 1>;

std::string how_to_make_one(const std::string& path) {
  return "make one with `sense keys new NAME --file " + printable(path) + "`";
}

// Messages never quote the file, since a part of it is secret.
Result<Settings> read_members(const std::string& path, bool secret) {
  const FileWords words{"key file", how_to_make_one(path), file_length_max};
  const auto text = secret ? read_secret_file(path, words) : read_public_file(path, words);
  if (!text) return tl::unexpected(text.error());
  const auto root = parse_yaml(*text, path);
  if (root)
    if (auto read = read_settings(*root, members); read && valid_key(read->text("public")))
      return read;
  return fail(Code::badparam, "the key file " + printable(path) +
                                  " is not one that `sense keys new` writes: " +
                                  how_to_make_one(path) + ", and mind the path");
}

}  // namespace

bool valid_key(std::string_view text) {
  std::array<std::uint8_t, 32> octets{};
  const std::string copy(text);
  return text.size() == key_length && text.find('\0') == std::string_view::npos &&
         zmq_z85_decode(octets.data(), copy.c_str()) != nullptr;
}

Result<KeyPair> make_key_pair() {
  Key known{};
  Key secret{};
  if (zmq_curve_keypair(known.data(), secret.data()) != 0)
    return fail(Code::notyetimplemented,
                "this libzmq was built without CURVE: install libzmq5 of the distribution");
  return KeyPair{known.data(), secret.data()};
}

Status write_key_file(const std::string& path, std::string_view name, const KeyPair& keys) {
  std::string text =
      "# A key pair of SENSE. Read access to the secret grants the key's rights: keep mode 0600.\n";
  text += "name: \"" + std::string(name) + "\"\npublic: \"" + keys.public_key + "\"\nsecret: \"" +
          keys.secret_key + "\"\n";
  return write_secret_file(path, text);
}

Result<KeyPair> read_key_file(const std::string& path) {
  const auto read = read_members(path, true);
  if (!read) return tl::unexpected(read.error());
  KeyPair keys{read->text("public"), read->text("secret")};
  if (!valid_key(keys.secret_key))
    return fail(Code::badparam, "the key file " + printable(path) +
                                    " holds no secret key, which is needed here: name the file "
                                    "that `sense keys new` wrote");
  Key known{};
  if (zmq_curve_public(known.data(), keys.secret_key.c_str()) != 0 ||
      keys.public_key != known.data())
    return fail(Code::badparam, "the two keys in " + printable(path) +
                                    " do not belong together: " + how_to_make_one(path));
  return keys;
}

Result<std::string> read_public_key(const std::string& path) {
  const auto read = read_members(path, false);
  if (!read) return tl::unexpected(read.error());
  return read->text("public");
}

}  // namespace sense
