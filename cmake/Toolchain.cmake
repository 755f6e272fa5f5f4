# Compiler, linker and cache settings shared by every target.
find_program(CCACHE_PROGRAM ccache)
if(CCACHE_PROGRAM)
  # The precompiled header needs these to be cacheable.
  set(launcher ${CMAKE_COMMAND} -E env CCACHE_SLOPPINESS=pch_defines,time_macros,include_file_mtime,include_file_ctime
               ${CCACHE_PROGRAM})
  set(CMAKE_CXX_COMPILER_LAUNCHER ${launcher})
  set(CMAKE_C_COMPILER_LAUNCHER ${launcher})
endif()

set(CMAKE_CXX_FLAGS_RELEASE "-O2 -DNDEBUG" CACHE STRING "" FORCE)

find_program(MOLD_PROGRAM mold)
if(MOLD_PROGRAM)
  add_link_options(-fuse-ld=mold)
endif()

# Some packages ask for -pthread; the precompiled header fits only if every target has it.
add_compile_options(-pthread)
add_compile_options(-Wall -Wextra -Werror -Wshadow -Wnon-virtual-dtor -Wswitch-enum -Wno-missing-field-initializers)
if(CMAKE_CXX_COMPILER_ID STREQUAL "GNU")
  # -fpch-preprocess lets ccache see through the precompiled header. GCC 12 reports false
  # positives of these inside the standard library at -O2.
  add_compile_options(-fpch-preprocess -Wno-maybe-uninitialized -Wno-restrict -Wno-stringop-overflow)
elseif(CMAKE_CXX_COMPILER_ID MATCHES "Clang")
  # A time stamp in the precompiled header would make every build a new one to ccache.
  add_compile_options("SHELL:$<$<COMPILE_LANGUAGE:CXX>:-Xclang -fno-pch-timestamp>")
endif()
if(AGENTAINER_SANITIZE)
  add_compile_options(-fsanitize=${AGENTAINER_SANITIZE} -fno-omit-frame-pointer -fno-sanitize-recover=all)
  add_link_options(-fsanitize=${AGENTAINER_SANITIZE})
  if(AGENTAINER_SANITIZE MATCHES thread AND CMAKE_CXX_COMPILER_ID STREQUAL "GNU")
    # Asio's fences are not modelled by ThreadSanitizer; its queues synchronise through mutexes too.
    add_compile_options(-Wno-tsan)
  endif()
endif()
