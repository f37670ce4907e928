// SPDX-License-Identifier: Apache-2.0
#include <algorithm>

#include "core/base/text.hpp"
#include "core/filter/lexer.hpp"
#include "core/filter/program_writer.hpp"

// A recursive-descent parser that emits instructions while it reads: it builds no tree.
namespace sense::cesql {

namespace {

using Kind = Token::Kind;

// Operator precedence (CESQL 1.0, section 3.6). NOT and - bind tighter than all of these.
constexpr int binding_logic = 1;
constexpr int binding_comparison = 2;
constexpr int binding_sum = 3;
constexpr int binding_product = 4;
constexpr int binding_match = 5;  // LIKE, IN

struct Operator {
  int binding;  // 0: none
  Op op;
};

Operator operator_of(Kind kind) {
  switch (kind) {
    case Kind::kw_and: return {binding_logic, Op::skip_if_false};
    case Kind::kw_or: return {binding_logic, Op::skip_if_true};
    case Kind::kw_xor: return {binding_logic, Op::exclusive_or};
    case Kind::equal: return {binding_comparison, Op::equal};
    case Kind::unequal: return {binding_comparison, Op::unequal};
    case Kind::less: return {binding_comparison, Op::less};
    case Kind::less_equal: return {binding_comparison, Op::less_or_equal};
    case Kind::more: return {binding_comparison, Op::greater};
    case Kind::more_equal: return {binding_comparison, Op::greater_or_equal};
    case Kind::plus: return {binding_sum, Op::add};
    case Kind::minus: return {binding_sum, Op::subtract};
    case Kind::star: return {binding_product, Op::multiply};
    case Kind::slash: return {binding_product, Op::divide};
    case Kind::percent: return {binding_product, Op::remainder};
    case Kind::kw_like:
    case Kind::kw_in:
    case Kind::kw_not: return {binding_match, Op::like};
    default: return {0, Op::equal};
  }
}

// The pattern of LIKE with wildcards and escapes resolved.
std::string pattern_of(std::string_view text) {
  std::string pattern;
  for (std::size_t at = 0; at < text.size(); ++at) {
    const char next = at + 1 < text.size() ? text[at + 1] : '\0';
    if (text[at] == '\\' && (next == '%' || next == '_')) {
      pattern += next;
      ++at;
    } else if (text[at] == '_') {
      pattern += any_character;
    } else if (text[at] != '%') {
      pattern += text[at];
    } else if (!pattern.ends_with(any_characters)) {
      pattern += any_characters;
    }
  }
  return pattern;
}

std::string in_quotes(std::string_view text) {
  constexpr std::size_t shown_max = 40;
  return "'" + printable(text.substr(0, shown_max)) + (text.size() > shown_max ? "…'" : "'");
}

bool is_callable(std::string_view name) { return std::none_of(name.begin(), name.end(), is_digit); }

std::string why_unknown(std::string_view name, const std::string& wanted,
                        const std::vector<std::string>& names) {
  const auto near = nearest(wanted, names);
  return "there is no function " + in_quotes(name) + (near.empty() ? "" : "; is " + near) +
         (near.empty() ? "" : " meant?");
}

std::string not_allowed(const std::string& text) {
  if (text == "'&'" || text == "'|'") return text + " is no operator: write AND, OR";
  if (text == "'!'") return text + " is no operator: write NOT, or != between two values";
  return text + " means nothing outside of quotes";
}

// What stands where a value is wanted, and does not begin one.
std::string why_no_operand(Token::Kind kind, const std::string& text) {
  constexpr std::string_view wanted =
      "an attribute, a text in quotes, a number, true, false or a ( is missing ";
  switch (kind) {
    case Kind::end: return std::string(wanted) + "at the end";
    case Kind::not_closed: return "the text that starts here has no second quote";
    case Kind::wrong_name:
      return text + " is no attribute: their names have letters and digits only";
    case Kind::function:
      return text +
             " is no attribute (their names have letters and digits only), "
             "and a function is followed by (";
    case Kind::not_allowed: return not_allowed(text);
    default: return std::string(wanted) + "before " + text;
  }
}

// The function with that name and number of arguments; else null, and the defect is noted.
const Signature* find_signature(Token name, std::size_t count, ProgramWriter& writer) {
  auto wanted = std::string(writer.text_of(name));
  for (auto& c : wanted)
    if (is_lower(c)) c = static_cast<char>(c - 'a' + 'A');
  std::vector<std::string> names;
  bool known = false;
  for (const auto& signature : signatures) {
    names.emplace_back(signature.name);
    if (signature.name != wanted) continue;
    if (count >= signature.arguments_min && count <= signature.arguments_max) return &signature;
    known = true;
  }
  writer.note_defect(FilterError::missing_function, name.at,
                     known ? wanted + " does not take " + std::to_string(count) +
                                 (count == 1 ? " argument" : " arguments")
                           : why_unknown(writer.text_of(name), wanted, names));
  return nullptr;
}

class Parser {
 public:
  explicit Parser(std::string_view expression)
      : writer_(expression), token_(next_token(expression, 0)) {}

