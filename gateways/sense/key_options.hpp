// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <string>
#include <vector>

#include "core/config/settings.hpp"
#include "gateways/sense/admission/listener_policy.hpp"
#include "gateways/sense/delivery/encoder.hpp"

namespace sense::datagram {

// What the options say of keys, and what the files that they name hold.
struct KeyOptions {
  std::string keys_file;
  std::vector<SharedKey> keys;
  FetchLocation fetch;
};

// REQUIRES: settings of sense_options(). Fails with the option's name when a file cannot be used, a
// listener requires keys and there is no file of them, or fetch-url and fetch-key do not go
// together.
[[nodiscard]] Result<KeyOptions> read_key_options(const Settings& options,
                                                  const std::vector<ListenEntry>& entries);

}  // namespace sense::datagram
