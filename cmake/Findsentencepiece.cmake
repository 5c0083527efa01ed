# Finds sentencepiece, which installs no CMake package of its own (Debian ships a .pc file).
#
#   sentencepiece::sentencepiece        the processor: encode and decode
#   sentencepiece::sentencepiece_train  the trainer, where it is installed
#   sentencepiece_VERSION               where a package or pkg-config tells it

include(FindPackageHandleStandardArgs)

# Somebody above us, a package manager for example, has made the target.
if(TARGET sentencepiece::sentencepiece)
  set(sentencepiece_FOUND TRUE)
  return()
endif()

find_package(sentencepiece CONFIG QUIET)
if(sentencepiece_FOUND AND TARGET sentencepiece::sentencepiece)
  find_package_handle_standard_args(sentencepiece CONFIG_MODE)
  return()
endif()

find_package(PkgConfig QUIET)
if(PkgConfig_FOUND)
  pkg_check_modules(PC_SENTENCEPIECE QUIET sentencepiece)
endif()

find_path(sentencepiece_INCLUDE_DIR sentencepiece_processor.h HINTS ${PC_SENTENCEPIECE_INCLUDE_DIRS})
find_library(sentencepiece_LIBRARY sentencepiece HINTS ${PC_SENTENCEPIECE_LIBRARY_DIRS})
find_library(sentencepiece_TRAIN_LIBRARY sentencepiece_train HINTS ${PC_SENTENCEPIECE_LIBRARY_DIRS})
mark_as_advanced(sentencepiece_INCLUDE_DIR sentencepiece_LIBRARY sentencepiece_TRAIN_LIBRARY)

# Without pkg-config the version is unknown: then what is found is taken, and the compiler judges.
if(PC_SENTENCEPIECE_VERSION)
  set(sentencepiece_VERSION "${PC_SENTENCEPIECE_VERSION}")
else()
  unset(sentencepiece_FIND_VERSION)
endif()
find_package_handle_standard_args(sentencepiece
  REQUIRED_VARS sentencepiece_LIBRARY sentencepiece_INCLUDE_DIR
  VERSION_VAR sentencepiece_VERSION
  REASON_FAILURE_MESSAGE "install libsentencepiece-dev (Debian, Ubuntu) or set CMAKE_PREFIX_PATH to its prefix")

if(sentencepiece_FOUND)
  add_library(sentencepiece::sentencepiece UNKNOWN IMPORTED)
  set_target_properties(sentencepiece::sentencepiece PROPERTIES
    IMPORTED_LOCATION "${sentencepiece_LIBRARY}" INTERFACE_INCLUDE_DIRECTORIES "${sentencepiece_INCLUDE_DIR}")
  if(sentencepiece_TRAIN_LIBRARY)
    add_library(sentencepiece::sentencepiece_train UNKNOWN IMPORTED)
    set_target_properties(sentencepiece::sentencepiece_train PROPERTIES
      IMPORTED_LOCATION "${sentencepiece_TRAIN_LIBRARY}" INTERFACE_LINK_LIBRARIES sentencepiece::sentencepiece)
  endif()
endif()
