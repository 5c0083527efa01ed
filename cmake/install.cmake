# What `cmake --install` puts in a prefix: the headers, the CMake package and two pkg-config files. All of it is relocatable:
# the prefix may be moved afterwards, and its path may have spaces.

include(CMakePackageConfigHelpers)

set(flan_package_folder "${CMAKE_INSTALL_LIBDIR}/cmake/flan")

install(TARGETS flan flan_text flan_eigen EXPORT flan)
install(DIRECTORY "${PROJECT_SOURCE_DIR}/include/flan" DESTINATION "${CMAKE_INSTALL_INCLUDEDIR}"
  FILES_MATCHING PATTERN "*.hpp" PATTERN "*.cuh" PATTERN "*.inc")
install(EXPORT flan NAMESPACE flan:: DESTINATION "${flan_package_folder}" FILE flanTargets.cmake)

configure_package_config_file(cmake/flanConfig.cmake.in "${PROJECT_BINARY_DIR}/flanConfig.cmake"
  INSTALL_DESTINATION "${flan_package_folder}" NO_SET_AND_CHECK_MACRO)
# Headers alone: a 32-bit program may use what a 64-bit machine installed.
write_basic_package_version_file("${PROJECT_BINARY_DIR}/flanConfigVersion.cmake"
  COMPATIBILITY SameMinorVersion ARCH_INDEPENDENT)
install(FILES "${PROJECT_BINARY_DIR}/flanConfig.cmake" "${PROJECT_BINARY_DIR}/flanConfigVersion.cmake"
  cmake/Findsentencepiece.cmake cmake/flan_cuda.cmake DESTINATION "${flan_package_folder}")

# From the folder of the .pc files to the prefix: as many steps up as lib/pkgconfig has parts.
file(RELATIVE_PATH flan_pc_to_prefix "/${CMAKE_INSTALL_LIBDIR}/pkgconfig" "/")
string(REGEX REPLACE "/$" "" flan_pc_to_prefix "${flan_pc_to_prefix}")
foreach(pc flan flan-eigen)
  configure_file(cmake/${pc}.pc.in "${PROJECT_BINARY_DIR}/${pc}.pc" @ONLY)
  install(FILES "${PROJECT_BINARY_DIR}/${pc}.pc" DESTINATION "${CMAKE_INSTALL_LIBDIR}/pkgconfig")
endforeach()
