// SPDX-License-Identifier: Apache-2.0
#include "cli/subscriptions/registry_session.hpp"

#include <nlohmann/json.hpp>

#include "cli/base/output.hpp"
#include "cli/bus/bus_session.hpp"
#include "core/base/json.hpp"
#include "core/base/text.hpp"
#include "core/registry/subscription_client.hpp"

namespace sense::cli {

namespace {

template <class Pattern>
std::string joined(const std::vector<Pattern>& patterns) {
  std::string text;
  for (const auto& pattern : patterns) text += (text.empty() ? "" : ",") + pattern.text();
  return text.empty() ? "all" : text;
}

// Who asks here may ask for any lease, and knows who serves what.
SubscriptionClient::Served served() {
  return {[](const std::string&) { return true; }, std::chrono::years{10}};
}

}  // namespace

std::string line_of(const Subscription& subscription, bool json) {
  if (json) return to_json(subscription, false);
  std::string line =
      subscription.id + " " + std::string(to_text(subscription.state)) + " " +
      subscription.callback + " types=" + joined(subscription.types) +
      " sources=" + joined(subscription.sources) + " owner=" + subscription.owner +
      " expires=" + (subscription.expires ? to_rfc3339(*subscription.expires) : "never");
  if (!subscription.filter.empty()) line += " filter=" + std::string(subscription.filter.text());
  if (!subscription.reason.empty()) line += " reason=" + subscription.reason;
  return printable(line);
}

std::string unreadable_line(const std::string& id, const std::string& reason, bool json) {
  if (!json) return printable(id + " unreadable: " + reason);
  return json_ascii(nlohmann::ordered_json{{"id", id}, {"unreadable", reason}});
}

void say_whose(const Bus::RegistryPage& page) {
  if (page.own_only)
    say("these are only your own: the allow file of the broker grants your principal no 'list' "
        "right");
}

void RegistryTalk::fail_with(const std::string& id, const Error& error) const {
  if (error.code == Code::notfound)
    return loop.finish(
        failed("there is no subscription " + id + ": see `sense subscriptions list`"));
  loop.finish(failed(error));
}

Subscriptions::Answer<SubscriptionRef> RegistryTalk::shown(const std::string& id) const {
  return [talk = *this, id](const Result<SubscriptionRef>& answer) {
    if (!answer) {
      if (answer.error().code == Code::notyetimplemented && talk.json)
        print_line(unreadable_line(id, answer.error().message, true));
      return talk.fail_with(id, answer.error());
    }
    print_line(line_of(**answer, talk.json));
    talk.loop.finish(exit_ok);
  };
}

int talk_to_registry(const Global& global, const std::function<void(const RegistryTalk&)>& action,
                     Duration patience) {
  Loop loop;
  auto session = BusSession::open(loop, global);
  if (!session) return refused(session.error());
  loop.set_interrupted_code(exit_failed);
  loop.set_deadline(patience, [&] {
    loop.finish(failed("no answer from the broker at " + (*session)->endpoint() + " within " +
                       to_text(patience) + ": is it running?"));
  });
  SubscriptionClient subscriptions((*session)->bus(), system_clock(), loop.executor(), served());
  action({loop, (*session)->bus(), subscriptions, global.json});
  return loop.run();
}

}  // namespace sense::cli
