# agentainer_module(<folder> DEPENDS <modules or libraries>...)
#
# Makes the library agentainer_<folder> of a source folder from its *.cc files, and, where there
# are any, one test program <folder>_test of its *_test.cc files and one fuzz target of each
# *_fuzz.cc. A new file needs no change to any CMakeLists.txt.
function(agentainer_module name)
  cmake_parse_arguments(ARG "" "" "DEPENDS;TEST_DEPENDS" ${ARGN})
  file(GLOB_RECURSE sources CONFIGURE_DEPENDS ${CMAKE_CURRENT_SOURCE_DIR}/*.cc)
  set(tests ${sources})
  set(fuzzers ${sources})
  list(FILTER sources EXCLUDE REGEX "_(test|fuzz|bench)\\.cc$|/main\\.cc$")
  list(FILTER tests INCLUDE REGEX "_test\\.cc$")
  list(FILTER fuzzers INCLUDE REGEX "_fuzz\\.cc$")

  set(library agentainer_${name})
  if(sources)
    add_library(${library} STATIC ${sources})
    target_include_directories(${library} PUBLIC ${PROJECT_SOURCE_DIR}/src)
    target_link_libraries(${library} PUBLIC ${ARG_DEPENDS})
    agentainer_precompile(${library})
  else()
    add_library(${library} INTERFACE)
    target_include_directories(${library} INTERFACE ${PROJECT_SOURCE_DIR}/src)
    target_link_libraries(${library} INTERFACE ${ARG_DEPENDS})
  endif()

  if(tests AND NOT AGENTAINER_FUZZ)
    add_executable(${name}_test ${tests})
    target_link_libraries(${name}_test PRIVATE ${library} ${ARG_TEST_DEPENDS} GTest::gtest GTest::gtest_main rapidcheck)
    target_compile_definitions(${name}_test PRIVATE AGENTAINER_SOURCE_DIR="${PROJECT_SOURCE_DIR}")
    agentainer_precompile(${name}_test)
    gtest_discover_tests(${name}_test DISCOVERY_MODE PRE_TEST DISCOVERY_TIMEOUT 60
                         PROPERTIES LABELS unit TIMEOUT 300)
  endif()

  if(AGENTAINER_FUZZ)
    foreach(fuzzer ${fuzzers})
      get_filename_component(target ${fuzzer} NAME_WE)
      add_executable(${target} ${fuzzer})
      target_link_libraries(${target} PRIVATE ${library} ${ARG_TEST_DEPENDS})
      target_compile_definitions(${target} PRIVATE AGENTAINER_SOURCE_DIR="${PROJECT_SOURCE_DIR}")
      target_link_options(${target} PRIVATE -fsanitize=fuzzer)
    endforeach()
  endif()
endfunction()

include(GoogleTest)

# One precompiled header of the standard library and the JSON and formatting headers nearly every
# file includes; built once, by the first target, and reused.
function(agentainer_precompile target)
  if(NOT TARGET agentainer_pch)
    file(WRITE ${PROJECT_BINARY_DIR}/pch.cc "")
    add_library(agentainer_pch OBJECT ${PROJECT_BINARY_DIR}/pch.cc)
    target_link_libraries(agentainer_pch PUBLIC Boost::json fmt::fmt tl::expected Threads::Threads)
    target_precompile_headers(agentainer_pch PRIVATE
      <algorithm> <chrono> <cstdint> <functional> <map> <memory> <optional> <set> <span> <string>
      <string_view> <unordered_map> <utility> <variant> <vector>
      <boost/json.hpp> <fmt/format.h> <tl/expected.hpp>)
  endif()
  target_precompile_headers(${target} REUSE_FROM agentainer_pch)
endfunction()
