# flan_add_cuda_kernels(target): gives `target` the kernels of flan::cuda_backend, so that it may include flan/cuda.hpp.
# Its own sources stay with the host's compiler. Call it at file scope: it enables the language CUDA. Where
# CMAKE_CUDA_ARCHITECTURES is not set it becomes 80 for the directory: a project with kernels of its own sets it before.
#
# The kernels are one translation unit, compiled once for all targets of a directory's project. Architectures:
# FLAN_CUDA_ARCHITECTURES, numbers as nvcc has them; with -virtual the form that newer devices compile for themselves.

set(FLAN_CUDA_ARCHITECTURES "80;90a;90-virtual" CACHE STRING "What the CUDA kernels are compiled for")
mark_as_advanced(FLAN_CUDA_ARCHITECTURES)

# A static library of the kernels, built when something links it.
macro(flan_cuda_kernel_library name)
  # CMake's check of the compiler needs an architecture that the compiler has; ours are given below.
  if(NOT DEFINED CMAKE_CUDA_ARCHITECTURES)
    set(CMAKE_CUDA_ARCHITECTURES 80)
  endif()
  enable_language(CUDA)
  find_package(CUDAToolkit REQUIRED)
  file(CONFIGURE OUTPUT "${CMAKE_CURRENT_BINARY_DIR}/${name}.cu" CONTENT "#include \"flan/cuda/instantiate.cuh\"\n")
  add_library(${name} STATIC EXCLUDE_FROM_ALL "${CMAKE_CURRENT_BINARY_DIR}/${name}.cu")
  # Behind the target's options: under a project's older policies CMake ends those with -std=c++17.
  set_source_files_properties("${CMAKE_CURRENT_BINARY_DIR}/${name}.cu" PROPERTIES COMPILE_OPTIONS -std=c++20)
  # -std as an option: CMake 3.25 does not know cuda_std_20 for nvcc 13. CUDA_ARCHITECTURES OFF: it does not know 90a.
  set_target_properties(${name} PROPERTIES CUDA_ARCHITECTURES OFF POSITION_INDEPENDENT_CODE ON)
  target_compile_options(${name} PRIVATE -std=c++20 --expt-relaxed-constexpr)
  if(FLAN_WARNINGS_AS_ERRORS)
    target_compile_options(${name} PRIVATE -Werror=all-warnings)
  endif()
  foreach(flan_architecture IN LISTS FLAN_CUDA_ARCHITECTURES)
    if(flan_architecture MATCHES "^([0-9]+[af]?)-virtual$")
      target_compile_options(${name} PRIVATE
        -gencode=arch=compute_${CMAKE_MATCH_1},code=compute_${CMAKE_MATCH_1})
    else()
      target_compile_options(${name} PRIVATE
        -gencode=arch=compute_${flan_architecture},code=sm_${flan_architecture})
    endif()
  endforeach()
  target_include_directories(${name} PRIVATE $<TARGET_PROPERTY:flan::text,INTERFACE_INCLUDE_DIRECTORIES>)
  target_link_libraries(${name} PUBLIC CUDA::cudart_static CUDA::cublasLt)
endmacro()

macro(flan_add_cuda_kernels target)
  if(TARGET flan::cuda)
    target_link_libraries(${target} PRIVATE flan::cuda)
  else()
    if(NOT TARGET flan_cuda_kernels)
      flan_cuda_kernel_library(flan_cuda_kernels)
    endif()
    target_link_libraries(${target} PRIVATE flan_cuda_kernels)
  endif()
endmacro()
