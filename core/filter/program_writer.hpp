// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

#include "core/filter/lexer.hpp"
#include "core/filter/program.hpp"

namespace sense::cesql {

// Takes the instructions of an expression one after the other, and holds its limits: instructions,
// and values that wait on the stack. The first fault ends it; what is written then counts no more.
// A value of one thread, for one expression.
class ProgramWriter {
 public:
  explicit ProgramWriter(std::string_view expression);

  [[nodiscard]] std::string_view expression() const { return program_.expression(); }
  [[nodiscard]] std::string_view text_of(Token token) const { return token.in(expression()); }
  [[nodiscard]] std::size_t column(Token token) const { return column_of(expression(), token.at); }

  // Adds an instruction that leaves so many values more on the stack. False after a fault.
  bool emit(Instruction instruction, int values);
  // The place of the next instruction.
  [[nodiscard]] std::size_t place() const { return program_.code.size(); }
  // Makes the instruction at a place jump to the next one.
  void jump_here(std::size_t from) {
    program_.code[from].operand = static_cast<std::int32_t>(place());
  }
  // What is undone takes its values with it.
  struct Mark {
    std::size_t place;
    int values;
  };
  [[nodiscard]] Mark mark() const { return {place(), values_}; }
  void undo_to(Mark mark);
  // A text as an operand: a slice of the token where that has the same octets.
  [[nodiscard]] std::int32_t keep(const std::string& text, Token token);
  // A text as an operand: a slice of whatever has the same octets.
  [[nodiscard]] std::int32_t keep(const std::string& text);
  // Adds a whole program, which leaves one value more. False after a fault.
  bool append(const Program& part);

  // The first refusal is reported; `result` is what an evaluation then gives.
  std::nullopt_t refuse(std::size_t octet, std::string why, std::optional<bool> result = {});
  [[nodiscard]] bool refused() const { return fault_.has_value(); }
  // What every evaluation will report; the first one.
  void note_defect(FilterError kind, std::size_t octet, std::string why);

  // The program, or the fault. REQUIRES: called once, at the end.
  [[nodiscard]] tl::expected<Program, FilterFault> finish(std::optional<Type> result);

 private:
  std::int32_t add(const std::string& text);

  Program program_;
  int values_ = 0;
  std::optional<FilterFault> fault_;
};

}  // namespace sense::cesql
