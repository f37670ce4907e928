// SPDX-License-Identifier: Apache-2.0
#include "core/subscription/subscription_filter.hpp"

#include "core/filter/filter.hpp"

namespace sense {

struct SubscriptionFilter::Compiled {
  tl::expected<Filter, FilterFault> filter;
  std::string refused;  // the text that is no filter
};

SubscriptionFilter::SubscriptionFilter(std::string_view text, int) {
  if (text.empty()) return;
  auto filter = Filter::compile(text);
  std::string refused(filter ? std::string_view() : text);
  compiled_ = std::make_shared<const Compiled>(Compiled{std::move(filter), std::move(refused)});
}

std::string_view SubscriptionFilter::text() const {
  if (compiled_ == nullptr) return {};
  return compiled_->filter ? compiled_->filter->text() : compiled_->refused;
}

Status SubscriptionFilter::check() const {
  if (compiled_ == nullptr) return {};
  const auto& filter = compiled_->filter;
  if (!filter) return fail(Code::badparam, to_string(filter.error()));
  if (filter->defect()) return fail(Code::badparam, to_string(*filter->defect()));
  return {};
}

bool SubscriptionFilter::passes(const Event& event) const {
  return compiled_ == nullptr || (compiled_->filter && compiled_->filter->matches(event));
}

}  // namespace sense
