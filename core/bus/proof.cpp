// SPDX-License-Identifier: Apache-2.0
#include "core/bus/proof.hpp"

#include <algorithm>
#include <array>
#include <cstdint>

#include "core/base/random.hpp"
#include "core/base/text.hpp"
#include "core/bus/keys.hpp"

namespace sense {

namespace {

constexpr std::array<std::string_view, 7> kind_names = {
    "curve", "user", "token", "certificate", "sense-key", "mail", "snmp-user"};
constexpr std::string_view hash_begin = "sha256:";
constexpr std::string_view token_begin = "sense_";
constexpr std::size_t hash_digits = 64;
constexpr std::size_t name_length_max = 64;
constexpr std::size_t mail_length_max = 254;

std::string canonical_hash(std::string_view value) {
  std::string text;
  for (const char c : lower(value))
    if (c != ':') text += c;
  const auto begin = hash_begin.substr(0, hash_begin.size() - 1);
  if (text.starts_with(begin)) text.erase(0, begin.size());
  const auto is_hex = [](char c) { return is_digit(c) || (c >= 'a' && c <= 'f'); };
  const bool good = text.size() == hash_digits && std::all_of(text.begin(), text.end(), is_hex);
  return good ? std::string(hash_begin) + text : std::string();
}

bool is_mail_address(std::string_view text) {
  const auto at = text.find('@');
  return text.size() <= mail_length_max && at != 0 && at != std::string_view::npos &&
         at + 1 < text.size() && text.find('@', at + 1) == std::string_view::npos &&
         valid_text(text) && text.find_first_of(" \t\r\n<>,;") == std::string_view::npos;
}

std::string canonical(Proof::Kind kind, std::string_view value) {
  const bool name = !value.empty() && value.size() <= name_length_max && valid_text(value);
  switch (kind) {
    case Proof::Kind::curve: return valid_key(value) ? std::string(value) : std::string();
    case Proof::Kind::user: {
      const auto number = parse_integer<std::uint32_t>(value);
      return number ? std::to_string(*number) : std::string();
    }
    case Proof::Kind::token:
    case Proof::Kind::certificate: return canonical_hash(value);
    case Proof::Kind::mail: return is_mail_address(value) ? lower(value) : std::string();
    case Proof::Kind::sense_key:
    case Proof::Kind::snmp_user: return name ? std::string(value) : std::string();
  }
  return {};
}

const char* form(Proof::Kind kind) {
  switch (kind) {
    case Proof::Kind::curve:
      return "is a public key, which has 40 characters: `sense keys show FILE` prints it; mind the "
             "quotes around it";
    case Proof::Kind::user: return "is a user of this machine: its name or number";
    case Proof::Kind::token:
      return "is \"sha256:\" and 64 hexadecimal digits: `sense keys token NAME` prints it";
    case Proof::Kind::certificate:
      return "is \"sha256:\" and 64 hexadecimal digits: `openssl x509 -in FILE -noout -fingerprint "
             "-sha256` prints them";
    case Proof::Kind::sense_key: return "is the name of a shared key: `sense keys shared NAME`";
    case Proof::Kind::mail: return "is one mail address, such as shop@example.org";
    case Proof::Kind::snmp_user: return "is the name of an SNMPv3 user, of at most 64 octets";
  }
  return "";
}

}  // namespace

std::string_view to_text(Proof::Kind kind) { return kind_names[static_cast<std::size_t>(kind)]; }

std::string to_text(const Proof& proof) {
  return std::string(to_text(proof.kind)) + "/" + proof.value;
}

Result<Proof::Kind> proof_kind(std::string_view name) {
  const auto* const found = std::find(kind_names.begin(), kind_names.end(), name);
  if (found != kind_names.end()) return static_cast<Proof::Kind>(found - kind_names.begin());
  return fail(Code::badparam,
              "there is no proof of the kind '" + printable(name.substr(0, 80)) + "'");
}

Result<Proof> make_proof(Proof::Kind kind, std::string_view value) {
  auto text = canonical(kind, value);
  if (text.empty())
    return fail(Code::badparam, "'" + std::string(to_text(kind)) + "' " + form(kind));
  return Proof{kind, std::move(text)};
}

Result<Proof> parse_proof(std::string_view text) {
  const auto slash = text.find('/');
  const auto kind = proof_kind(text.substr(0, slash));
  if (!kind) return tl::unexpected(kind.error());
  return make_proof(*kind, slash == std::string_view::npos ? "" : text.substr(slash + 1));
}

std::string make_token() { return std::string(token_begin) + random_token(260); }

Proof proof_of_token(std::string_view token) {
  return {Proof::Kind::token, std::string(hash_begin) + sha256_hex(token)};
}

}  // namespace sense
