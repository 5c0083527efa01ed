# flan_ours(target): the flags of everything this repository builds itself. The headers are included as non-system headers
# there, so they must be as clean as the programs.

function(flan_ours target)
  set_target_properties(${target} PROPERTIES CXX_EXTENSIONS OFF)
  target_compile_options(${target} PRIVATE -Wall -Wextra -Wconversion -Wshadow)
  if(FLAN_WARNINGS_AS_ERRORS)
    target_compile_options(${target} PRIVATE -Werror)
  endif()
endfunction()
