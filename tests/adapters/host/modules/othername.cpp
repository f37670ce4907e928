// SPDX-License-Identifier: Apache-2.0
#include "adapters/api/adapter.hpp"

namespace {

const sense::AdapterDescriptor descriptor = {
    sense::adapter_abi, "another", "not the name of its file", {}, nullptr};

}  // namespace

SENSE_ADAPTER(descriptor)
