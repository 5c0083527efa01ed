# Whether check.cmake finds a kernel that takes more than was agreed, one that is new and one that is gone.
# Variables: LOG, BUDGET, NVCC as check.cmake has them; SCRATCH.

cmake_minimum_required(VERSION 3.21)

set(check "${CMAKE_COMMAND}" "-DLOG=${LOG}" "-DNVCC=${NVCC}" -DBUDGET=${SCRATCH}/budget.txt)
file(MAKE_DIRECTORY "${SCRATCH}")
execute_process(COMMAND ${check} -DWRITE=ON -P "${CMAKE_CURRENT_LIST_DIR}/check.cmake" COMMAND_ERROR_IS_FATAL ANY)
file(READ "${SCRATCH}/budget.txt" good)

# differs(budget message): with this budget check.cmake fails, and says so.
function(differs budget message)
  file(WRITE "${SCRATCH}/budget.txt" "${budget}")
  execute_process(COMMAND ${check} -P "${CMAKE_CURRENT_LIST_DIR}/check.cmake"
    RESULT_VARIABLE result OUTPUT_VARIABLE output ERROR_VARIABLE output)
  string(REGEX REPLACE "[ \n]+" " " output "${output}")
  string(FIND "${output}" "${message}" at)
  if(result EQUAL 0 OR at EQUAL -1)
    message(FATAL_ERROR "expected a failure that says: ${message}\nit said: ${output}")
  endif()
endfunction()

string(REGEX MATCH "probe_kernel<void> \\| sm_[0-9a-z]+ \\| [0-9]+ [^\n]*\n" probe "${good}")
if(NOT probe)
  message(FATAL_ERROR "there is no probe_kernel in ${LOG}")
endif()
string(REGEX REPLACE "\\| [0-9]+ \\| 0 \\| 0" "| 1 | 0 | 0" less "${probe}")
string(REPLACE "${probe}" "${less}" changed "${good}")
differs("${changed}" "registers, 1 were agreed")
string(REPLACE "${probe}" "" changed "${good}")
differs("${changed}" "has no budget")
differs("${good}no_such_kernel<float> | sm_80 | 4 | 0 | 0\n" "has a budget and is no more")