  tl::expected<Program, FilterFault> parse() {
    const auto type = expression(binding_logic);
    if (type && token_.kind != Kind::end) refuse_rest();
    if (type == Type::integer || type == Type::text)
      writer_.note_defect(FilterError::generic, 0,
                          std::string("the expression gives ") +
                              (type == Type::integer ? "a number" : "a text") +
                              ", and a filter needs true or false: compare it with something");
    return writer_.finish(type);
  }

 private:
  using Typed = std::optional<Type>;  // absent: it was refused

  // ---- The grammar

  Typed expression(int least_binding) {
    auto left = prefix();
    for (;;) {
      const auto [binding, op] = operator_of(token_.kind);
      if (!left || binding < least_binding || binding == 0) return left;
      const auto sign = take();
      if (binding == binding_match)
        left = match(sign);
      else if (op == Op::skip_if_false || op == Op::skip_if_true)
        left = decision(sign, op);
      else
        left = infix(sign, binding, op);
    }
  }

  Typed infix(Token sign, int binding, Op op) {
    if (!expression(binding + 1)) return std::nullopt;
    const bool number = binding == binding_sum || binding == binding_product;
    return writer_.emit({op, 0, sign.at}, -1) ? Typed(number ? Type::integer : Type::boolean)
                                              : std::nullopt;
  }

  // AND and OR, whose right side may not be needed.
  Typed decision(Token sign, Op op) {
    const auto decided = writer_.place();
    if (!writer_.emit({op, 0, sign.at}, -1) || !expression(binding_logic + 1)) return std::nullopt;
    if (!writer_.emit({Op::to_boolean, 0, sign.at}, 0)) return std::nullopt;
    writer_.jump_here(decided);
    return Type::boolean;
  }

  Typed match(Token sign) {
    const bool negated = sign.kind == Kind::kw_not;
    if (negated) sign = take();
    if (sign.kind == Kind::kw_like) return like(sign, negated ? Op::not_like : Op::like);
    if (sign.kind == Kind::kw_in) return in(sign, negated);
    return refuse(sign, "NOT after a value is followed by LIKE or IN");
  }

  Typed like(Token sign, Op op) {
    const auto pattern = take();
    if (pattern.kind == Kind::not_closed)
      return refuse(pattern, why_no_operand(pattern.kind, shown(pattern)));
    if (pattern.kind != Kind::text) {
      // The result is what the specification's test cases expect.
      return writer_.refuse(pattern.at,
                            "LIKE takes a pattern in quotes, for instance 'com.example.%'", false);
    }
    const auto operand = writer_.keep(pattern_of(unquoted(writer_.text_of(pattern))), pattern);
    return writer_.emit({op, 0, sign.at, operand}, 0) ? Typed(Type::boolean) : std::nullopt;
  }

