// SPDX-License-Identifier: Apache-2.0
#include "core/registry/registry_reader.hpp"

#include "core/registry/subscription_client.hpp"

namespace sense {

void SubscriptionList::read(Each each, Done done) {
  each_ = std::move(each);
  done_ = std::move(done);
  read_behind("");
}

void SubscriptionList::read_behind(const std::string& after) {
  bus_.registry_list("subscription", after, 1000, [this, after](Result<Bus::RegistryPage> page) {
    if (stopped_) return;
    if (!page || page->own_only) return again_([this, after] { read_behind(after); });
    // Changes while this is read are in the journal behind the first page.
    if (after.empty()) sequence_ = page->sequence;
    for (const auto& entry : page->entries) each_(entry.key, readable(entry));
    if (page->more && !page->entries.empty()) return read_behind(page->entries.back().key);
    std::exchange(done_, nullptr)(sequence_);
  });
}

}  // namespace sense
