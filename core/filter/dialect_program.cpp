// SPDX-License-Identifier: Apache-2.0
#include "core/filter/dialects.hpp"
#include "core/filter/program_writer.hpp"

namespace sense::cesql {

namespace {

using Dialect = DialectFilter::Dialect;

// Each filter leaves one boolean on the stack, which is empty before it.
class DialectCompiler {
 public:
  explicit DialectCompiler(std::string_view text) : writer_(text) {}

  Result<Program> compile(const DialectFilter& all) {
    filter(all);
    auto program = writer_.finish(Type::boolean);
    if (program) return *std::move(program);
    return fail(Code::nomoreroom, "filters has more than 1024 operands and operators in all",
                "filters");
  }

 private:
  void filter(const DialectFilter& one) {
    switch (one.dialect) {
      case Dialect::all:
        return list(one.filters, Op::skip_if_false, [&](const auto& part) { filter(part); });
      case Dialect::any:
        return list(one.filters, Op::skip_if_true, [&](const auto& part) { filter(part); });
      case Dialect::negation:
        filter(one.filters.front());
        writer_.emit({Op::invert}, 0);
        return;
      case Dialect::sql: return expression(one.expression);
      default:
        return list(one.attributes, Op::skip_if_false,
                    [&](const auto& part) { attribute(one.dialect, part.first, part.second); });
    }
  }

  // Ends at the first part that decides; the value of the last one is otherwise the list's.
  template <class Items, class Write>
  void list(const Items& items, Op decide, Write write) {
    std::vector<std::size_t> decisions;
    for (const auto& item : items) {
      if (&item != &items.front()) {
        decisions.push_back(writer_.place());
        writer_.emit({decide}, -1);
      }
      write(item);
      if (writer_.refused()) return;
    }
    for (const auto decision : decisions) writer_.jump_here(decision);
  }

  // An attribute that the event does not have is equal to nothing.
  void attribute(Dialect dialect, const std::string& name, const std::string& value) {
    const auto* known = find_attribute(name);
    const auto operand = known != nullptr ? static_cast<std::int32_t>(known - attributes().data())
                                          : writer_.keep(name);
    writer_.emit({known != nullptr ? Op::attribute_exists : Op::extension_exists, 0, 0, operand},
                 1);
    const auto missing = writer_.place();
    writer_.emit({Op::skip_if_false}, -1);
    writer_.emit({known != nullptr ? Op::attribute : Op::extension, 0, 0, operand}, 1);
    if (dialect == Dialect::exact) {
      writer_.emit({Op::text, 0, 0, writer_.keep(value)}, 1);
      writer_.emit({Op::equal}, -1);
    } else {
      const auto pattern =
          dialect == Dialect::prefix ? value + any_characters : any_characters + value;
      writer_.emit({Op::like, 0, 0, writer_.keep(pattern)}, 0);
    }
    if (!writer_.refused()) writer_.jump_here(missing);
  }

  // An error makes the expression false, and not the whole.
  void expression(const std::string& text) {
    const auto begin = writer_.place();
    writer_.emit({Op::attempt}, 0);
    // It has been compiled before, when it was read.
    if (!writer_.append(*parse(text))) return;
    if (writer_.emit({Op::to_boolean}, 0)) writer_.jump_here(begin);
  }

  ProgramWriter writer_;
};

}  // namespace

Result<Program> program_of_dialects(const DialectFilter& all, std::string_view text) {
  return DialectCompiler(text).compile(all);
}

}  // namespace sense::cesql
