// SPDX-License-Identifier: Apache-2.0
#include "core/filter/program_writer.hpp"

#include <algorithm>
#include <utility>

namespace sense::cesql {

std::size_t column_of(std::string_view expression, std::size_t octet) {
  const auto before = expression.substr(0, octet);
  const auto continues = [](char c) { return (static_cast<unsigned char>(c) & 0xc0U) == 0x80U; };
  return 1 + before.size() -
         static_cast<std::size_t>(std::count_if(before.begin(), before.end(), continues));
}

ProgramWriter::ProgramWriter(std::string_view expression) {
  program_.pool = expression;
  program_.expression_length = expression.size();
}

bool ProgramWriter::emit(Instruction instruction, int values) {
  values_ += values;
  if (place() >= Filter::steps_max)
    refuse(instruction.at, "the expression has more than 1024 operands and operators");
  else if (values_ > static_cast<int>(Filter::values_max))
    refuse(instruction.at, "more than 128 values wait for their operators here");
  else
    program_.code.push_back(instruction);
  return !fault_;
}

void ProgramWriter::undo_to(Mark mark) {
  program_.code.resize(mark.place);
  values_ = mark.values;
}

std::int32_t ProgramWriter::keep(const std::string& text, Token token) {
  const auto where = text_of(token).find(text);
  if (where != std::string_view::npos)
    return Slice{static_cast<std::uint16_t>(token.at + where),
                 static_cast<std::uint16_t>(text.size())}
        .packed();
  return add(text);
}

std::int32_t ProgramWriter::keep(const std::string& text) {
  const auto where = program_.pool.find(text);
  if (where == std::string::npos) return add(text);
  return Slice{static_cast<std::uint16_t>(where), static_cast<std::uint16_t>(text.size())}.packed();
}

std::int32_t ProgramWriter::add(const std::string& text) {
  const auto at = static_cast<std::uint16_t>(program_.pool.size());
  program_.pool += text;
  return Slice{at, static_cast<std::uint16_t>(text.size())}.packed();
}

bool ProgramWriter::append(const Program& part) {
  const auto texts = static_cast<std::uint16_t>(program_.pool.size());
  const auto first = static_cast<std::int32_t>(place());
  program_.pool += part.pool;
  ++values_;
  for (auto instruction : part.code) {
    if (has_slice(instruction.op)) {
      auto slice = Slice::unpacked(instruction.operand);
      slice.at = static_cast<std::uint16_t>(slice.at + texts);
      instruction.operand = slice.packed();
    } else if (jumps(instruction.op)) {
      instruction.operand += first;
    }
    instruction.at = 0;  // its place is one of another expression
    if (!emit(instruction, 0)) return false;
  }
  return true;
}

std::nullopt_t ProgramWriter::refuse(std::size_t octet, std::string why,
                                     std::optional<bool> result) {
  if (!fault_)
    fault_ =
        FilterFault{FilterError::parse, column_of(expression(), octet), std::move(why), result};
  return std::nullopt;
}

void ProgramWriter::note_defect(FilterError kind, std::size_t octet, std::string why) {
  if (!program_.defect)
    program_.defect = FilterFault{kind, column_of(expression(), octet), std::move(why), {}};
}

tl::expected<Program, FilterFault> ProgramWriter::finish(std::optional<Type> result) {
  if (fault_) return tl::unexpected(std::move(*fault_));
  program_.result = *result;
  program_.code.shrink_to_fit();
  return std::move(program_);
}

}  // namespace sense::cesql
