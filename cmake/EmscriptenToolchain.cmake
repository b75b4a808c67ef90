# Finds Emscripten's own toolchain file: under EMSCRIPTEN_ROOT of the environment,
# else where emcc on the PATH leads. So the presets hold no folder of anybody's.
if(DEFINED ENV{EMSCRIPTEN_ROOT})
  set(rp_emscripten_root "$ENV{EMSCRIPTEN_ROOT}")
else()
  find_program(RP_EMCC emcc REQUIRED)
  execute_process(COMMAND em-config EMSCRIPTEN_ROOT OUTPUT_VARIABLE rp_emscripten_root
                  OUTPUT_STRIP_TRAILING_WHITESPACE ERROR_QUIET)
endif()
if(NOT EXISTS "${rp_emscripten_root}/cmake/Modules/Platform/Emscripten.cmake")
  message(FATAL_ERROR "Emscripten was not found: put emcc on the PATH, or its folder into the "
                      "environment variable EMSCRIPTEN_ROOT")
endif()
include("${rp_emscripten_root}/cmake/Modules/Platform/Emscripten.cmake")
