# What to build, and how. Everything beyond the libraries is for developers and
# is on only where rewardpool is the top-level project.
include(GNUInstallDirs)
include(CMakeDependentOption)

option(RP_BUILD_NATIVE "Build rewardpool::native: files, threads, configuration" ON)
cmake_dependent_option(RP_BUILD_CLI "Build the rewardpool command" ${PROJECT_IS_TOP_LEVEL}
                       RP_BUILD_NATIVE OFF)
option(RP_BUILD_WASM "Build the message-loop actor and, with Emscripten, the module of the npm package" OFF)
option(RP_BUILD_TESTS "Build the tests" ${PROJECT_IS_TOP_LEVEL})
option(RP_BUILD_BENCH "Build the benchmarks" OFF)
option(RP_BUILD_FUZZERS "Build the libFuzzer targets (clang only)" OFF)
option(RP_DEVELOPER "Warnings are errors" ${PROJECT_IS_TOP_LEVEL})
option(RP_INSTALL "Add the install rules" ${PROJECT_IS_TOP_LEVEL})
set(RP_SANITIZE "" CACHE STRING "Sanitizers for every target, e.g. address,undefined")
set(RP_FUZZ_SECONDS 10 CACHE STRING "How long CTest lets each fuzzer run")
set(RP_GOOGLETEST_SOURCE_DIR "" CACHE PATH
    "Build GoogleTest from here instead of using the installed one (needed for WebAssembly)")

set(CMAKE_CXX_STANDARD 20)
set(CMAKE_CXX_STANDARD_REQUIRED ON)
set(CMAKE_CXX_EXTENSIONS OFF)
if(EMSCRIPTEN)
  # emcc's -Oz forbids all inlining, were it of a function that returns a member,
  # and its memcpy() goes byte by byte: both cost speed, and the first also size.
  # ChaCha20, selectors and odds are written with vectors.
  add_compile_options(-finline-functions -mbulk-memory -msimd128)
else()  # there it only makes code larger
  set(CMAKE_POSITION_INDEPENDENT_CODE ON)
  # GCC would call functions of the same file that are visible, and never inline them,
  # so that a program could put its own in their place. Clang does not.
  add_compile_options($<$<CXX_COMPILER_ID:GNU>:-fno-semantic-interposition>)
endif()

if(PROJECT_IS_TOP_LEVEL)
  set(CMAKE_RUNTIME_OUTPUT_DIRECTORY "${PROJECT_BINARY_DIR}/bin")
  set(CMAKE_EXPORT_COMPILE_COMMANDS ON)
  if(NOT CMAKE_BUILD_TYPE AND NOT CMAKE_CONFIGURATION_TYPES)
    set(CMAKE_BUILD_TYPE Release CACHE STRING "" FORCE)
  endif()
endif()

if(RP_SANITIZE)
  add_compile_options(-fsanitize=${RP_SANITIZE} -fno-sanitize-recover=all
                      -fno-omit-frame-pointer)
  add_link_options(-fsanitize=${RP_SANITIZE})
endif()
if(RP_BUILD_FUZZERS)
  # Coverage counters in every target; the fuzzers alone link the engine.
  add_compile_options(-fsanitize=fuzzer-no-link)
endif()

# Of programs whose own code is large and cold, like most tests and the command:
# target_link_libraries(x PRIVATE rewardpool_cold_code). Under sanitizers optimising it,
# and counting its coverage, takes longer than running it.
add_library(rewardpool_cold_code INTERFACE)
if(RP_SANITIZE)
  target_compile_options(rewardpool_cold_code INTERFACE -O0)
endif()
if(RP_BUILD_FUZZERS)
  target_compile_options(rewardpool_cold_code INTERFACE -fno-sanitize=fuzzer-no-link)
endif()
