# The include-graph test: an include may only point down the floors.
#
#   cmake -DROOT=include/flan -P cmake/include_graph.cmake
#
# Reads every #include of every header below ROOT and fails, naming file and line, when one
#   - goes up or sideways (the table below says what each floor may include, besides itself),
#   - is one of a circle of files (`#pragma once` would hide it),
#   - names no file, or names one of ours otherwise than as "flan/…",
#   - brings in something that its floor must do without.

cmake_minimum_required(VERSION 3.21)

set(floors core tensor backend reference cpu eigen cuda layer model text prompt data checkpoint generate train evaluate testing)
# What lies directly below; what lies below that follows.
set(below_core)
set(below_tensor core)
set(below_backend tensor)
set(below_reference backend)
set(below_cpu backend)
set(below_eigen cpu)
set(below_cuda backend)
set(below_layer backend)           # never a backend of flesh and blood
set(below_model layer)
set(below_text core)
set(below_prompt text)
set(below_data prompt)
set(below_checkpoint model text)
set(below_generate checkpoint cpu) # flan::load without a backend means the CPU
set(below_train generate data)
set(below_evaluate generate data)
set(below_testing core tensor backend reference cpu eigen layer model text prompt data checkpoint generate train evaluate)

# <what>|<regular expression of floors that may include it>
set(outsiders
  "Eigen/|^(eigen|eigen\\.hpp)$"
  "cuda|^cuda$" "cublas|^cuda$"
  "sentencepiece|^text$"
  "nlohmann/|^(text|data|checkpoint|generate|train|evaluate|testing)$"
  "yaml-cpp/|^data$"
  "zlib\\.h$|^data$"
  "zstd\\.h$|^data$"
  "CLI/|^$" "catch2/|^$" "iostream$|^$" "ranges$|^$" "regex$|^$" "bits/|^$")

foreach(floor IN LISTS floors)
  set(reach "${floor};${below_${floor}}")
  foreach(lower IN LISTS below_${floor})  # the table is in an order in which reach_${lower} is known already
    list(APPEND reach ${reach_${lower}})
  endforeach()
  list(REMOVE_DUPLICATES reach)
  set(reach_${floor} "${reach}")
endforeach()

# The floor of a header: its first folder. A header directly in ROOT is an umbrella and has none.
function(floor_of path result)
  if(path MATCHES "^([^/]+)/")
    set(${result} "${CMAKE_MATCH_1}" PARENT_SCOPE)
  else()
    set(${result} "" PARENT_SCOPE)
  endif()
endfunction()

get_filename_component(ROOT "${ROOT}" ABSOLUTE)
file(GLOB_RECURSE headers RELATIVE "${ROOT}" "${ROOT}/*.hpp" "${ROOT}/*.cuh" "${ROOT}/*.inc")  # .inc: text that a header stamps several times
list(SORT headers)
if(NOT headers)
  message(FATAL_ERROR "no header found below ${ROOT}")
endif()

set(wrong 0)
macro(complain line text)
  message(SEND_ERROR "include/flan/${header}:${line}: ${text}")
  math(EXPR wrong "${wrong} + 1")
endmacro()

set(edges 0)
foreach(header IN LISTS headers)
  floor_of("${header}" floor)
  if(floor AND NOT floor IN_LIST floors)
    complain(1 "\"${floor}\" is not a floor; a new one belongs into the table of cmake/include_graph.cmake")
    continue()
  endif()
  file(READ "${ROOT}/${header}" text)
  string(REPLACE ";" " " text "${text}")
  string(REGEX REPLACE "[][]" " " text "${text}")  # an unmatched bracket would glue list elements together
  string(REPLACE "\\" "/" text "${text}")
  string(REPLACE "\n" ";" lines "${text}")
  set(number 0)
  set(includes)
  foreach(line IN LISTS lines)
    math(EXPR number "${number} + 1")
    if(NOT line MATCHES "^[ \t]*#[ \t]*include[ \t]*([<\"])([^>\"]+)[>\"]")
      continue()
    endif()
    set(quote "${CMAKE_MATCH_1}")
    set(target "${CMAKE_MATCH_2}")
    math(EXPR edges "${edges} + 1")

    if(quote STREQUAL "\"" AND NOT target MATCHES "^flan/")
      complain(${number} "\"${target}\": our headers are included as \"flan/…\", others with angle brackets")
    elseif(quote STREQUAL "<" AND target MATCHES "^flan/")
      complain(${number} "<${target}>: inside the library our headers are included with quotes")
    elseif(target MATCHES "^flan/(.*)$")
      set(target "${CMAKE_MATCH_1}")
      floor_of("${target}" target_floor)
      if(NOT EXISTS "${ROOT}/${target}")
        complain(${number} "there is no include/flan/${target}")
        continue()
      endif()
      list(APPEND includes "${target}")
      if(floor AND NOT target_floor)
        complain(${number} "${floor} may not include the umbrella flan/${target}")
      elseif(floor AND NOT target_floor IN_LIST reach_${floor})
        complain(${number} "${floor} may not include ${target_floor} (flan/${target}): it is not below")
      endif()
    else()
      foreach(rule IN LISTS outsiders)
        string(REGEX MATCH "^([^|]+)[|](.*)$" rule "${rule}")
        set(what "${CMAKE_MATCH_1}")
        set(who "${CMAKE_MATCH_2}")
        set(self "${floor}")
        if(NOT floor)
          set(self "${header}")
        endif()
        if(target MATCHES "^${what}" AND NOT self MATCHES "${who}")
          complain(${number} "${self} must do without <${target}>")
        endif()
      endforeach()
    endif()
  endforeach()
  set(includes_of_${header} "${includes}")
endforeach()

# Circles: take away files whose includes are all taken away, until nothing changes; what is left is in, or above, a circle.
set(left "${headers}")
set(taken)
while(left)
  set(stuck)
  foreach(header IN LISTS left)
    set(free TRUE)
    foreach(target IN LISTS includes_of_${header})
      if(NOT target IN_LIST taken)
        set(free FALSE)
        break()
      endif()
    endforeach()
    if(free)
      list(APPEND taken "${header}")
    else()
      list(APPEND stuck "${header}")
    endif()
  endforeach()
  if(stuck STREQUAL left)
    list(JOIN left ", " names)
    message(SEND_ERROR "a circle of includes among (or below) ${names}")
    math(EXPR wrong "${wrong} + 1")
    break()
  endif()
  set(left "${stuck}")
endwhile()

list(LENGTH headers count)
if(wrong)
  message(FATAL_ERROR "${wrong} wrong includes in ${count} headers")
endif()
message(STATUS "include graph: ${count} headers, ${edges} includes, every one points down")
