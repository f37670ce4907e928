# SPDX-License-Identifier: Apache-2.0
# Third-party libraries, all from the distribution. Which folder may use which is the table that
# tests/tidy enforces.

find_package(PkgConfig REQUIRED)
find_package(Threads REQUIRED)
find_package(Boost 1.74 REQUIRED COMPONENTS unit_test_framework)
find_package(OpenSSL REQUIRED)
find_package(CURL REQUIRED)
find_package(ZLIB REQUIRED)
find_package(SQLite3 REQUIRED)
find_package(yaml-cpp REQUIRED)
find_package(nlohmann_json REQUIRED)
find_package(simdjson REQUIRED)
find_package(spdlog REQUIRED)
find_package(CLI11 REQUIRED)
find_package(cppzmq REQUIRED)
find_package(tl-expected REQUIRED)
find_package(prometheus-cpp REQUIRED)
pkg_check_modules(GMIME REQUIRED IMPORTED_TARGET gmime-3.0)
# Its -D_LARGEFILE64_SOURCE is for systems of 32 bits, and makes a precompiled header unusable.
set_target_properties(PkgConfig::GMIME PROPERTIES INTERFACE_COMPILE_OPTIONS "")
pkg_check_modules(LIBSYSTEMD REQUIRED IMPORTED_TARGET libsystemd)
pkg_check_modules(LIBUTF8PROC REQUIRED IMPORTED_TARGET libutf8proc)
pkg_check_modules(LIBXXHASH REQUIRED IMPORTED_TARGET libxxhash)

# msgpack-cxx 4.1 ships a CMake package whose name changed between versions: the header is enough.
find_path(MSGPACK_INCLUDE_DIR msgpack.hpp REQUIRED)
