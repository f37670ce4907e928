# SPDX-License-Identifier: Apache-2.0
# The few shapes of target that this project has. Each takes every source file of the calling folder
# and of the folders below it, but for those that have a CMakeLists.txt of their own: adding a file or
# a folder needs no edit of a build file.

# sense_sources(VARIABLE): the .cpp and .c files of the calling folder's part of the tree.
function(sense_sources variable)
  file(GLOB_RECURSE sources CONFIGURE_DEPENDS "${CMAKE_CURRENT_SOURCE_DIR}/*.cpp"
       "${CMAKE_CURRENT_SOURCE_DIR}/*.c")
  file(GLOB_RECURSE parts CONFIGURE_DEPENDS "${CMAKE_CURRENT_SOURCE_DIR}/*/CMakeLists.txt")
  foreach(part IN LISTS parts)
    get_filename_component(folder "${part}" DIRECTORY)
    list(FILTER sources EXCLUDE REGEX "^${folder}/")
  endforeach()
  set(${variable} "${sources}" PARENT_SCOPE)
endfunction()

# sense_unity(TARGET): where SENSE_UNITY says so, the files of each folder are compiled as one. So names in
# the anonymous namespaces of one folder are distinct.
function(sense_unity target)
  if(NOT SENSE_UNITY)
    return()
  endif()
  get_target_property(sources ${target} SOURCES)
  foreach(source IN LISTS sources)
    get_filename_component(folder "${source}" DIRECTORY)
    file(RELATIVE_PATH group "${PROJECT_SOURCE_DIR}" "${folder}")
    string(MAKE_C_IDENTIFIER "${group}" group)
    set_source_files_properties("${source}" PROPERTIES UNITY_GROUP ${group})
  endforeach()
  set_target_properties(${target} PROPERTIES UNITY_BUILD ON UNITY_BUILD_MODE GROUP)
endfunction()

# sense_library(NAME [LINK lib ...]): a static library.
function(sense_library name)
  cmake_parse_arguments(ARG "" "" "LINK" ${ARGN})
  sense_sources(sources)
  add_library(${name} STATIC ${sources})
  sense_unity(${name})
  target_include_directories(${name} PUBLIC "$<BUILD_INTERFACE:${PROJECT_SOURCE_DIR}>")
  target_link_libraries(${name} PUBLIC ${ARG_LINK})
endfunction()

# sense_plugin(KIND NAME [LINK lib ...]): the plugin of this folder as a loadable module in
# build/<preset>/plugins, and the same objects as a static library NAME-objects for its tests.
function(sense_plugin kind name)
  cmake_parse_arguments(ARG "" "" "LINK" ${ARGN})
  sense_sources(sources)
  if(NOT sources)
    return()
  endif()
  set(target ${kind}-${name})
  add_library(${target}-objects STATIC ${sources})
  sense_unity(${target}-objects)
  target_include_directories(${target}-objects PUBLIC "${PROJECT_SOURCE_DIR}")
  target_link_libraries(${target}-objects PUBLIC sense-core ${ARG_LINK})
  add_library(${target} MODULE "${PROJECT_SOURCE_DIR}/cmake/plugin_anchor.cpp")
  target_link_libraries(${target} PRIVATE
    -Wl,--whole-archive $<TARGET_FILE:${target}-objects> -Wl,--no-whole-archive
    sense-core ${ARG_LINK})
  add_dependencies(${target} ${target}-objects)
  set_target_properties(${target} PROPERTIES PREFIX "" OUTPUT_NAME "${kind}-${name}"
    LIBRARY_OUTPUT_DIRECTORY "${PROJECT_BINARY_DIR}/plugins"
    INSTALL_RPATH "$ORIGIN/../..")
  install(TARGETS ${target} LIBRARY DESTINATION lib/sense/plugins)
  set_property(GLOBAL APPEND PROPERTY SENSE_PLUGINS ${target})
endfunction()

function(sense_gateway name)
  cmake_parse_arguments(ARG "" "" "LINK" ${ARGN})
  sense_plugin(gateway ${name} LINK sense-gateway-api ${ARG_LINK})
endfunction()

function(sense_adapter name)
  sense_plugin(adapter ${name} ${ARGN})
endfunction()

# sense_tests(NAME [LINK lib ...]): one executable, each *_tests.cpp its own ctest entry: the file
# foo_tests.cpp holds the suite foo_tests. They have the label `unit`, and target unit_tests builds them all.
function(sense_tests name)
  cmake_parse_arguments(ARG "" "" "LINK" ${ARGN})
  sense_sources(sources)
  add_executable(${name} ${sources})
  target_link_libraries(${name} PRIVATE ${ARG_LINK} tests-main)
  set_target_properties(${name} PROPERTIES POSITION_INDEPENDENT_CODE OFF)  # as tests-main
  target_precompile_headers(${name} REUSE_FROM tests-main)
  add_dependencies(unit_tests ${name})
  foreach(source IN LISTS sources)
    get_filename_component(suite "${source}" NAME_WE)
    if(suite MATCHES "_tests$")
      add_test(NAME ${suite} COMMAND ${name} --run_test=${suite} --log_level=message)
      set_tests_properties(${suite} PROPERTIES TIMEOUT 300 LABELS unit SKIP_RETURN_CODE 77)
    endif()
  endforeach()
endfunction()
