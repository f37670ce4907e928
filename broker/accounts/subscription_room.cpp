// SPDX-License-Identifier: Apache-2.0
#include "broker/accounts/subscription_room.hpp"

#include <algorithm>
#include <array>

#include "broker/accounts/client_account.hpp"

namespace sense {

namespace {

constexpr std::size_t parts_for_this_machine = 8;  // it has one of them for itself

bool unlimited(const Sender& sender) {
  constexpr std::array names = {principal_local, principal_plaintext, principal_broker,
                                principal_config};
  return sender.rights->may_manage() ||
         (sender.via.empty() &&
          std::find(names.begin(), names.end(), sender.principal) != names.end());
}

}  // namespace

Registry::Account SubscriptionRoom::account_of(const Sender& sender, std::string_view peer) const {
  Registry::Account account;
  if (unlimited(sender)) return account;
  account.name = client_account(sender.principal, peer);
  if (!is_host_account(account.name)) {
    account.own_max = limits_.per_principal;
    account.option = "broker.subscriptions-per-principal-max";
  } else if (account.name != account_here) {
    account.own_max = limits_.per_address;
    account.all_max = limits_.all - limits_.all / parts_for_this_machine;
    account.option = "broker.subscriptions-per-address-max";
  }
  return account;
}

}  // namespace sense
