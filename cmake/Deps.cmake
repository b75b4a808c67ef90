# Every third-party package, found where the system has it (docs/dependencies.md
# says why each is here).
#
# rp_find_headers(package folder header): finds a package of headers alone, which
# is package::package then. For Emscripten the system's headers are those of
# another platform, so of them only this package's folder is shown to it.
function(rp_find_headers package folder header)
  if(NOT EMSCRIPTEN)
    find_package(${package} REQUIRED)
    return()
  endif()
  find_path(RP_${package}_PARENT ${folder}/${header} REQUIRED NO_CMAKE_FIND_ROOT_PATH
            PATHS /usr/local/include /usr/include /opt/homebrew/include)
  set(shown "${PROJECT_BINARY_DIR}/headers/${package}")
  file(MAKE_DIRECTORY "${shown}")
  file(CREATE_LINK "${RP_${package}_PARENT}/${folder}" "${shown}/${folder}" SYMBOLIC)
  add_library(${package}::${package} INTERFACE IMPORTED GLOBAL)
  target_include_directories(${package}::${package} SYSTEM INTERFACE "${shown}")
endfunction()

rp_find_headers(cereal cereal cereal.hpp)
if(RP_BUILD_NATIVE)
  find_package(Threads REQUIRED)
  find_package(yaml-cpp REQUIRED)
  if(NOT TARGET yaml-cpp::yaml-cpp)  # its name before version 0.8
    add_library(yaml-cpp::yaml-cpp ALIAS yaml-cpp)
  endif()
endif()
if(RP_BUILD_CLI)
  find_package(CLI11 REQUIRED)
endif()
if(RP_BUILD_TESTS)
  include(GoogleTest)
  rp_find_headers(nlohmann_json nlohmann json.hpp)
  find_package(Python3 3.9 REQUIRED COMPONENTS Interpreter)
  if(RP_GOOGLETEST_SOURCE_DIR)
    set(INSTALL_GTEST OFF)
    add_subdirectory("${RP_GOOGLETEST_SOURCE_DIR}" googletest EXCLUDE_FROM_ALL SYSTEM)
  else()
    find_package(GTest REQUIRED)
  endif()
endif()
if(RP_BUILD_BENCH)
  find_package(benchmark REQUIRED)
endif()
