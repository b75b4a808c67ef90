// small_code.h - RP_SMALL_CODE before a function: in a WebAssembly module it is
// built for size, though its file is built for speed. For what runs once in many
// draws; a page loads all of the module before the first.
#ifndef REWARDPOOL_CORE_SRC_SMALL_CODE_H_
#define REWARDPOOL_CORE_SRC_SMALL_CODE_H_

#ifdef __EMSCRIPTEN__
#define RP_SMALL_CODE [[clang::minsize]]
#else
#define RP_SMALL_CODE
#endif

#endif  // REWARDPOOL_CORE_SRC_SMALL_CODE_H_
