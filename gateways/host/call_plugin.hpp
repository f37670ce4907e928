// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <exception>
#include <functional>
#include <string>

#include "core/base/error.hpp"

namespace sense {

// Calls a plugin; an exception becomes an error.
inline Status call_plugin(const std::function<Status()>& call) {
  try {
    return call();
  } catch (const std::exception& error) {
    return fail(Code::internalerror, std::string("the gateway plugin failed: ") + error.what());
  } catch (...) {
    return fail(Code::internalerror, "the gateway plugin failed with an unknown exception");
  }
}

}  // namespace sense
