// SPDX-License-Identifier: Apache-2.0
#include <algorithm>

#include "core/registry/subscription_client.hpp"

namespace sense {

namespace {

tl::unexpected<Error> no_right_to_list() {
  return fail(
      Code::noaccess,
      "subscriptions cannot be listed: the broker's access file grants this gateway neither "
      "'list' nor 'manage'");
}

}  // namespace

void SubscriptionClient::get(std::string id, Answer<SubscriptionRef> done) {
  bus_.registry_get(
      subscription_kind, std::move(id),
      [done](Result<RegistryEntry> entry) {
        if (!entry) return done(tl::unexpected(entry.error()));
        done(parse_entry(*entry));
      },
      client_);
}

void SubscriptionClient::list(std::string owner, std::string after, std::uint32_t limit,
                              Answer<Page> done) {
  collect(std::move(owner), std::move(after), std::clamp(limit, 1U, 1000U), {}, std::move(done));
}

void SubscriptionClient::collect(std::string owner, std::string after, std::uint32_t limit,
                                 Page page, Answer<Page> done) {
  bus_.registry_list(
      subscription_kind, after, 1000,
      [=, this, self = weak_from_this().lock(),
       page = std::move(page)](Result<Bus::RegistryPage> answer) mutable {
        if (!answer) return done(tl::unexpected(answer.error()));
        if (answer->own_only && client_.principal.empty()) return done(no_right_to_list());
        for (const auto& entry : answer->entries) {
          auto subscription = parse_entry(entry);
          if (!owner.empty() &&
              owner != (subscription ? (*subscription)->owner : owner_from_json(entry.value)))
            continue;
          if (page.subscriptions.size() + page.unreadable.size() == limit) {
            page.more = true;
            return done(std::move(page));
          }
          if (subscription)
            page.subscriptions.push_back(std::move(*subscription));
          else
            page.unreadable.push_back({entry.key, subscription.error().message});
        }
        if (!answer->more || answer->entries.empty()) return done(std::move(page));
        collect(owner, answer->entries.back().key, limit, std::move(page), done);
      },
      client_);
}

void SubscriptionClient::sources(std::string after, std::uint32_t limit, Answer<SourcePage> done) {
  bus_.registry_list(
      "source", std::move(after), std::clamp(limit, 1U, 1000U),
      [done](Result<Bus::RegistryPage> answer) {
        if (!answer) return done(tl::unexpected(answer.error()));
        SourcePage page;
        for (auto& entry : answer->entries) page.sources.push_back(entry.key);
        page.more = answer->more;
        done(std::move(page));
      },
      client_);
}

void SubscriptionClient::types(std::string after, std::uint32_t limit, Answer<TypePage> done) {
  bus_.registry_list(
      "type", std::move(after), std::clamp(limit, 1U, 1000U),
      [done](Result<Bus::RegistryPage> answer) {
        if (!answer) return done(tl::unexpected(answer.error()));
        TypePage page;
        for (auto& entry : answer->entries)
          page.types.push_back({std::move(entry.key), std::move(entry.value)});
        page.more = answer->more;
        done(std::move(page));
      },
      client_);
}

}  // namespace sense
