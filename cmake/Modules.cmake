# agentainer_module(<folder> DEPENDS <modules or libraries>... [TEST_DEPENDS <modules or libraries>...])
#
# Makes the library agentainer_<folder> of a source folder from its *.cc files, and, where there
# are any, one test program <folder>_test of its *_test.cc files, one fuzz target of each *_fuzz.cc
# and one benchmark of each *_bench.cc. A new file needs no change to any CMakeLists.txt.
function(agentainer_module name)
  cmake_parse_arguments(ARG "" "" "DEPENDS;TEST_DEPENDS" ${ARGN})
  file(GLOB_RECURSE sources CONFIGURE_DEPENDS ${CMAKE_CURRENT_SOURCE_DIR}/*.cc)
  set(tests ${sources})
  set(fuzzers ${sources})
  set(benchmarks ${sources})
  list(FILTER sources EXCLUDE REGEX "_(test|fuzz|bench)\\.cc$|/main\\.cc$")
  list(FILTER tests INCLUDE REGEX "_test\\.cc$")
  list(FILTER fuzzers INCLUDE REGEX "_fuzz\\.cc$")
  list(FILTER benchmarks INCLUDE REGEX "_bench\\.cc$")

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
    add_dependencies(unit_tests ${name}_test)
  endif()

  if(AGENTAINER_FUZZ)
    foreach(fuzzer ${fuzzers})
      get_filename_component(target ${fuzzer} NAME_WE)
      add_executable(${target} ${fuzzer})
      target_link_libraries(${target} PRIVATE ${library} ${ARG_TEST_DEPENDS})
      target_compile_definitions(${target} PRIVATE AGENTAINER_SOURCE_DIR="${PROJECT_SOURCE_DIR}")
      target_link_options(${target} PRIVATE -fsanitize=fuzzer)
      add_dependencies(fuzzers ${target})
    endforeach()
  endif()

  if(AGENTAINER_BENCH)
    foreach(bench ${benchmarks})
      get_filename_component(target ${bench} NAME_WE)
      add_executable(${target} ${bench})
      # A benchmark with a main() of its own leaves benchmark_main out.
      target_link_libraries(${target} PRIVATE ${library} ${ARG_TEST_DEPENDS} benchmark::benchmark benchmark::benchmark_main)
      target_compile_definitions(${target} PRIVATE AGENTAINER_SOURCE_DIR="${PROJECT_SOURCE_DIR}")
      set_target_properties(${target} PROPERTIES RUNTIME_OUTPUT_DIRECTORY ${PROJECT_BINARY_DIR}/bench)
      agentainer_precompile(${target})
      add_dependencies(benchmarks ${target})
    endforeach()
  endif()
endfunction()

include(GoogleTest)

# Everything of a kind by one name: the tests beside the code, the fuzz targets, the benchmarks.
add_custom_target(unit_tests)
add_custom_target(fuzzers)
add_custom_target(benchmarks)

# One precompiled header of the standard library and the JSON and formatting headers nearly every
# file includes; built once, by the first target, and reused.
function(agentainer_precompile target)
  if(NOT TARGET agentainer_pch)
    file(CONFIGURE OUTPUT ${PROJECT_BINARY_DIR}/pch.cc CONTENT "")
    add_library(agentainer_pch OBJECT ${PROJECT_BINARY_DIR}/pch.cc)
    target_link_libraries(agentainer_pch PUBLIC Boost::json fmt::fmt tl::expected Threads::Threads)
    target_precompile_headers(agentainer_pch PRIVATE
      <algorithm> <chrono> <cstdint> <functional> <map> <memory> <optional> <set> <span> <string>
      <string_view> <unordered_map> <utility> <variant> <vector>
      <boost/json.hpp> <fmt/format.h> <tl/expected.hpp>)
  endif()
  target_precompile_headers(${target} REUSE_FROM agentainer_pch)
endfunction()

# Python packages of the distribution belong to the distribution's interpreter, so another python3
# that stands first on the PATH does not do.
find_program(AGENTAINER_PYTHON python3 HINTS /usr/bin REQUIRED)

# agentainer_python_tests(<label> <file>...): one ctest test of each file of unittest cases, run in its
# own folder. $AGENTAINER is the program under test and $AGENTAINER_SOURCE_DIR the checkout.
function(agentainer_python_tests label)
  get_filename_component(folder ${CMAKE_CURRENT_SOURCE_DIR} NAME)
  foreach(file ${ARGN})
    get_filename_component(stem ${file} NAME_WE)
    set(test ${folder}.${stem})
    add_test(NAME ${test} COMMAND ${AGENTAINER_PYTHON} -B ${CMAKE_CURRENT_SOURCE_DIR}/${file}
             WORKING_DIRECTORY ${CMAKE_CURRENT_SOURCE_DIR})
    set(environment AGENTAINER_SOURCE_DIR=${PROJECT_SOURCE_DIR} AGENTAINER_BUILD_DIR=${PROJECT_BINARY_DIR})
    if(TARGET agentainer)
      list(APPEND environment AGENTAINER=$<TARGET_FILE:agentainer>)
    endif()
    set_tests_properties(${test} PROPERTIES LABELS "python;${label}" TIMEOUT 300 ENVIRONMENT "${environment}")
  endforeach()
endfunction()
