// SPDX-License-Identifier: Apache-2.0
#include "core/registry/registry_reader.hpp"

#include "core/registry/subscription_client.hpp"

namespace sense {

void RegistryReader::read(Each each, Done done) {
  each_ = std::move(each);
  done_ = std::move(done);
  read_after("");
}

void RegistryReader::read_after(const std::string& after) {
  bus_.registry_list("subscription", after, 1000, [this, after](Result<Bus::RegistryPage> page) {
    if (stopped_) return;
    if (!page || page->own_only) return retry_later_([this, after] { read_after(after); });
    // Changes during the reading are in the journal after the sequence of the first page.
    if (after.empty()) sequence_ = page->sequence;
    for (const auto& entry : page->entries) each_(entry.key, readable_subscription(entry));
    if (page->more && !page->entries.empty()) return read_after(page->entries.back().key);
    std::exchange(done_, nullptr)(sequence_);
  });
}

}  // namespace sense