  Typed in(Token sign, bool negated) {
    const Depth depth(*this, sign);
    if (!depth.allowed()) return std::nullopt;
    if (const auto open = take(); open.kind != Kind::open)
      return refuse(open, "IN is followed by a list such as ('a', 'b')");
    std::vector<std::size_t> elements;
    do {
      if (!expression(binding_logic)) return std::nullopt;
      elements.push_back(writer_.place());
      if (!writer_.emit({negated ? Op::not_in_element : Op::in_element, 0, sign.at}, -1))
        return std::nullopt;
    } while (take_if(Kind::comma));
    if (!close("the list after IN")) return std::nullopt;
    if (!writer_.emit({negated ? Op::not_in_end : Op::in_end, 0, sign.at}, 0)) return std::nullopt;
    for (const auto element : elements) writer_.jump_here(element);
    return Type::boolean;
  }

  Typed prefix() {
    const auto sign = token_;
    if (sign.kind != Kind::kw_not && sign.kind != Kind::minus && sign.kind != Kind::plus)
      return operand();
    take();
    const bool literal =
        token_.kind == Kind::integer && token_.at == sign.at + 1 && sign.kind != Kind::kw_not;
    if (literal) return integer(sign, take());
    if (sign.kind == Kind::plus)
      return refuse(sign, "+ stands between two values, or directly before the digits of a number");
    const Depth depth(*this, sign);
    if (!depth.allowed() || !prefix()) return std::nullopt;
    if (sign.kind == Kind::minus)
      return writer_.emit({Op::negate, 0, sign.at}, 0) ? Typed(Type::integer) : std::nullopt;
    return writer_.emit({Op::invert, 0, sign.at}, 0) ? Typed(Type::boolean) : std::nullopt;
  }

  Typed operand() {
    const auto token = take();
    switch (token.kind) {
      case Kind::kw_true:
      case Kind::kw_false:
        return push({Op::boolean, 0, token.at, token.kind == Kind::kw_true}, Type::boolean);
      case Kind::integer: return integer(token, token);
      case Kind::text:
        return push({Op::text, 0, token.at, writer_.keep(unquoted(writer_.text_of(token)), token)},
                    Type::text);
      case Kind::kw_exists: return exists();
      case Kind::open: return parentheses(token);
      case Kind::name:
      case Kind::function:
        if (token_.kind == Kind::open && is_callable(writer_.text_of(token))) return call(token);
        if (token.kind == Kind::function) break;
        return attribute(token, Op::attribute, Op::extension, Type::unknown);
      default: break;
    }
    return refuse(token, why_no_operand(token.kind, shown(token)));
  }

  Typed parentheses(Token open) {
    const Depth depth(*this, open);
    if (!depth.allowed()) return std::nullopt;
    const auto type = expression(binding_logic);
    return type && close("the parenthesis at column " + std::to_string(writer_.column(open)))
               ? type
               : std::nullopt;
  }

  // `from` is the sign, if there is one.
  Typed integer(Token from, Token digits) {
    const bool negative = from.kind == Kind::minus;
    const auto text = writer_.text_of(digits);
    const auto digits_value = parse_integer<std::int64_t>(text).value_or(INT64_MAX);
    const auto number = negative ? -digits_value : digits_value;
    if (number != static_cast<std::int32_t>(number))
      return refuse(from, "the number is not within -2147483648 to 2147483647");
    return push({Op::integer, 0, from.at, static_cast<std::int32_t>(number)}, Type::integer);
  }

  Typed exists() {
    const auto name = take();
    if (name.kind != Kind::name)
      return refuse(name, "EXISTS is followed by the name of an attribute, without parentheses");
    return attribute(name, Op::attribute_exists, Op::extension_exists, Type::boolean);
  }

