// SPDX-License-Identifier: Apache-2.0
#include "core/subscription/subscription_filter.hpp"

#include <mutex>
#include <unordered_map>

#include "core/filter/filter.hpp"

namespace sense {

struct SubscriptionFilter::Compiled {
  explicit Compiled(std::string_view text)
      : filter(Filter::compile(text)), refused(filter ? std::string_view() : text) {}
  [[nodiscard]] std::string_view text() const { return filter ? filter->text() : refused; }

  tl::expected<Filter, FilterFault> filter;
  std::string refused;  // the text that is no filter
};

// The compiled filters in use.
class SubscriptionFilter::InUse {
 public:
  std::shared_ptr<const Compiled> find_or_compile(std::string_view text) {
    std::shared_ptr<const Compiled> made;  // outlives the lock, which its release takes
    const std::lock_guard lock(mutex_);
    const auto found = by_text_.find(text);
    if (found != by_text_.end()) {
      if (auto held = found->second.lock()) return held;
      by_text_.erase(found);  // its release waits for the lock
    }
    made.reset(new Compiled(text), [this](const Compiled* filter) { release(filter); });
    by_text_.emplace(made->text(), made);
    return made;
  }

 private:
  void release(const Compiled* filter) {
    const std::unique_ptr<const Compiled> owned(filter);
    const std::lock_guard lock(mutex_);
    // The text may have been compiled again meanwhile.
    const auto found = by_text_.find(filter->text());
    if (found != by_text_.end() && found->first.data() == filter->text().data())
      by_text_.erase(found);
  }

  std::mutex mutex_;
  // The keys are views into the filters.
  std::unordered_map<std::string_view, std::weak_ptr<const Compiled>> by_text_;
};

SubscriptionFilter::SubscriptionFilter(std::string_view text, int) {
  // Never destroyed: a filter may be released when the process ends.
  static auto& in_use = *new InUse;
  if (!text.empty()) compiled_ = in_use.find_or_compile(text);
}

std::string_view SubscriptionFilter::text() const {
  return compiled_ == nullptr ? std::string_view() : compiled_->text();
}

Status SubscriptionFilter::check() const {
  if (compiled_ == nullptr) return {};
  const auto& filter = compiled_->filter;
  if (!filter) return fail(Code::badparam, to_string(filter.error()));
  if (filter->defect()) return fail(Code::badparam, to_string(*filter->defect()));
  return {};
}

bool SubscriptionFilter::passes(const Event& event, FilterSteps& steps) const {
  return compiled_ == nullptr || (compiled_->filter && compiled_->filter->matches(event, steps));
}

}  // namespace sense
