# What the targets link. A project that includes this one may have made the targets already; then they are taken as they are.

if(NOT TARGET nlohmann_json::nlohmann_json)
  find_package(nlohmann_json 3.10 REQUIRED)
endif()

if(NOT TARGET Threads::Threads)
  set(THREADS_PREFER_PTHREAD_FLAG ON)
  find_package(Threads REQUIRED)
endif()

if(NOT TARGET sentencepiece::sentencepiece)
  # The find module's folder is put first for this one call: sentencepiece comes without a CMake package.
  list(PREPEND CMAKE_MODULE_PATH "${CMAKE_CURRENT_LIST_DIR}")
  find_package(sentencepiece 0.1.96 MODULE REQUIRED)
  list(POP_FRONT CMAKE_MODULE_PATH)
endif()

# No version is asked for: 3.4.0 rejects ranges and 5 rejects "3.4". eigen.hpp itself asserts 3.4 or newer.
if(NOT TARGET Eigen3::Eigen)
  find_package(Eigen3 CONFIG QUIET)
endif()
