// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <string>
#include <vector>

#include "core/config/settings.hpp"
#include "gateways/sense/admission/listener_policy.hpp"
#include "gateways/sense/delivery/encoder.hpp"

namespace sense::datagram {

// The options that concern keys, with the contents of the files that they name. A value.
struct KeyOptions {
  std::string keys_file;
  std::vector<SharedKey> keys;
  FetchLocation fetch;  // empty: clients cannot fetch whole events
};

// Reads the files. REQUIRES: settings of sense_options(). The error begins with the name of the
// option: a file is unusable, a listener has key=required although `keys` is empty, or only one of
// fetch-url and fetch-key is set.
[[nodiscard]] Result<KeyOptions> read_key_options(const Settings& options,
                                                  const std::vector<ListenEntry>& entries);

}  // namespace sense::datagram
