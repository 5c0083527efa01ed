# Untried: an overlay port (vcpkg install flan --overlay-ports=cmake/vcpkg), written from vcpkg's documentation. It builds
# from the checkout it lies in; a registry's copy would name a release with vcpkg_from_github instead.

get_filename_component(SOURCE_PATH "${CMAKE_CURRENT_LIST_DIR}/../.." ABSOLUTE)

vcpkg_cmake_configure(
  SOURCE_PATH "${SOURCE_PATH}"
  OPTIONS -DFLAN_BUILD_TESTS=OFF -DFLAN_BUILD_EXAMPLES=OFF -DFLAN_BUILD_BENCHMARKS=OFF)
vcpkg_cmake_install()
vcpkg_cmake_config_fixup(CONFIG_PATH lib/cmake/flan)
vcpkg_fixup_pkgconfig()

# Headers alone: what the debug build installed is the same again, and nothing is left in lib but the .pc files.
file(REMOVE_RECURSE "${CURRENT_PACKAGES_DIR}/debug")
vcpkg_install_copyright(FILE_LIST "${SOURCE_PATH}/LICENSE")
file(INSTALL "${CMAKE_CURRENT_LIST_DIR}/usage" DESTINATION "${CURRENT_PACKAGES_DIR}/share/${PORT}")
