# SPDX-License-Identifier: Apache-2.0
# `cmake --install` puts the executable, the core library, the plugins, and what a plugin author needs
# to build out of this tree: headers, and a CMake package `sense` with the targets sense::sense-core
# and, for gateways that block, sense::sense-gateway-api.
install(TARGETS sense RUNTIME DESTINATION bin)
install(TARGETS sense-core EXPORT senseTargets LIBRARY DESTINATION lib)
install(TARGETS sense-gateway-api EXPORT senseTargets ARCHIVE DESTINATION lib)
foreach(folder core gateways/api adapters/api)
  get_filename_component(parent "${folder}" DIRECTORY)
  install(DIRECTORY "${folder}" DESTINATION "include/sense/${parent}"
          FILES_MATCHING PATTERN "*.hpp")
endforeach()
install(EXPORT senseTargets NAMESPACE sense:: DESTINATION lib/cmake/sense)
install(FILES cmake/senseConfig.cmake DESTINATION lib/cmake/sense)
