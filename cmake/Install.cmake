# cmake --install: libraries, public headers, the command, and what other
# projects need to find them (CMake package and pkg-config files).
include(CMakePackageConfigHelpers)

set(RP_CMAKE_DIR "${CMAKE_INSTALL_LIBDIR}/cmake/rewardpool")
set(RP_INSTALLED_LIBRARIES rewardpool_core)
install(DIRECTORY core/include/ DESTINATION "${CMAKE_INSTALL_INCLUDEDIR}")
if(TARGET rewardpool_native)
  list(APPEND RP_INSTALLED_LIBRARIES rewardpool_native)
  install(DIRECTORY native/include/ DESTINATION "${CMAKE_INSTALL_INCLUDEDIR}")
endif()

# The file format may change with every 0.x release, so the minor version counts.
set_target_properties(${RP_INSTALLED_LIBRARIES} PROPERTIES
  VERSION "${PROJECT_VERSION}"
  SOVERSION "${PROJECT_VERSION_MAJOR}.${PROJECT_VERSION_MINOR}")
install(TARGETS ${RP_INSTALLED_LIBRARIES} EXPORT rewardpoolTargets)
if(TARGET rewardpool_cli)
  if(BUILD_SHARED_LIBS)
    file(RELATIVE_PATH RP_LIBRARIES_FROM_COMMAND
         "${CMAKE_INSTALL_FULL_BINDIR}" "${CMAKE_INSTALL_FULL_LIBDIR}")
    set_target_properties(rewardpool_cli PROPERTIES
      INSTALL_RPATH "\$ORIGIN/${RP_LIBRARIES_FROM_COMMAND}")
  endif()
  install(TARGETS rewardpool_cli)
endif()
install(FILES LICENSE DESTINATION "${CMAKE_INSTALL_DOCDIR}")

install(EXPORT rewardpoolTargets NAMESPACE rewardpool:: DESTINATION "${RP_CMAKE_DIR}")
configure_package_config_file(cmake/rewardpoolConfig.cmake.in
  "${PROJECT_BINARY_DIR}/rewardpoolConfig.cmake"
  INSTALL_DESTINATION "${RP_CMAKE_DIR}")
write_basic_package_version_file("${PROJECT_BINARY_DIR}/rewardpoolConfigVersion.cmake"
  COMPATIBILITY SameMinorVersion)
install(FILES
  "${PROJECT_BINARY_DIR}/rewardpoolConfig.cmake"
  "${PROJECT_BINARY_DIR}/rewardpoolConfigVersion.cmake"
  DESTINATION "${RP_CMAKE_DIR}")

# pkg-config takes the prefix from where the file lies, so a moved tree works.
# Whoever links a static library must name what it needs; a shared one does so
# by itself.
file(RELATIVE_PATH RP_PC_PREFIX "${CMAKE_INSTALL_FULL_LIBDIR}/pkgconfig" "${CMAKE_INSTALL_PREFIX}")
set(RP_PC_LIBRARIES "-lrewardpool_core")
set(RP_PC_REQUIRES "")
if(TARGET rewardpool_native)
  set(RP_PC_LIBRARIES "-lrewardpool_native -lrewardpool_core")
  if(NOT BUILD_SHARED_LIBS)
    string(APPEND RP_PC_LIBRARIES " -pthread")
    set(RP_PC_REQUIRES "yaml-cpp")
  endif()
endif()
configure_file(cmake/rewardpool.pc.in "${PROJECT_BINARY_DIR}/rewardpool.pc" @ONLY)
install(FILES "${PROJECT_BINARY_DIR}/rewardpool.pc"
        DESTINATION "${CMAKE_INSTALL_LIBDIR}/pkgconfig")
