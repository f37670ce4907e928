// SPDX-License-Identifier: Apache-2.0
#include "gateways/email/headers.hpp"

#include <algorithm>

#include "core/base/encoding.hpp"
#include "core/base/random.hpp"
#include "core/base/text.hpp"
#include "core/registry/leave_token.hpp"

namespace sense::email {

namespace {

constexpr std::size_t thread_digest_length = 40;
constexpr std::size_t language_length_max = 64;

bool is_unreserved(char c) {
  return is_alphanumeric(c) || c == '-' || c == '.' || c == '_' || c == '~';
}

std::string encoded(std::string_view text) { return percent_encode(text, &is_unreserved); }

// Label characters only: a subscription's id from the configuration may have others.
std::string list_id(const Subscription& subscription, std::string_view domain) {
  std::string label = lower(subscription.id);
  for (auto& c : label)
    if (!is_alphanumeric(c) && c != '-') c = '-';
  return "<" + label + ".sense." + std::string(domain) + ">";
}

std::string command_url(const Contact& contact, std::string_view command) {
  return "mailto:" + contact.commands + "?subject=" + encoded(command);
}

std::string in_brackets(const std::vector<std::string>& urls) {
  std::string list;
  for (const auto& url : urls)
    if (!url.empty()) list += (list.empty() ? "<" : ", <") + url + ">";
  return list;
}

std::string thread_id(const Event& event, const Subscription& subscription, std::string_view domain,
                      std::string_view correlation) {
  auto text = "thread" + ('\0' + subscription.id) + '\0' + event.source;
  if (!correlation.empty()) text += '\0' + std::string(correlation);
  return "<" + sha256_hex(text).substr(0, thread_digest_length) + "@" + std::string(domain) + ">";
}

bool is_alphabetic(std::string_view text) {
  return std::all_of(text.begin(), text.end(), &is_alpha);
}

bool all_digits(std::string_view text) { return std::all_of(text.begin(), text.end(), &is_digit); }

bool is_variant(std::string_view subtag) {
  return subtag.size() >= 5 || (subtag.size() == 4 && is_digit(subtag.front()));
}

// The subtags of a language tag, taken from the left.
class Subtags {
 public:
  explicit Subtags(std::vector<std::string_view> all) : all_(std::move(all)) {}

  [[nodiscard]] bool done() const { return next_ == all_.size(); }
  // Takes the next one if it is as wanted.
  template <class Wanted>
  bool take(Wanted wanted) {
    const bool taken = !done() && wanted(all_[next_]);
    if (taken) ++next_;
    return taken;
  }
  // At least one of `least` octets or more.
  bool take_all(std::size_t least) {
    const auto long_enough = [least](std::string_view each) { return each.size() >= least; };
    if (!take(long_enough)) return false;
    while (take(long_enough)) continue;
    return true;
  }

 private:
  std::vector<std::string_view> all_;
  std::size_t next_ = 0;
};

bool is_private_use(std::string_view subtag) { return subtag == "x" || subtag == "X"; }

}  // namespace

std::string page_url(const Contact& contact, std::string_view subscription, std::string_view what,
                     std::string_view token) {
  return contact.pages + "/v1/subscriptions/" + encoded(subscription) + "/" + std::string(what) +
         "?token=" + encoded(token);
}

std::string unsubscribe_url(const Contact& contact, const Subscription& subscription) {
  const auto token = leave_token(subscription);
  if (contact.pages.empty() || token.empty()) return {};
  return page_url(contact, subscription.id, "unsubscribe", token);
}

Headers list_headers(const Contact& contact, const Subscription& subscription,
                     std::string_view domain) {
  Headers headers = {{"List-Id", list_id(subscription, domain)}};
  const auto page = unsubscribe_url(contact, subscription);
  const auto token = leave_token(subscription);
  const bool by_mail = !contact.commands.empty();
  if (const auto help = by_mail ? command_url(contact, "help") : page; !help.empty())
    headers.emplace_back("List-Help", in_brackets({help}));
  const auto command = by_mail && !token.empty()
                           ? command_url(contact, "unsubscribe " + subscription.id + " " + token)
                           : std::string();
  if (const auto ways = in_brackets({page, command}); !ways.empty())
    headers.emplace_back("List-Unsubscribe", ways);
  if (page.starts_with("https:"))
    headers.emplace_back("List-Unsubscribe-Post", "List-Unsubscribe=One-Click");
  return headers;
}

Headers thread_headers(const Event& event, const Subscription& subscription,
                       std::string_view domain) {
  auto references = thread_id(event, subscription, domain, {});
  auto parent = references;
  if (!event.correlationid.empty()) {
    parent = thread_id(event, subscription, domain, event.correlationid);
    references += " " + parent;
  }
  return {{"In-Reply-To", std::move(parent)}, {"References", std::move(references)}};
}

Headers priority_headers(const Event& event) {
  if (!event.severity) return {};
  const unsigned severity = *event.severity;
  if (severity <= 2) return {{"X-Priority", "1"}, {"Importance", "high"}};
  if (severity == 3) return {{"X-Priority", "2"}, {"Importance", "high"}};
  if (severity <= 5) return {{"X-Priority", "3"}, {"Importance", "normal"}};
  return {{"X-Priority", "5"}, {"Importance", "low"}};
}

bool is_language_tag(std::string_view text) {
  if (text.size() > language_length_max) return false;
  auto all = split(text, '-');
  for (const auto subtag : all)
    if (subtag.empty() || subtag.size() > 8 ||
        !std::all_of(subtag.begin(), subtag.end(), &is_alphanumeric))
      return false;
  const auto language = all.front();
  Subtags subtags(std::move(all));
  if (!is_private_use(language)) {
    if (!subtags.take([](auto each) { return each.size() >= 2 && is_alphabetic(each); }))
      return false;
    const auto extended = [](auto each) { return each.size() == 3 && is_alphabetic(each); };
    for (int i = 0; i < 3 && language.size() <= 3; ++i)
      if (!subtags.take(extended)) break;
    subtags.take([](auto each) { return each.size() == 4 && is_alphabetic(each); });  // script
    subtags.take([](auto each) {                                                      // region
      return (each.size() == 2 && is_alphabetic(each)) || (each.size() == 3 && all_digits(each));
    });
    while (subtags.take(&is_variant)) continue;
    while (subtags.take([](auto each) { return each.size() == 1 && !is_private_use(each); }))
      if (!subtags.take_all(2)) return false;
  }
  if (subtags.take(&is_private_use) && !subtags.take_all(1)) return false;
  return subtags.done();
}

}  // namespace sense::email
