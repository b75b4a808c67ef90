# Flags of our own targets only: target_link_libraries(x PRIVATE rewardpool_dev_flags).
add_library(rewardpool_dev_flags INTERFACE)
target_compile_options(rewardpool_dev_flags INTERFACE -Wall -Wextra -Wpedantic)
if(RP_DEVELOPER)
  target_compile_options(rewardpool_dev_flags INTERFACE -Werror)
endif()
