// SPDX-License-Identifier: Apache-2.0
#include "gateways/host/records/delivery_log.hpp"

#include <array>

#include "core/base/text.hpp"

namespace sense {

namespace {

constexpr std::size_t answer_shown_max = 1024;
constexpr std::size_t entry_overhead = 128;  // of the list, the deque and the allocations
constexpr std::string_view hidden_text = "***";
constexpr std::array<std::string_view, 4> credential_begins = {"whsec_", "whsk_", "sense_",
                                                               "Bearer "};
constexpr std::size_t credential_length_min = 16;  // behind its beginning

bool is_credential_character(char c) {
  return is_alphanumeric(c) || std::string_view("+/=_-.~").find(c) != std::string_view::npos;
}

void hide_credentials(std::string& text, std::string_view begin) {
  for (auto at = text.find(begin); at != std::string::npos; at = text.find(begin, at + 1)) {
    const auto start = at + begin.size();
    auto end = start;
    while (end < text.size() && is_credential_character(text[end])) ++end;
    if (end - start >= credential_length_min) text.replace(start, end - start, hidden_text);
  }
}

}  // namespace

std::string shown_answer(std::string_view answer, std::string_view callback) {
  auto text = printable(answer.substr(0, answer_shown_max));
  text.resize(std::min(text.size(), answer_shown_max));
  const auto question = callback.find('?');
  const auto query = question == std::string_view::npos ? "" : callback.substr(question + 1);
  if (!query.empty())
    for (auto at = text.find(query); at != std::string::npos; at = text.find(query, at + 1))
      text.replace(at, query.size(), hidden_text);
  for (const auto begin : credential_begins) hide_credentials(text, begin);
  return text;
}

std::size_t DeliveryLog::octets_of(const Entry& entry) {
  return sizeof(Entry) + entry_overhead + entry.subscription.capacity() +
         entry.record.event.capacity() + entry.record.answer.capacity();
}

void DeliveryLog::drop_first(std::map<std::string, Own, std::less<>>::iterator own) {
  const auto first = own->second.front();
  octets_ -= octets_of(*first);
  entries_.erase(first);
  own->second.pop_front();
  if (own->second.empty()) by_subscription_.erase(own);
}

void DeliveryLog::add(const Subscription& subscription, AttemptRecord record) {
  if (!keeps()) return;
  record.id = ++last_id_;
  record.answer = shown_answer(record.answer, subscription.callback);
  const auto place = entries_.insert(entries_.end(), {subscription.id, std::move(record)});
  octets_ += octets_of(*place);
  const auto own = by_subscription_.try_emplace(subscription.id).first;
  own->second.push_back(place);
  if (own->second.size() > limits_.attempts) drop_first(own);
  while (octets_ > limits_.octets) {
    ++dropped_;
    drop_first(by_subscription_.find(entries_.front().subscription));
  }
}

DeliveryRecords::Page<AttemptRecord> DeliveryLog::page(std::string_view subscription,
                                                       std::uint64_t after,
                                                       std::size_t limit) const {
  DeliveryRecords::Page<AttemptRecord> page;
  const auto own = by_subscription_.find(subscription);
  if (own == by_subscription_.end()) return page;
  for (const auto& place : own->second) {
    if (place->record.id <= after) continue;
    page.more = page.records.size() == limit;
    if (page.more) break;
    page.records.push_back(place->record);
  }
  return page;
}

void DeliveryLog::forget(std::string_view subscription) {
  const auto own = by_subscription_.find(subscription);
  if (own == by_subscription_.end()) return;
  for (const auto& place : own->second) {
    octets_ -= octets_of(*place);
    entries_.erase(place);
  }
  by_subscription_.erase(own);
}

}  // namespace sense
