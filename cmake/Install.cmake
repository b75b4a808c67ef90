# cmake --install: libraries, public headers, the command, and what other
# projects need to find them (CMake package and pkg-config files).
include(CMakePackageConfigHelpers)

set(RP_CMAKE_DIR "${CMAKE_INSTALL_LIBDIR}/cmake/rewardpool")
set(RP_COMPONENTS core)
if(RP_BUILD_NATIVE)
  list(APPEND RP_COMPONENTS native)
endif()

# A component is a library with its headers, and a set of targets of its own, so
# that who asks for core alone need not have the packages that native needs.
foreach(component ${RP_COMPONENTS})
  # The file format may change with every 0.x release, so the minor version counts.
  set_target_properties(rewardpool_${component} PROPERTIES
    VERSION "${PROJECT_VERSION}"
    SOVERSION "${PROJECT_VERSION_MAJOR}.${PROJECT_VERSION_MINOR}")
  install(TARGETS rewardpool_${component} EXPORT rewardpool-${component})
  install(DIRECTORY ${component}/include/ DESTINATION "${CMAKE_INSTALL_INCLUDEDIR}")
  install(EXPORT rewardpool-${component} NAMESPACE rewardpool:: DESTINATION "${RP_CMAKE_DIR}"
          FILE rewardpool-${component}.cmake)
endforeach()

configure_package_config_file(cmake/rewardpoolConfig.cmake.in
  "${PROJECT_BINARY_DIR}/rewardpoolConfig.cmake"
  INSTALL_DESTINATION "${RP_CMAKE_DIR}")
write_basic_package_version_file("${PROJECT_BINARY_DIR}/rewardpoolConfigVersion.cmake"
  COMPATIBILITY SameMinorVersion)
install(FILES
  "${PROJECT_BINARY_DIR}/rewardpoolConfig.cmake"
  "${PROJECT_BINARY_DIR}/rewardpoolConfigVersion.cmake"
  DESTINATION "${RP_CMAKE_DIR}")

file(RELATIVE_PATH RP_LIBDIR_FROM_BINDIR
     "${CMAKE_INSTALL_FULL_BINDIR}" "${CMAKE_INSTALL_FULL_LIBDIR}")
if(BUILD_SHARED_LIBS AND RP_BUILD_NATIVE)
  set_target_properties(rewardpool_native PROPERTIES INSTALL_RPATH "\$ORIGIN")
endif()
if(TARGET rewardpool_cli)
  if(BUILD_SHARED_LIBS)
    set_target_properties(rewardpool_cli PROPERTIES
      INSTALL_RPATH "\$ORIGIN/${RP_LIBDIR_FROM_BINDIR}")
  endif()
  install(TARGETS rewardpool_cli)
endif()
install(FILES LICENSE DESTINATION "${CMAKE_INSTALL_DOCDIR}")

# pkg-config takes the prefix from where the file lies, so a moved tree works.
# Whoever links a static library must name what it needs; a shared one does so
# by itself.
file(RELATIVE_PATH RP_PC_PREFIX "${CMAKE_INSTALL_FULL_LIBDIR}/pkgconfig" "${CMAKE_INSTALL_PREFIX}")
set(RP_PC_LIBRARIES "-lrewardpool_core")
set(RP_PC_REQUIRES "")
if(RP_BUILD_NATIVE)
  set(RP_PC_LIBRARIES "-lrewardpool_native -lrewardpool_core")
  if(NOT BUILD_SHARED_LIBS)
    string(APPEND RP_PC_LIBRARIES " -pthread")
    set(RP_PC_REQUIRES "yaml-cpp")
  endif()
endif()
configure_file(cmake/rewardpool.pc.in "${PROJECT_BINARY_DIR}/rewardpool.pc" @ONLY)
install(FILES "${PROJECT_BINARY_DIR}/rewardpool.pc"
        DESTINATION "${CMAKE_INSTALL_LIBDIR}/pkgconfig")
