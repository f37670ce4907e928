// SPDX-License-Identifier: Apache-2.0
#include "gateways/host/subscriptions/announcement.hpp"

namespace sense {

void Announcement::write(std::vector<std::string> listening) {
  write_entry(++run_, gateway_entry(schemes_, listening));
}

void Announcement::write_entry(std::uint64_t run, const std::string& value) {
  if (run != run_) return;
  const auto again = [this, run, value] { write_entry(run, value); };
  bus_.registry_get("gateway", name_, [=, this](Result<RegistryEntry> entry) {
    if (run != run_) return;
    if (!entry && entry.error().code != Code::notfound) return retry_later_(again);
    bus_.registry_put({"gateway", name_, entry ? entry->revision : 0, value}, "started",
                      [=, this](const auto& answer) {
                        if (!answer) retry_later_(again);
                      });
  });
}

}  // namespace sense
