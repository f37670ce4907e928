// SPDX-License-Identifier: Apache-2.0
#include <limits>
#include <span>

#include "core/base/check.hpp"
#include "core/filter/dialects.hpp"
#include "core/filter/like.hpp"
#include "core/filter/values.hpp"

namespace sense::cesql {

namespace {

constexpr auto integer_min = std::numeric_limits<std::int32_t>::min();

// ---- Attributes

// REQUIRES: has_attribute(event, attribute).
void load(const Event& event, const Attribute& attribute, MadeTexts& made, Operand& into) {
  switch (attribute.kind) {
    case Attribute::Kind::version: into.set(std::string_view("1.0")); return;
    case Attribute::Kind::type: into.set(event.type.display()); return;
    case Attribute::Kind::text: into.set(std::string_view(event.*attribute.text)); return;
    case Attribute::Kind::severity: into.set(static_cast<std::int32_t>(*event.severity)); return;
    default: into.set(made.keep(text_of(event, attribute))); return;
  }
}

void load(const Value& value, MadeTexts& made, Operand& into) {
  if (const auto* flag = std::get_if<bool>(&value))
    into.set(*flag);
  else if (const auto* number = std::get_if<std::int32_t>(&value))
    into.set(*number);
  else if (const auto* text = std::get_if<std::string>(&value))
    into.set(std::string_view(*text));
  else
    into.set(made.keep(text_of(value)));
}

// ---- Operators. Their result is stored in `left`.

Failure store(std::int64_t number, Operand& left) {
  const bool fits = number == static_cast<std::int32_t>(number);
  left.set(fits ? static_cast<std::int32_t>(number) : 0);
  return fits ? Failure() : FilterError::math;
}

Failure calculate(Op op, Operand& left, Operand& right) {
  if (!cast_to_integer(left) || !cast_to_integer(right)) {
    left.set(0);
    return FilterError::cast;
  }
  const std::int64_t x = left.number;
  const std::int64_t y = right.number;
  left.set(0);
  if ((op == Op::divide || op == Op::remainder) && y == 0) return FilterError::math;
  switch (op) {
    case Op::multiply: return store(x * y, left);
    case Op::divide: return store(x / y, left);
    case Op::remainder: return store(x % y, left);
    case Op::add: return store(x + y, left);
    default: return store(x - y, left);
  }
}

Failure compare_order(Op op, Operand& left, Operand& right) {
  if (!cast_to_integer(left) || !cast_to_integer(right)) {
    left.set(false);
    return FilterError::cast;
  }
  const auto x = left.number;
  const auto y = right.number;
  switch (op) {
    case Op::less: left.set(x < y); break;
    case Op::less_or_equal: left.set(x <= y); break;
    case Op::greater: left.set(x > y); break;
    default: left.set(x >= y); break;
  }
  return {};
}

bool same(const Operand& left, const Operand& right) {
  if (left.type == Type::integer) return left.number == right.number;
  if (left.type == Type::boolean) return left.flag == right.flag;
  return left.text() == right.text();
}

// The type of the right side determines the type of the comparison.
Failure compare_equal(Op op, Operand& left, const Operand& right, MadeTexts& made) {
  const bool good = cast(left, right.type, made);
  left.set(good && same(left, right) == (op == Op::equal));
  return good ? Failure() : FilterError::cast;
}

Failure negate(Operand& value) {
  if (!cast_to_integer(value)) return FilterError::cast;
  return store(-static_cast<std::int64_t>(value.number), value);
}

// The specification casts every number to a boolean, its conformance cases want a cast error for
// NOT 10, with true. Both hold for 0 and 1, which are what booleans become.
Failure invert(Operand& value) {
  const bool truth = value.type != Type::integer || value.number == 0 || value.number == 1;
  const bool good = truth && cast_to_boolean(value);
  value.set(!good || !value.flag);
  return good ? Failure() : FilterError::cast;
}

// ---- The machine

constexpr std::size_t compared_in_a_step = 16;  // octets

// As it takes about as long as a comparison of LIKE.
constexpr std::size_t steps_for_octet(Function function) {
  return function == Function::lower || function == Function::upper ? 8 : 2;
}

struct Outcome {
  Operand value;
  Failure error;
  std::size_t at = 0;
};

class Machine {
 public:
  Machine(const Program& program, const Event& event, FilterSteps& steps)
      : program_(program), event_(event), steps_(steps) {}
  Machine(const Machine&) = delete;
  Machine& operator=(const Machine&) = delete;

