// SPDX-License-Identifier: Apache-2.0
#include "core/subscription/subscription_filter.hpp"

#include <mutex>
#include <optional>
#include <string>
#include <unordered_map>

#include "core/filter/filter.hpp"

namespace sense {

struct SubscriptionFilter::Compiled {
  // The texts of a filter.
  struct Texts {
    std::string_view expression;
    std::string_view dialects;

    [[nodiscard]] bool same_place(const Texts& other) const {
      return expression.data() == other.expression.data() &&
             dialects.data() == other.dialects.data();
    }
    friend bool operator==(const Texts&, const Texts&) = default;
  };

  struct Hash {
    std::size_t operator()(const Texts& texts) const {
      const std::hash<std::string_view> hash;
      return hash(texts.expression) ^ (hash(texts.dialects) * 31);
    }
  };

  // One of the two members: none, compiled or refused. Small, since each text in use has one.
  template <class Fault>
  struct Member {
    struct Refused {
      Fault fault;
      std::string text;
    };

    Member(std::string_view text, tl::expected<Filter, Fault> (*compile)(std::string_view)) {
      if (text.empty()) return;
      auto compiled = compile(text);
      if (compiled)
        filter = std::move(*compiled);
      else
        refused =
            std::make_unique<Refused>(Refused{std::move(compiled.error()), std::string(text)});
    }
    [[nodiscard]] std::string_view text() const {
      if (refused) return refused->text;
      return filter ? filter->text() : std::string_view();
    }
    [[nodiscard]] bool passes(const Event& event, FilterSteps& steps) const {
      return !refused && (!filter || filter->matches(event, steps));
    }

    std::optional<Filter> filter;
    std::unique_ptr<const Refused> refused;
  };

  explicit Compiled(const Texts& texts)
      : expression(texts.expression, Filter::compile),
        dialects(texts.dialects, Filter::compile_dialects) {}
  [[nodiscard]] Texts texts() const { return {expression.text(), dialects.text()}; }

  Member<FilterFault> expression;
  Member<Error> dialects;
};

// The compiled filters in use.
class SubscriptionFilter::InUse {
 public:
  std::shared_ptr<const Compiled> find_or_compile(const Compiled::Texts& texts) {
    std::shared_ptr<const Compiled> made;  // outlives the lock, which its release takes
    const std::lock_guard lock(mutex_);
    if (auto held = find(texts)) return held;
    auto compiled = std::make_unique<const Compiled>(texts);
    // The form that equal arrays have in common may be there.
    if (auto held = find(compiled->texts())) return held;
    made.reset(compiled.release(), [this](const Compiled* filter) { release(filter); });
    by_texts_.emplace(made->texts(), made);
    return made;
  }

 private:
  // With the lock.
  std::shared_ptr<const Compiled> find(const Compiled::Texts& texts) {
    const auto found = by_texts_.find(texts);
    if (found == by_texts_.end()) return nullptr;
    auto held = found->second.lock();
    if (!held) by_texts_.erase(found);  // its release waits for the lock
    return held;
  }

  void release(const Compiled* filter) {
    const std::unique_ptr<const Compiled> owned(filter);
    const std::lock_guard lock(mutex_);
    // The texts may have been compiled again meanwhile.
    const auto found = by_texts_.find(filter->texts());
    if (found != by_texts_.end() && found->first.same_place(filter->texts()))
      by_texts_.erase(found);
  }

  std::mutex mutex_;
  // The keys are views into the filters.
  std::unordered_map<Compiled::Texts, std::weak_ptr<const Compiled>, Compiled::Hash> by_texts_;
};

SubscriptionFilter::SubscriptionFilter(std::string_view text, std::string_view filters) {
  // Never destroyed: a filter may be released when the process ends.
  static auto& in_use = *new InUse;
  if (!text.empty() || !filters.empty()) compiled_ = in_use.find_or_compile({text, filters});
}

std::string_view SubscriptionFilter::text() const {
  return compiled_ == nullptr ? std::string_view() : compiled_->expression.text();
}

std::string_view SubscriptionFilter::filters() const {
  return compiled_ == nullptr ? std::string_view() : compiled_->dialects.text();
}

Status SubscriptionFilter::check() const {
  if (compiled_ == nullptr) return {};
  const auto refuse = [](const FilterFault& fault) {
    return fail(Code::badparam, to_string(fault), "filter");
  };
  const auto& [expression, dialects] = *compiled_;
  if (expression.refused) return refuse(expression.refused->fault);
  if (expression.filter && expression.filter->defect()) return refuse(*expression.filter->defect());
  if (dialects.refused) return tl::unexpected(dialects.refused->fault);
  return {};
}

bool SubscriptionFilter::passes(const Event& event, FilterSteps& steps) const {
  return compiled_ == nullptr ||
         (compiled_->expression.passes(event, steps) && compiled_->dialects.passes(event, steps));
}

}  // namespace sense
