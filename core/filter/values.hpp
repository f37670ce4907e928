// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <memory>
#include <string_view>
#include <vector>

#include "core/filter/program.hpp"

// Values while a filter is evaluated, and the texts that are made on the way. Of the thread that
// evaluates; for core/filter alone.
namespace sense::cesql {

// One value on the stack. Trivial, so that a stack of them costs nothing to set up; a text lives
// in the event, in the program or in MadeTexts.
struct Operand {
  Type type;
  std::uint32_t length;  // of a text
  union {
    bool flag;
    std::int32_t number;
    const char* octets;
  };

  [[nodiscard]] std::string_view text() const { return {octets, length}; }
  void set(bool value) {
    type = Type::boolean;
    flag = value;
  }
  void set(std::int32_t value) {
    type = Type::integer;
    number = value;
  }
  void set(std::string_view value) {
    type = Type::text;
    length = static_cast<std::uint32_t>(value.size());
    octets = value.data();
  }
  void set(const char*) = delete;
  // The zero value; false for a type that is not known.
  void set_zero(Type zero_of);
};

// Holds texts until the end of the evaluation; the first octets without allocation.
class MadeTexts {
 public:
  MadeTexts() = default;
  MadeTexts(const MadeTexts&) = delete;
  MadeTexts& operator=(const MadeTexts&) = delete;

  // Space for that many octets; null when all texts together would exceed Filter::made_length_max.
  [[nodiscard]] char* make(std::size_t length);
  // A copy. REQUIRES: at most the length of an attribute or a number, for which there is always
  // space.
  [[nodiscard]] std::string_view keep(std::string_view text);

 private:
  char* room(std::size_t length);

  static constexpr std::size_t here_length = 512;
  std::size_t used_ = 0;
  std::size_t made_ = 0;
  std::array<char, here_length> here_;
  std::vector<std::unique_ptr<char[]>> more_;
};

// The casts of section 3.7, in place. False: a cast error, and the zero value.
[[nodiscard]] bool cast_to_integer(Operand& value);
[[nodiscard]] bool cast_to_boolean(Operand& value);
void cast_to_text(Operand& value, MadeTexts& made);
[[nodiscard]] bool cast(Operand& value, Type type, MadeTexts& made);

// A failing operator or function stores its result in its operand nevertheless.
using Failure = std::optional<FilterError>;

// Stores the result in arguments[0], which exists even when count is 0. REQUIRES: the signature
// allows for count arguments.
[[nodiscard]] Failure call(Function function, Operand* arguments, std::size_t count,
                           MadeTexts& made);

}  // namespace sense::cesql
