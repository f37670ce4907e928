// SPDX-License-Identifier: Apache-2.0
#include "core/base/error.hpp"

#include <array>

namespace sense {

namespace {
constexpr std::array<std::string_view, code_max + 1> symbols = {
    "NOERROR",      "ADDRNOTAVAIL", "BADCONTEXT",    "BADPARAM",         "CALLBACKSTOP",
    "COMMERROR",    "DATATOOBIG",   "INTERNALERROR", "INTERRUPTED",      "NOACCESS",
    "NOITERATOR",   "NOMEMORY",     "NOMOREROOM",    "NONEXT",           "NOSERVER",
    "NOTFOUND",     "SYSTEM",       "TIMEOUT",       "VARNAMETOOBIG",    "VARNOTFOUND",
    "VARVALTOOBIG", "PROTOERROR",   "DUPLICATE",     "NOTYETIMPLEMENTED"};
}

std::string_view symbol(Code code) { return symbols[static_cast<std::size_t>(code)]; }

std::optional<Code> code_from_number(std::uint64_t number) {
  if (number > code_max) return std::nullopt;
  return static_cast<Code>(number);
}

std::string to_string(const Error& error) {
  return std::to_string(static_cast<unsigned>(error.code)) + " " + std::string(symbol(error.code)) +
         ": " + error.message;
}

}  // namespace sense
