# Builds a consumer outside the tree, the way WAY names, and runs it. Variables: WAY, FLAN_SOURCE, FLAN_BUILD (a configured
# build folder of this project), SCRATCH, GENERATOR, COMPILER, CONAN for WAY conan, NVCC for WAY cuda.

cmake_minimum_required(VERSION 3.21)

set(here "${CMAKE_CURRENT_LIST_DIR}")
set(consumer "${SCRATCH}/consumer")
file(REMOVE_RECURSE "${SCRATCH}")
file(COPY "${here}/${WAY}/" "${here}/consumer.cpp" "${here}/text_consumer.cpp" DESTINATION "${consumer}")

# run(what command…): stops the test with the command's output when it fails; leaves the output in `output`.
function(run what)
  execute_process(COMMAND ${ARGN} RESULT_VARIABLE result OUTPUT_VARIABLE output ERROR_VARIABLE output)
  message(STATUS "${what}: ${result}\n${output}")
  if(NOT result EQUAL 0)
    message(FATAL_ERROR "${what} failed")
  endif()
  set(output "${output}" PARENT_SCOPE)
endfunction()

set(configure "${CMAKE_COMMAND}" -S "${consumer}" -B "${SCRATCH}/build" -G "${GENERATOR}"
  "-DCMAKE_CXX_COMPILER=${COMPILER}" -DCMAKE_BUILD_TYPE=None)

# Installs and then moves the prefix: what was written for the first place must not matter in the second.
function(install_and_move result)
  set(first "${SCRATCH}/first place")
  run(install "${CMAKE_COMMAND}" --install "${FLAN_BUILD}" --prefix "${first}")
  file(GLOB_RECURSE installed "${first}/*.cmake" "${first}/*.pc")
  if(NOT installed)
    message(FATAL_ERROR "nothing was installed")
  endif()
  foreach(file IN LISTS installed)
    file(READ "${file}" text)
    foreach(path "${first}" "${FLAN_SOURCE}" "${FLAN_BUILD}")
      string(FIND "${text}" "${path}" at)
      if(NOT at EQUAL -1)
        message(FATAL_ERROR "${file} names ${path}")
      endif()
    endforeach()
  endforeach()
  file(RENAME "${first}" "${SCRATCH}/second place")
  set(${result} "${SCRATCH}/second place" PARENT_SCOPE)
endfunction()

if(WAY STREQUAL "find_package")
  install_and_move(prefix)
  list(APPEND configure "-DCMAKE_PREFIX_PATH=${prefix}")
  # Without sentencepiece the package is not found, and says why, instead of failing at the link.
  execute_process(COMMAND ${configure} -DCMAKE_DISABLE_FIND_PACKAGE_sentencepiece=ON
    RESULT_VARIABLE result OUTPUT_VARIABLE output ERROR_VARIABLE output)
  string(REGEX REPLACE "[ \n]+" " " output "${output}")
  string(FIND "${output}" "flan needs sentencepiece 0.1.96 or newer" at)
  if(result EQUAL 0 OR at EQUAL -1)
    message(FATAL_ERROR "without sentencepiece the package should say so; it said: ${output}")
  endif()
  file(REMOVE_RECURSE "${SCRATCH}/build")
elseif(WAY STREQUAL "text")
  install_and_move(prefix)
  list(APPEND configure "-DCMAKE_PREFIX_PATH=${prefix}" -DCMAKE_DISABLE_FIND_PACKAGE_sentencepiece=ON)
elseif(WAY STREQUAL "cuda")
  install_and_move(prefix)
  # One architecture, for the time it takes.
  list(APPEND configure "-DCMAKE_PREFIX_PATH=${prefix}" -DCMAKE_DISABLE_FIND_PACKAGE_sentencepiece=ON
    "-DCMAKE_CUDA_COMPILER=${NVCC}" -DFLAN_CUDA_ARCHITECTURES=90a)
elseif(WAY STREQUAL "pkg_config")
  install_and_move(prefix)
  file(GLOB_RECURSE pc "${prefix}/*flan.pc")
  get_filename_component(pc_folder "${pc}" DIRECTORY)
  set(ENV{PKG_CONFIG_PATH} "${pc_folder}")
elseif(WAY STREQUAL "add_subdirectory" OR WAY STREQUAL "fetch_content")
  list(APPEND configure "-DFLAN_SOURCE=${FLAN_SOURCE}")
elseif(WAY STREQUAL "conan")
  if(NOT CONAN)
    message(STATUS "skipped: conan is not installed (pip install conan)")
    return()
  endif()
  # A home of its own: no remote, no cache of the user's. The test package is the consumer.
  set(ENV{CONAN_HOME} "${SCRATCH}/home")
  set(ENV{CXX} "${COMPILER}")
  run("conan profile detect" "${CONAN}" profile detect)
  run("conan remote disable" "${CONAN}" remote disable "*")
  run("conan create" "${CONAN}" create "${FLAN_SOURCE}" --test-folder "${consumer}" --build missing
    --profile:host default --profile:host "${consumer}/profile" --profile:build default
    --conf "tools.cmake.cmaketoolchain:generator=${GENERATOR}")  # else make, which a machine with ninja may lack
  if(NOT output MATCHES "flan [0-9]")
    message(FATAL_ERROR "the test package did not run")
  endif()
  return()
endif()

run(configure ${configure})
run(build "${CMAKE_COMMAND}" --build "${SCRATCH}/build")
run(consumer "${SCRATCH}/build/consumer")
