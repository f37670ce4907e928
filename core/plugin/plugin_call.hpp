// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <functional>
#include <string>
#include <utility>

#include "core/base/error.hpp"

namespace boost::asio {
class io_context;
}

// Exceptions in the process of a plugin: what escapes a call of the plugin is the plugin's fault,
// and an error says so; anything else is told as what it is.
namespace sense {

// The exception being handled, for a person: its type and what it says, on one line. REQUIRES:
// called in a catch block.
[[nodiscard]] std::string current_exception_text();

// "PLUGIN threw in FUNCTION: EXCEPTION; this is a fault of the plugin", with code internalerror.
// REQUIRES: called in a catch block.
[[nodiscard]] Error plugin_fault(const std::string& plugin, const char* function);

// Calls into a plugin: `call` returns a Result. What it throws becomes plugin_fault(). `plugin` is
// its kind and name ("gateway http").
template <class Call>
auto call_plugin(const std::string& plugin, const char* function, Call&& call) -> decltype(call()) {
  try {
    return std::forward<Call>(call)();
  } catch (...) {
    return tl::unexpected(plugin_fault(plugin, function));
  }
}

// Runs `reactor` on this thread until it is stopped or has nothing left to do. An exception that
// escapes a handler is passed on to `on_escape` as an error, and the reactor goes on: it is for
// `on_escape` to bring it to an end. A second one ends the run at once; it is logged.
void run_reactor(boost::asio::io_context& reactor, const std::function<void(Error)>& on_escape);

}  // namespace sense
