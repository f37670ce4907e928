// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <tl/expected.hpp>
#include <utility>

namespace sense {

// The error vocabulary of the whole product: SENSE's codes of 1996 (docs/sense-protocol.md, Codes).
// The bus, the HTTP interface and the command line use the same numbers and symbols.
enum class Code : std::uint8_t {
  noerror = 0,
  addrnotavail = 1,
  badcontext = 2,
  badparam = 3,
  callbackstop = 4,
  commerror = 5,
  datatoobig = 6,
  internalerror = 7,
  interrupted = 8,
  noaccess = 9,
  noiterator = 10,
  nomemory = 11,
  nomoreroom = 12,
  nonext = 13,
  noserver = 14,
  notfound = 15,
  system = 16,
  timeout = 17,
  varnametoobig = 18,
  varnotfound = 19,
  varvaltoobig = 20,
  protoerror = 21,
  duplicate = 22,
  notyetimplemented = 23,
};

inline constexpr unsigned code_max = 23;

// The symbol as written on the wire: "NOACCESS".
[[nodiscard]] std::string_view symbol(Code code);
// The code with that number; absent for a number over code_max.
[[nodiscard]] std::optional<Code> code_from_number(std::uint64_t number);

// An operating error, for the operator or a peer. `message` is one sentence that says what
// happened, where, and what to do about it, if anything.
struct Error {
  Code code = Code::internalerror;
  std::string message;
  // The attribute, member or option that is wrong, by the name that the peer gave it; empty when
  // that is no single one.
  std::string field = {};
};

// A value, or why there is none. Operating errors only: a broken invariant is a SENSE_CHECK.
template <class T>
using Result = tl::expected<T, Error>;
// Success, or why not.
using Status = Result<void>;

[[nodiscard]] inline tl::unexpected<Error> fail(Code code, std::string message,
                                                std::string field = {}) {
  return tl::unexpected<Error>(Error{code, std::move(message), std::move(field)});
}

// "9 NOACCESS: the sentence", for logs and terminals.
[[nodiscard]] std::string to_string(const Error& error);

}  // namespace sense
