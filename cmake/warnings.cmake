# flan_ours(target): the flags of everything this repository builds itself. The headers are included as non-system headers
# there, so they must be as clean as the programs.

function(flan_ours target)
  set_target_properties(${target} PROPERTIES CXX_EXTENSIONS OFF)
  target_compile_options(${target} PRIVATE -Wall -Wextra -Wconversion -Wshadow)
  if(FLAN_WARNINGS_AS_ERRORS)
    target_compile_options(${target} PRIVATE -Werror)
  endif()
endfunction()

# flan_spend_memory(target): g++ collects garbage later. A tenth or more of the time to compile is saved, most where a
# precompiled header lies in its heap and every collection walks over it, for up to half a GiB more.
function(flan_spend_memory target)
  target_compile_options(${target} PRIVATE $<$<CXX_COMPILER_ID:GNU>:--param=ggc-min-heapsize=1048576>)
endfunction()
