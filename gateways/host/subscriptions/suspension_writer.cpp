// SPDX-License-Identifier: Apache-2.0
#include "gateways/host/subscriptions/suspension_writer.hpp"

#include "core/base/log.hpp"
#include "core/base/text.hpp"

namespace sense {

namespace {
constexpr std::size_t answer_shown_max = 300;
}

void SuspensionWriter::set(const Engine::Suspension& wanted) {
  const auto& reason = wanted.reason;
  const bool for_filter = wanted.suspended && reason.starts_with(filter_too_dear);
  ++counters_[wanted.suspended ? "gateway.suspended" : "gateway.resumed"];
  if (for_filter) ++counters_["gateway.filters.too-dear"];
  log::warn(for_filter ? "a filter is too dear; its subscription is suspended"
            : wanted.suspended
                ? "a callback keeps failing; its subscription is suspended and probed"
                : "a callback works again; its subscription is resumed",
            {{"subscription", wanted.subscription},
             {"reason", reason},
             {"answer", printable(wanted.answer.substr(0, answer_shown_max))}});
  const auto [place, fresh] =
      writing_.insert_or_assign(wanted.subscription, Wanted{wanted.suspended, reason, true});
  if (!fresh) return;  // written() will find the new request
  place->second.changed = false;
  write(wanted.subscription);
}

void SuspensionWriter::write(const std::string& id) {
  const auto& wanted = writing_.at(id);
  subscriptions_.set_suspended(id, wanted.suspended, wanted.reason,
                               [this, id](const auto& answer) { written(id, answer); });
}

void SuspensionWriter::written(const std::string& id, const Result<SubscriptionRef>& answer) {
  auto& wanted = writing_.at(id);
  // Ended, paused or already in that state: nothing to change.
  const bool settled =
      answer || answer.error().code == Code::notfound || answer.error().code == Code::duplicate;
  if (settled && !wanted.changed) {
    writing_.erase(id);
    return;
  }
  wanted.changed = false;
  if (settled) return write(id);
  retry_later_([this, id] { write(id); });
}

}  // namespace sense
