// SPDX-License-Identifier: Apache-2.0
#include "adapters/host/adapter_publisher.hpp"

#include <algorithm>
#include <array>

#include "core/subscription/subscription.hpp"

namespace sense {

void AdapterPublisher::publish(const Event& event, Done done) {
  constexpr std::array own = {management_namespace, gateway_namespace, audit_namespace};
  if (std::find(own.begin(), own.end(), event.type.ns()) == own.end())
    return publisher_.publish(event, std::move(done));
  post_([done = std::move(done), type = event.type.clark()] {
    done(fail(Code::noaccess, "an adapter publishes no event of SENSE's own, such as " + type));
  });
}

}  // namespace sense