  // Texts in the result are valid as long as the machine, the program and the event.
  Outcome run() {
    const auto& code = program_.code;
    for (next_ = 0; next_ < code.size();) {
      const auto& instruction = code[next_++];
      if (const auto error = step(instruction); error && !caught()) {
        // The failing operator is not the whole expression, so its result is not that of the
        // expression.
        if (next_ != code.size()) top().set_zero(program_.result);
        return {top(), error, instruction.at};
      }
    }
    return {top(), {}};
  }

 private:
  Operand& top() { return stack_[used_ - 1]; }
  Operand& push() {
    SENSE_CHECK(used_ < stack_.size());
    return stack_[used_++];
  }

  Failure step(const Instruction& instruction) {
    if (!steps_.spend(1)) return too_dear();
    const auto operand = instruction.operand;
    switch (instruction.op) {
      case Op::boolean: push().set(operand != 0); return {};
      case Op::integer: push().set(operand); return {};
      case Op::text: push().set(program_.slice(operand)); return {};
      case Op::attribute: return attribute(attributes()[static_cast<std::size_t>(operand)]);
      case Op::extension: return extension(program_.slice(operand));
      case Op::attribute_exists:
        push().set(exists(attributes()[static_cast<std::size_t>(operand)]));
        return {};
      case Op::extension_exists:
        push().set(event_.extensions.contains(program_.slice(operand)));
        return {};
      case Op::missing_function: push().set(false); return FilterError::missing_function;
      case Op::attempt:
        attempt_end_ = static_cast<std::size_t>(operand);
        attempt_used_ = used_;
        return {};
      case Op::call: return function(instruction);
      default: return is_binary(instruction.op) ? binary(instruction) : unary(instruction);
    }
  }

  // An attempt never has another within it.
  bool caught() {
    if (steps_.used_up || next_ > attempt_end_) return false;
    used_ = attempt_used_;
    push().set(false);
    next_ = attempt_end_;
    return true;
  }

  // It is what an instruction that puts nothing on the stack would be, too.
  Failure too_dear() {
    if (used_ == 0) push();
    top().set(false);
    return FilterError::generic;
  }

  // What an operator looks at.
  [[nodiscard]] bool spend_for(const Operand& operand) {
    return operand.type != Type::text || steps_.spend(operand.length / compared_in_a_step);
  }

  static bool is_binary(Op op) {
    return (op >= Op::multiply && op <= Op::exclusive_or) || op == Op::in_element ||
           op == Op::not_in_element;
  }

  // Events of other origin may have extensions with values that no field can hold.
  [[nodiscard]] bool exists(const Attribute& attribute) const {
    return has_attribute(event_, attribute) || event_.extensions.contains(attribute.name);
  }

  Failure attribute(const Attribute& attribute) {
    if (!has_attribute(event_, attribute)) return extension(attribute.name);
    load(event_, attribute, made_, push());
    return {};
  }

  Failure extension(std::string_view name) {
    auto& into = push();
    const auto found = event_.extensions.find(name);
    into.set(false);
    if (found == event_.extensions.end()) return FilterError::missing_attribute;
    load(found->second, made_, into);
    return {};
  }

  Failure unary(const Instruction& instruction) {
    auto& value = top();
    if (!spend_for(value)) return too_dear();
    switch (instruction.op) {
      case Op::negate: return negate(value);
      case Op::invert: return invert(value);
      case Op::to_boolean: return cast_to_boolean(value) ? Failure() : FilterError::cast;
      case Op::like:
      case Op::not_like: return like(instruction, value);
      case Op::skip_if_false: return skip_if(false, instruction);
      case Op::skip_if_true: return skip_if(true, instruction);
      case Op::in_end: value.set(false); return {};
      default: value.set(true); return {};  // not_in_end
    }
  }

  Failure binary(const Instruction& instruction) {
    auto& right = top();
    --used_;
    auto& left = top();
    if (!spend_for(left) || !spend_for(right)) return too_dear();
    switch (instruction.op) {
      case Op::equal:
      case Op::unequal: return compare_equal(instruction.op, left, right, made_);
      case Op::less:
      case Op::less_or_equal:
      case Op::greater:
      case Op::greater_or_equal: return compare_order(instruction.op, left, right);
      case Op::exclusive_or: return exclusive_or(left, right);
      case Op::in_element:
      case Op::not_in_element: return in_element(instruction, left, right);
      default: return calculate(instruction.op, left, right);
    }
  }

