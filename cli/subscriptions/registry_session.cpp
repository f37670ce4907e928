// SPDX-License-Identifier: Apache-2.0
#include "cli/subscriptions/registry_session.hpp"

#include "cli/base/output.hpp"
#include "cli/bus/bus_session.hpp"
#include "cli/subscriptions/subscription_output.hpp"
#include "core/registry/subscription_client.hpp"

namespace sense::cli {

namespace {

constexpr std::uint32_t page_entries = 500;

// The command line may request any lease; it does not know which callbacks a gateway serves.
SubscriptionClient::Served served() {
  return {[](const std::string&) { return true; }, std::chrono::years{10}};
}

}  // namespace

void list_entries(const RegistrySession& session, const std::string& kind,
                  const std::function<bool(const RegistryEntry&)>& show, const std::string& after) {
  session.bus.registry_list(kind, after, page_entries, [=](Result<Bus::RegistryPage> page) {
    if (!page) return session.loop.finish(failed(page.error()));
    if (after.empty() && page->own_only)
      say("these are only your own: the access file of the broker grants your principal no 'list' "
          "right");
    for (const auto& entry : page->entries)
      if (!show(entry)) return session.loop.finish(exit_failed);
    if (!page->more || page->entries.empty()) return session.loop.finish(exit_ok);
    list_entries(session, kind, show, page->entries.back().key);
  });
}

void RegistrySession::fail_with(const std::string& id, const Error& error) const {
  if (error.code == Code::notfound)
    return loop.finish(
        failed("there is no subscription " + id + ": see `sense subscriptions list`"));
  loop.finish(failed(error));
}

Subscriptions::Answer<SubscriptionRef> RegistrySession::shown(const std::string& id) const {
  return [session = *this, id](const Result<SubscriptionRef>& answer) {
    if (!answer) {
      if (answer.error().code == Code::notyetimplemented && session.json)
        print_line(unreadable_line(id, answer.error().message, true));
      return session.fail_with(id, answer.error());
    }
    print_line(line_of(**answer, session.json));
    session.loop.finish(exit_ok);
  };
}

int with_registry_session(const Global& global,
                          const std::function<void(const RegistrySession&)>& action,
                          Duration timeout) {
  Loop loop;
  auto bus = BusSession::open(loop, global);
  if (!bus) return refused(bus.error());
  loop.set_interrupted_code(exit_failed);
  loop.set_deadline(timeout, [&] {
    loop.finish(failed("no answer from the broker at " + (*bus)->endpoint() + " within " +
                       to_text(timeout) + ": is it running?"));
  });
  SubscriptionClient subscriptions((*bus)->bus(), system_clock(), loop.executor(), served());
  action({loop, (*bus)->bus(), subscriptions, global.json});
  return loop.run();
}

}  // namespace sense::cli
