# Mistakes that the types forbid: SOURCE must not compile with -DMISTAKE, for the reason it states, and must compile without.
#
# The first line of SOURCE is `// expect: TEXT`; TEXT must appear in what the compiler says. Variables: SOURCE, COMPILER,
# FLAGS (a list).

cmake_minimum_required(VERSION 3.21)

file(STRINGS "${SOURCE}" first LIMIT_COUNT 1)
if(NOT first MATCHES "^// expect: (.+)$")
  message(FATAL_ERROR "${SOURCE}: the first line should be `// expect: TEXT`, a part of the compiler's message")
endif()
set(expected "${CMAKE_MATCH_1}")
file(STRINGS "${SOURCE}" guarded REGEX "^ *#.*MISTAKE")
if(NOT guarded)
  message(FATAL_ERROR "${SOURCE}: nothing in it depends on MISTAKE")
endif()

set(compile "${COMPILER}" ${FLAGS} -std=c++20 -fsyntax-only "${SOURCE}")
execute_process(COMMAND ${compile} RESULT_VARIABLE mended OUTPUT_VARIABLE output ERROR_VARIABLE output)
if(NOT mended EQUAL 0)
  message(FATAL_ERROR "${SOURCE}: without the mistake it should compile, but:\n${output}")
endif()

execute_process(COMMAND ${compile} -DMISTAKE RESULT_VARIABLE mistaken OUTPUT_VARIABLE output ERROR_VARIABLE output)
if(mistaken EQUAL 0)
  message(FATAL_ERROR "${SOURCE}: it compiles with the mistake")
endif()
string(FIND "${output}" "${expected}" at)
if(at EQUAL -1)
  message(FATAL_ERROR "${SOURCE}: the compiler should say \"${expected}\", but says:\n${output}")
endif()
message(STATUS "the compiler says \"${expected}\"")
