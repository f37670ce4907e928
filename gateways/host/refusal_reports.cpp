// SPDX-License-Identifier: Apache-2.0
#include "gateways/host/refusal_reports.hpp"

#include <utility>

namespace sense {

void RefusalReports::add(const ServedClient& client, std::string request, const Error& error) {
  if (error.code != Code::noaccess && error.code != Code::nomoreroom) return;
  if (state_->under_way == under_way_max) {
    ++state_->left_out;
    ++counters_["gateway.refusals.left-out"];
    return;
  }
  ++state_->under_way;
  if (request.size() > request_length_max) request.resize(request_length_max);
  const ClientRefusal refusal{client, std::move(request), error,
                              std::exchange(state_->left_out, 0)};
  broker_.report(refusal, [state = std::weak_ptr(state_), &counters = counters_,
                           untold = refusal.left_out + 1](const Status& told) {
    const auto alive = state.lock();
    if (!alive) return;
    --alive->under_way;
    if (told) return;
    alive->left_out += untold;
    ++counters["gateway.refusals.left-out"];
  });
}

}  // namespace sense