  static Failure exclusive_or(Operand& left, Operand& right) {
    const bool good = cast_to_boolean(left) && cast_to_boolean(right);
    left.set(good && left.flag != right.flag);
    return good ? Failure() : FilterError::cast;
  }

  Failure in_element(const Instruction& instruction, Operand& wanted, Operand& element) {
    if (!cast(element, wanted.type, made_)) return FilterError::cast;
    if (!same(wanted, element)) return {};
    wanted.set(instruction.op == Op::in_element);
    next_ = static_cast<std::size_t>(instruction.operand);
    return {};
  }

  Failure like(const Instruction& instruction, Operand& value) {
    cast_to_text(value, made_);
    const auto found = is_like(value.text(), program_.slice(instruction.operand), steps_);
    value.set(found && *found == (instruction.op == Op::like));
    return found ? Failure() : FilterError::generic;
  }

  Failure skip_if(bool decided, const Instruction& instruction) {
    if (!cast_to_boolean(top())) return FilterError::cast;
    if (top().flag == decided)
      next_ = static_cast<std::size_t>(instruction.operand);
    else
      --used_;
    return {};
  }

  Failure function(const Instruction& instruction) {
    if (instruction.count == 0) push();
    const auto count = static_cast<std::size_t>(instruction.count);
    if (count > 1) used_ -= count - 1;
    const auto function = static_cast<Function>(instruction.operand);
    std::size_t octets = 0;
    for (const auto& argument : std::span(&top(), count))
      if (argument.type == Type::text) octets += argument.length;
    if (!steps_.spend(octets * steps_for_octet(function))) return too_dear();
    return call(function, &top(), count, made_);
  }

  const Program& program_;
  const Event& event_;
  FilterSteps& steps_;
  std::size_t next_ = 0;
  std::size_t used_ = 0;
  std::size_t attempt_end_ = 0;  // there is none beyond it
  std::size_t attempt_used_ = 0;
  std::array<Operand, Filter::values_max> stack_;
  MadeTexts made_;
};

FilterValue value_of(const Operand& operand) {
  if (operand.type == Type::boolean) return operand.flag;
  if (operand.type == Type::integer) return operand.number;
  return std::string(operand.text());
}

}  // namespace

}  // namespace sense::cesql

namespace sense {

std::string_view to_text(FilterError error) {
  switch (error) {
    case FilterError::parse: return "parse";
    case FilterError::math: return "math";
    case FilterError::cast: return "cast";
    case FilterError::missing_function: return "missingFunction";
    case FilterError::function_evaluation: return "functionEvaluation";
    case FilterError::missing_attribute: return "missingAttribute";
    case FilterError::generic: return "generic";
  }
  return "generic";
}

std::string to_string(const FilterFault& fault) {
  return "filter: column " + std::to_string(fault.column) + ": " + fault.message;
}

tl::expected<Filter, FilterFault> Filter::compile(std::string_view expression) {
  auto program = cesql::parse(expression);
  if (!program) return tl::unexpected(std::move(program.error()));
  return Filter(std::make_shared<const cesql::Program>(std::move(*program)));
}

Result<Filter> Filter::compile_dialects(std::string_view json) {
  const auto all = cesql::read_dialects(json);
  if (!all) return tl::unexpected(all.error());
  auto program = cesql::program_of_dialects(*all, cesql::json_of_dialects(*all));
  if (!program) return tl::unexpected(std::move(program.error()));
  return Filter(std::make_shared<const cesql::Program>(*std::move(program)));
}

const std::optional<FilterFault>& Filter::defect() const { return program_->defect; }

std::string_view Filter::text() const { return program_->expression(); }

FilterResult Filter::evaluate(const Event& event) const {
  FilterSteps steps;
  cesql::Machine machine(*program_, event, steps);
  const auto outcome = machine.run();
  FilterResult result{cesql::value_of(outcome.value), outcome.error, 0};
  if (outcome.error) result.column = cesql::column_of(text(), outcome.at);
  return result;
}

bool Filter::matches(const Event& event) const {
  FilterSteps steps;
  return matches(event, steps);
}

bool Filter::matches(const Event& event, FilterSteps& steps) const {
  cesql::Machine machine(*program_, event, steps);
  const auto outcome = machine.run();
  return !outcome.error && outcome.value.type == cesql::Type::boolean && outcome.value.flag;
}

}  // namespace sense
