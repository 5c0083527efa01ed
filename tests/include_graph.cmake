# The include-graph test must be able to fail: small trees, each with one mistake, and one without.
#
#   cmake -DSCRIPT=cmake/include_graph.cmake -DSCRATCH=… -P tests/include_graph.cmake

cmake_minimum_required(VERSION 3.21)

# expect(name expected-output [path text]…): "" as the expected output means the tree is right.
function(expect name expected)
  set(tree "${SCRATCH}/${name}/include/flan")
  file(REMOVE_RECURSE "${SCRATCH}/${name}")
  while(ARGN)
    list(POP_FRONT ARGN path text)
    file(WRITE "${tree}/${path}" "#pragma once\n/// a;b [c\n${text}\n")
  endwhile()
  execute_process(COMMAND "${CMAKE_COMMAND}" "-DROOT=${tree}" -P "${SCRIPT}"
    RESULT_VARIABLE result OUTPUT_VARIABLE output ERROR_VARIABLE output)
  string(REGEX REPLACE "[ \n]+" " " output "${output}")  # CMake wraps its messages
  if(expected STREQUAL "" AND NOT result EQUAL 0)
    message(SEND_ERROR "${name}: a right tree was refused: ${output}")
  elseif(NOT expected STREQUAL "")
    string(FIND "${output}" "${expected}" at)
    if(result EQUAL 0 OR at EQUAL -1)
      message(SEND_ERROR "${name}: should fail with \"${expected}\", but: ${result}, ${output}")
    endif()
  endif()
endfunction()

set(core core/a.hpp "#include <vector>")
expect(right "" ${core} tensor/b.hpp "#include \"flan/core/a.hpp\"" flan.hpp "#include \"flan/tensor/b.hpp\""
  generate/g.hpp "#include \"flan/cpu/c.hpp\"" cpu/c.hpp "#  include \"flan/core/a.hpp\"" eigen/e.hpp "#include <Eigen/Core>")
expect(upwards "core/u.hpp:3: core may not include tensor" tensor/b.hpp "" core/u.hpp "#include \"flan/tensor/b.hpp\"")
expect(later_line "core/u.hpp:5: core may not include tensor"
  tensor/b.hpp "" core/u.hpp "#include <vector>\n\n  #  include \"flan/tensor/b.hpp\"  // why")
expect(sideways "text may not include tensor" tensor/b.hpp "" text/t.hpp "#include \"flan/tensor/b.hpp\"")
expect(layer_to_backend "layer may not include cpu" cpu/c.hpp "" layer/l.hpp "#include \"flan/cpu/c.hpp\"")
expect(backend_to_backend "cpu may not include reference" reference/r.hpp "" cpu/c.hpp "#include \"flan/reference/r.hpp\"")
expect(cpu_to_eigen "cpu may not include eigen" eigen/e.hpp "" cpu/c.hpp "#include \"flan/eigen/e.hpp\"")
expect(train_to_evaluate "train may not include evaluate" evaluate/e.hpp "" train/t.hpp "#include \"flan/evaluate/e.hpp\"")
expect(umbrella "core may not include the umbrella" flan.hpp "" core/u.hpp "#include \"flan/flan.hpp\"")
expect(circle "a circle of includes among" core/a.hpp "#include \"flan/core/b.hpp\"" core/b.hpp "#include \"flan/core/a.hpp\"")
expect(missing "there is no include/flan/core/none.hpp" core/u.hpp "#include \"flan/core/none.hpp\"")
expect(relative "our headers are included as" ${core} core/u.hpp "#include \"a.hpp\"")
expect(angle "inside the library our headers" ${core} core/u.hpp "#include <flan/core/a.hpp>")
expect(eigen_below "cpu must do without <Eigen/Core>" cpu/c.hpp "#include <Eigen/Core>")
expect(heavy "core must do without <regex>" core/u.hpp "#include <regex>")
expect(new_floor "\"attic\" is not a floor" attic/a.hpp "")
expect(nothing "no header found" ../readme.md "")
