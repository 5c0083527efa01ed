// cuBLASLt for tests: nothing is supported, or all is, by plain loops.

#include <cmath>
#include <cstring>

#include "cublasLt.h"
#include "flan/core/number.hpp"

namespace flan::emulator {
library_state& library() {
  static library_state state;
  return state;
}
}  // namespace flan::emulator

namespace {

auto& state() { return flan::emulator::library(); }

template <class T, class... A>
cublasStatus_t make(T** to, A... a) {
  *to = new T{a...};
  ++state().alive;
  return CUBLAS_STATUS_SUCCESS;
}
template <class T>
cublasStatus_t destroy(T* p) {
  delete p;
  --state().alive;
  return CUBLAS_STATUS_SUCCESS;
}
template <class T>
cublasStatus_t set(T& to, void const* value, std::size_t bytes) {
  if (bytes != sizeof to) return CUBLAS_STATUS_INVALID_VALUE;
  std::memcpy(&to, value, bytes);
  return CUBLAS_STATUS_SUCCESS;
}

std::size_t place(flan_emulated_layout const& l, std::uint64_t row, std::uint64_t column) {
  return static_cast<std::size_t>(column) * static_cast<std::size_t>(l.leading) + static_cast<std::size_t>(row);
}
float get(void const* p, flan_emulated_layout const& l, std::uint64_t row, std::uint64_t column) {
  if (l.type == CUDA_R_32F) return static_cast<float const*>(p)[place(l, row, column)];
  return flan::widen(static_cast<flan::bf16 const*>(p)[place(l, row, column)]);
}
bool aligned(void const* p, flan_emulated_layout const& l, std::uint32_t bytes) {
  auto const row = static_cast<std::uint64_t>(l.leading) * (l.type == CUDA_R_32F ? 4 : 2);
  return (reinterpret_cast<std::uintptr_t>(p) | row) % bytes == 0;
}

}  // namespace

char const* cublasLtGetStatusString(cublasStatus_t e) { return e == CUBLAS_STATUS_SUCCESS ? "success" : "a failure"; }
cublasStatus_t cublasLtCreate(cublasLtHandle_t* h) {
  ++state().handles;
  return make(h);
}
cublasStatus_t cublasLtDestroy(cublasLtHandle_t h) { return destroy(h); }
cublasStatus_t cublasLtMatmulDescCreate(cublasLtMatmulDesc_t* d, cublasComputeType_t, cudaDataType_t scale) {
  return scale == CUDA_R_32F ? make(d) : CUBLAS_STATUS_NOT_SUPPORTED;
}
cublasStatus_t cublasLtMatmulDescDestroy(cublasLtMatmulDesc_t d) { return destroy(d); }
cublasStatus_t cublasLtMatmulDescSetAttribute(cublasLtMatmulDesc_t d, cublasLtMatmulDescAttributes_t what,
                                              void const* value, std::size_t bytes) {
  return set(what == CUBLASLT_MATMUL_DESC_TRANSA ? d->transpose_a : d->transpose_b, value, bytes);
}
cublasStatus_t cublasLtMatrixLayoutCreate(cublasLtMatrixLayout_t* l, cudaDataType_t type, std::uint64_t rows,
                                          std::uint64_t columns, std::int64_t leading) {
  if (leading < static_cast<std::int64_t>(rows)) return CUBLAS_STATUS_INVALID_VALUE;
  return make(l, type, rows, columns, leading);
}
cublasStatus_t cublasLtMatrixLayoutDestroy(cublasLtMatrixLayout_t l) { return destroy(l); }
cublasStatus_t cublasLtMatmulPreferenceCreate(cublasLtMatmulPreference_t* p) { return make(p); }
cublasStatus_t cublasLtMatmulPreferenceDestroy(cublasLtMatmulPreference_t p) { return destroy(p); }
cublasStatus_t cublasLtMatmulPreferenceSetAttribute(cublasLtMatmulPreference_t p,
                                                    cublasLtMatmulPreferenceAttributes_t what, void const* value,
                                                    std::size_t bytes) {
  std::uint32_t scheme = 0;
  if (what == CUBLASLT_MATMUL_PREF_MAX_WORKSPACE_BYTES) return set(p->workspace, value, bytes);
  if (what == CUBLASLT_MATMUL_PREF_REDUCTION_SCHEME_MASK) return set(scheme, value, bytes);
  return set(p->alignment[what - CUBLASLT_MATMUL_PREF_MIN_ALIGNMENT_A_BYTES], value, bytes);
}
cublasStatus_t cublasLtMatmulAlgoGetHeuristic(cublasLtHandle_t, cublasLtMatmulDesc_t, cublasLtMatrixLayout_t,
                                              cublasLtMatrixLayout_t, cublasLtMatrixLayout_t, cublasLtMatrixLayout_t,
                                              cublasLtMatmulPreference_t p, int, cublasLtMatmulHeuristicResult_t* found,
                                              int* count) {
  ++state().heuristics;
  *count = 0;
  if (!state().supports) return CUBLAS_STATUS_NOT_SUPPORTED;
  *found = {{*p}, static_cast<std::size_t>(p->workspace), CUBLAS_STATUS_SUCCESS};
  *count = 1;
  return CUBLAS_STATUS_SUCCESS;
}
cublasStatus_t cublasLtMatmul(cublasLtHandle_t, cublasLtMatmulDesc_t op, void const* alpha, void const* a,
                              cublasLtMatrixLayout_t la, void const* b, cublasLtMatrixLayout_t lb, void const* beta,
                              void const* c, cublasLtMatrixLayout_t lc, void* d, cublasLtMatrixLayout_t ld,
                              cublasLtMatmulAlgo_t const* algo, void* workspace, std::size_t bytes, cudaStream_t) {
  auto const& chosen = algo->chosen_for;
  auto const terms = op->transpose_a != 0 ? la->rows : la->columns;
  bool const fits = (op->transpose_a != 0 ? la->columns : la->rows) == ld->rows &&
                    (op->transpose_b != 0 ? lb->rows : lb->columns) == ld->columns &&
                    (op->transpose_b != 0 ? lb->columns : lb->rows) == terms && bytes >= chosen.workspace &&
                    aligned(a, *la, chosen.alignment[0]) && aligned(b, *lb, chosen.alignment[1]) &&
                    aligned(c, *lc, chosen.alignment[2]) && aligned(d, *ld, chosen.alignment[3]) &&
                    reinterpret_cast<std::uintptr_t>(workspace) % 256 == 0;  // what sm_90 asks for
  if (!fits) return CUBLAS_STATUS_INVALID_VALUE;
  ++state().products;
  std::memset(workspace, 0xff, bytes);
  float const by = *static_cast<float const*>(alpha), before = *static_cast<float const*>(beta);
  for (std::uint64_t column = 0; column < ld->columns; ++column)
    for (std::uint64_t row = 0; row < ld->rows; ++row) {
      float sum = 0;
      for (std::uint64_t k = 0; k < terms; ++k)
        sum += (op->transpose_a != 0 ? get(a, *la, k, row) : get(a, *la, row, k)) *
               (op->transpose_b != 0 ? get(b, *lb, column, k) : get(b, *lb, k, column));
      float y = by * sum;
      if (before != 0) y += before * get(c, *lc, row, column);
      if (ld->type == CUDA_R_32F)
        static_cast<float*>(d)[place(*ld, row, column)] = y;
      else
        static_cast<flan::bf16*>(d)[place(*ld, row, column)] = flan::narrow<flan::bf16>(y);
    }
  return CUBLAS_STATUS_SUCCESS;
}
