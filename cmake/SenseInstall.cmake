# `cmake --install` puts the executable, the core library, the plugins, and what a plugin author needs
# to build out of this tree: headers and a CMake package.
install(TARGETS sense RUNTIME DESTINATION bin)
install(TARGETS sense-core EXPORT senseTargets LIBRARY DESTINATION lib)
install(DIRECTORY core gateways/api adapters/api DESTINATION include/sense
        FILES_MATCHING PATTERN "*.hpp")
