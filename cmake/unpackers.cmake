# flan_unpackers: what flan/data/unpacked.hpp links, each library where it is installed.

add_library(flan_unpackers INTERFACE)

find_package(ZLIB QUIET)
if(ZLIB_FOUND)
  target_link_libraries(flan_unpackers INTERFACE ZLIB::ZLIB)
endif()

find_path(FLAN_ZSTD_INCLUDE_DIR zstd.h)  # its CMake package is young, and not everywhere
find_library(FLAN_ZSTD_LIBRARY zstd)
mark_as_advanced(FLAN_ZSTD_INCLUDE_DIR FLAN_ZSTD_LIBRARY)
if(FLAN_ZSTD_INCLUDE_DIR AND FLAN_ZSTD_LIBRARY)
  target_link_libraries(flan_unpackers INTERFACE "${FLAN_ZSTD_LIBRARY}")
endif()
