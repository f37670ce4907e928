// SPDX-License-Identifier: Apache-2.0
#include "core/plugin/plugin_call.hpp"

#include <boost/asio/io_context.hpp>
#include <boost/core/demangle.hpp>
#include <exception>
#include <typeinfo>

#include "core/base/log.hpp"
#include "core/base/text.hpp"

namespace sense {

std::string current_exception_text() {
  try {
    std::rethrow_exception(std::current_exception());
  } catch (const std::exception& known) {
    return boost::core::demangle(typeid(known).name()) + ": " + printable(known.what());
  } catch (...) {
    return "an unknown exception";
  }
}

Error plugin_fault(const std::string& plugin, const char* function) {
  return {Code::internalerror, plugin + " threw in " + function + ": " + current_exception_text() +
                                   "; this is a fault of the plugin"};
}

void run_reactor(boost::asio::io_context& reactor, const std::function<void(Error)>& on_escape) {
  for (bool escaped = false;; escaped = true) {
    std::string text;
    try {
      reactor.run();
      return;
    } catch (...) {
      text = "an exception escaped a handler of the reactor: " + current_exception_text();
    }
    if (escaped) return log::error("the stop is cut short", {{"reason", text}});
    on_escape({Code::internalerror, text + "; the process ends and must be started again"});
  }
}

}  // namespace sense