  Typed attribute(Token token, Op own, Op extension, Type type) {
    const auto name = lower(writer_.text_of(token));
    if (name == "data")
      writer_.note_defect(FilterError::generic, token.at,
                          "'data' cannot be reached by a filter, only attributes can");
    if (const auto* known = find_attribute(name); known != nullptr)
      return push({own, 0, token.at, static_cast<std::int32_t>(known - attributes().data())}, type);
    return push({extension, 0, token.at, writer_.keep(name, token)}, type);
  }

  Typed call(Token name) {
    const Depth depth(*this, name);
    if (!depth.allowed()) return std::nullopt;
    const auto before = writer_.mark();
    take();
    std::size_t count = 0;
    if (token_.kind != Kind::close) {
      do {
        if (!expression(binding_logic)) return std::nullopt;
        if (++count > Filter::arguments_max)
          return refuse(name, "the function has more than 64 arguments");
      } while (take_if(Kind::comma));
    }
    if (!close("the call of " + std::string(writer_.text_of(name)))) return std::nullopt;
    if (const auto* signature = find_signature(name, count, writer_); signature != nullptr)
      return writer_.emit({Op::call, static_cast<std::uint8_t>(count), name.at,
                           static_cast<std::int32_t>(signature->function)},
                          1 - static_cast<int>(count))
                 ? Typed(signature->result)
                 : std::nullopt;
    // What is not dispatched evaluates nothing.
    writer_.undo_to(before);
    return push({Op::missing_function, 0, name.at}, Type::unknown);
  }

  // ---- Tokens and instructions

  Token take() {
    const auto taken = token_;
    token_ = next_token(writer_.expression(), token_.at + token_.length);
    return taken;
  }

  bool take_if(Kind kind) {
    if (token_.kind != kind) return false;
    take();
    return true;
  }

  bool close(const std::string& what) {
    if (take_if(Kind::close)) return true;
    refuse(token_, token_.kind == Kind::end
                       ? what + " is not closed: a ) is missing"
                       : "an operator or a ) is missing before " + shown(token_));
    return false;
  }

  std::string shown(Token token) const { return in_quotes(writer_.text_of(token)); }
  Typed push(Instruction instruction, Type type) {
    return writer_.emit(instruction, 1) ? Typed(type) : std::nullopt;
  }

  // One level of nesting, during its lifetime.
  class Depth {
   public:
    Depth(Parser& parser, Token at) : parser_(parser) {
      if (++parser_.depth_ > Filter::depth_max)
        parser_.refuse(at, "the expression is nested more than 64 levels deep");
    }
    ~Depth() { --parser_.depth_; }
    Depth(const Depth&) = delete;
    Depth& operator=(const Depth&) = delete;
    [[nodiscard]] bool allowed() const { return !parser_.writer_.refused(); }

   private:
    Parser& parser_;
  };

  // ---- Refusals; the first one is reported

  std::nullopt_t refuse(Token token, std::string why) {
    return writer_.refuse(token.at, std::move(why));
  }

  void refuse_rest() {
    if (token_.kind == Kind::close)
      refuse(token_, "this ) closes nothing");
    else if (token_.kind == Kind::not_allowed || token_.kind == Kind::not_closed)
      refuse(token_, why_no_operand(token_.kind, shown(token_)));
    else
      refuse(token_, "an operator such as AND or = is missing before " + shown(token_));
  }

  ProgramWriter writer_;
  Token token_;
  std::size_t depth_ = 0;
};

}  // namespace

tl::expected<Program, FilterFault> parse(std::string_view expression) {
  const auto refuse = [](std::size_t column, const char* why) {
    return tl::unexpected(FilterFault{FilterError::parse, column, why, {}});
  };
  if (expression.size() > Filter::length_max)
    return refuse(1, "the expression is longer than 4096 octets");
  for (std::size_t at = 0; at < expression.size();) {
    const auto c = first_code_point(expression.substr(at));
    if (c.length == 0 || c.value == 0)
      return refuse(column_of(expression, at), "here is something else than UTF-8 text");
    at += c.length;
  }
  return Parser(expression).parse();
}

}  // namespace sense::cesql
