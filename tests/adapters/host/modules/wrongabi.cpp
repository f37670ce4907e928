// SPDX-License-Identifier: Apache-2.0
#include "adapters/api/adapter.hpp"

namespace {

// As a plugin of another version would be: only the first field means what this version thinks.
const sense::AdapterDescriptor descriptor = {"sense-adapter/0\n", nullptr, nullptr, {}, nullptr};

}  // namespace

SENSE_ADAPTER(descriptor)
