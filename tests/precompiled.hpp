// SPDX-License-Identifier: Apache-2.0
#pragma once

// Precompiled for all test programs (CMakeLists.txt); no test relies on it.
#include <algorithm>
#include <boost/test/unit_test.hpp>
#include <chrono>
#include <functional>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>
