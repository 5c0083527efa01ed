# One definition for everybody: two translation units that include every header, compiled with different -m flags, must link
# in both orders, with and without link-time optimization, and compute the same bits as a program without any flags.
# Link-time optimization, most of the work, is tried with the first set of flags only.
# The linker keeps one of the two copies of each inline function, which one depends on the order; so no copy may depend on
# the flags of its unit.
#
# Variables: COMPILER, COMPILER_ID (GNU or Clang), SOURCE_DIR (this folder), INCLUDE, HEADERS (a list), LIBRARIES (a list),
# SCRATCH.

cmake_minimum_required(VERSION 3.21)

file(REMOVE_RECURSE "${SCRATCH}")
file(MAKE_DIRECTORY "${SCRATCH}")
list(REMOVE_ITEM HEADERS "")
set(everything "")
foreach(header IN LISTS HEADERS)
  string(APPEND everything "#include \"${header}\"\n")
endforeach()
file(WRITE "${SCRATCH}/everything.hpp" "${everything}")

function(run what)
  execute_process(COMMAND ${ARGN} WORKING_DIRECTORY "${SCRATCH}"
    RESULT_VARIABLE result OUTPUT_VARIABLE output ERROR_VARIABLE output)
  if(NOT result EQUAL 0)
    list(JOIN ARGN " " command)
    string(LENGTH "${output}" length)
    if(length GREATER 4000)  # what went wrong stands at the end
      math(EXPR from "${length} - 4000")
      string(SUBSTRING "${output}" ${from} -1 output)
    endif()
    message(FATAL_ERROR "${what} failed: ${command}\n${output}")
  endif()
  string(STRIP "${output}" output)
  set(output "${output}" PARENT_SCOPE)
endfunction()

# g++ keeps both kinds of code in one object, so each unit is compiled once.
set(flags -std=c++20 -O2 "-I${INCLUDE}" "-I${SCRATCH}")
set(both "")
set(lto_modes_avx2 off)
set(lto_modes_avx512 off)
if(COMPILER_ID STREQUAL "GNU")
  set(both -flto -ffat-lto-objects)
  list(APPEND lto_modes_avx2 on)
endif()
set(lto_off -fno-lto)
set(lto_on -flto=2 -Wodr -Werror=odr -Wlto-type-mismatch -Werror=lto-type-mismatch)

run("compiling main" "${COMPILER}" ${flags} ${both} -c "${SOURCE_DIR}/main.cpp" -o main.o)
run("compiling main alone" "${COMPILER}" ${flags} -DALONE -c "${SOURCE_DIR}/main.cpp" -o alone.o)
run("compiling the unit without flags" "${COMPILER}" ${flags} ${both} -DNAME=bits_of_first -c "${SOURCE_DIR}/unit.cpp"
  -o first.o)
run("linking it alone" "${COMPILER}" ${lto_off} alone.o first.o -o alone ${LIBRARIES})
run("running it alone" ./alone)
set(expected "${output}")
string(REPLACE "\n" ";" expected_lines "${expected}")
string(MD5 digest "${expected}")
message(STATUS "without flags: ${digest}")

file(STRINGS /proc/cpuinfo cpu REGEX "^flags" LIMIT_COUNT 1)
set(set_avx2 -mavx2 -mfma)
set(needs_avx2 avx2 fma)
set(set_avx512 -mavx512f -mavx512bw -mavx512dq -mavx512vl -mfma)
set(needs_avx512 avx512f avx512bw avx512dq avx512vl)

foreach(isa avx2 avx512)
  set(kinds_of_code "")
  if("on" IN_LIST lto_modes_${isa})
    set(kinds_of_code ${both})
  endif()
  # Code for instructions that this machine lacks is linked all the same, but not run.
  set(runs TRUE)
  foreach(need IN LISTS needs_${isa})
    if(NOT cpu MATCHES " ${need}( |$)")
      set(runs FALSE)
    endif()
  endforeach()
  run("compiling the unit with ${set_${isa}}" "${COMPILER}" ${flags} ${kinds_of_code} ${set_${isa}} -DNAME=bits_of_second
    -c "${SOURCE_DIR}/unit.cpp" -o ${isa}.o)
  foreach(lto IN LISTS lto_modes_${isa})
    foreach(order "first.o;${isa}.o" "${isa}.o;first.o")
      run("linking ${order}, LTO ${lto}" "${COMPILER}" -O2 ${lto_${lto}} main.o ${order} -o pair ${LIBRARIES})
      if(NOT runs)
        message(STATUS "${order}, LTO ${lto}: links; not run, this machine has no ${isa}")
        continue()
      endif()
      run("running ${order}, LTO ${lto}" ./pair)
      if(NOT output STREQUAL expected)
        string(REPLACE "\n" ";" found "${output}")
        foreach(expected_line IN LISTS expected_lines)
          list(POP_FRONT found line)
          if(NOT line STREQUAL expected_line)
            message(FATAL_ERROR "${order}, LTO ${lto}: ${line}, where without flags it is ${expected_line}")
          endif()
        endforeach()
        message(FATAL_ERROR "${order}, LTO ${lto}: ${output}")
      endif()
      message(STATUS "${order}, LTO ${lto}: the same bits")
    endforeach()
  endforeach()
endforeach()
