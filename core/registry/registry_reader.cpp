// SPDX-License-Identifier: Apache-2.0
#include "core/registry/registry_reader.hpp"

#include <algorithm>

#include "core/base/log.hpp"

namespace sense {

namespace {
constexpr std::uint32_t page_entries = 1000;
}

void RegistryReader::read(std::vector<std::string> kinds, Each each, Done done) {
  std::reverse(kinds.begin(), kinds.end());
  read_page(std::make_shared<Read>(
      Read{++run_, std::move(kinds), {}, std::nullopt, std::move(each), std::move(done)}));
}

void RegistryReader::read_page(std::shared_ptr<Read> read) {
  if (read->run != run_) return;
  bus_.registry_list(read->kinds.back(), read->after, page_entries,
                     [this, read](const auto& page) { on_page(read, page); });
}

void RegistryReader::on_page(const std::shared_ptr<Read>& read,
                             const Result<Bus::RegistryPage>& page) {
  if (read->run != run_) return;
  if (page && page->own_only && !std::exchange(refusal_logged_, true))
    log::warn(
        "the broker does not show this principal the whole list; it needs the right `list`, "
        "and is asked again",
        {{"list", read->kinds.back()}});
  if (!page || page->own_only) return retry_later_([this, read] { read_page(read); });
  // Of the first page of all: what changes while the others are read is behind it.
  if (!read->position) read->position = page->sequence;
  for (const auto& entry : page->entries) read->each(entry);
  if (page->more && !page->entries.empty()) {
    read->after = page->entries.back().key;
    return read_page(read);
  }
  read->after.clear();
  read->kinds.pop_back();
  if (!read->kinds.empty()) return read_page(read);
  read->done(*read->position);
}

}  // namespace sense
