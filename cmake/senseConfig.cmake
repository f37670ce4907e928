# SPDX-License-Identifier: Apache-2.0
# Found by find_package(sense): the core library and the headers that a plugin includes.
include(CMakeFindDependencyMacro)
find_dependency(Boost 1.74)
find_dependency(nlohmann_json)
find_dependency(Threads)
find_dependency(tl-expected)
include("${CMAKE_CURRENT_LIST_DIR}/senseTargets.cmake")
