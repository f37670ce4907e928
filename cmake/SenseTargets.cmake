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

# sense_library(NAME [LINK lib ...]): a static library.
function(sense_library name)
  cmake_parse_arguments(ARG "" "" "LINK" ${ARGN})
  sense_sources(sources)
  add_library(${name} STATIC ${sources})
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
  sense_plugin(gateway ${name} ${ARGN})
endfunction()

function(sense_adapter name)
  sense_plugin(adapter ${name} ${ARGN})
endfunction()

# sense_tests(NAME [LINK lib ...]): one executable, each *_tests.cpp its own ctest entry: the file
# foo_tests.cpp holds the suite foo_tests.
function(sense_tests name)
  cmake_parse_arguments(ARG "" "" "LINK;ENVIRONMENT" ${ARGN})
  sense_sources(sources)
  add_executable(${name} ${sources} "${PROJECT_SOURCE_DIR}/tests/main.cpp")
  target_link_libraries(${name} PRIVATE ${ARG_LINK} Boost::unit_test_framework)
  # Boost.Test is most of what a test costs to compile. main.cpp wants it with a definition of its own.
  target_precompile_headers(${name} PRIVATE <boost/test/unit_test.hpp>)
  set_source_files_properties("${PROJECT_SOURCE_DIR}/tests/main.cpp" PROPERTIES
    SKIP_PRECOMPILE_HEADERS ON)
  # The product is tested as it is shipped; the tests themselves need no optimiser, which would cost
  # more time than it saves.
  target_compile_options(${name} PRIVATE -O0 -U_FORTIFY_SOURCE)
  target_compile_definitions(${name} PRIVATE BOOST_TEST_DYN_LINK
    SENSE_SOURCE_DIR="${PROJECT_SOURCE_DIR}" SENSE_BINARY_DIR="${PROJECT_BINARY_DIR}")
  foreach(source IN LISTS sources)
    get_filename_component(suite "${source}" NAME_WE)
    if(suite MATCHES "_tests$")
      add_test(NAME ${suite} COMMAND ${name} --run_test=${suite} --log_level=message)
      set_tests_properties(${suite} PROPERTIES TIMEOUT 300)
      if(ARG_ENVIRONMENT)
        set_tests_properties(${suite} PROPERTIES ENVIRONMENT "${ARG_ENVIRONMENT}")
      endif()
    endif()
  endforeach()
endfunction()
