#pragma once
/// Products by cuBLASLt: the only place that knows it. What it is asked, and what it chose, is kept with the session.
/// Sums are floats, of floats never rounded to TF32 before. No device has run it yet: unmeasured.

#include <cublasLt.h>

#include <algorithm>
#include <array>
#include <cstdint>
#include <map>
#include <memory>
#include <type_traits>
#include <utility>

#include "flan/cuda/kernels/launch.cuh"
#include "flan/cuda/products.hpp"

namespace flan::detail {

inline void check_library(cublasStatus_t e, char const* call, place where = place::here()) {
  if (e != CUBLAS_STATUS_SUCCESS) [[unlikely]]
    fail(call, " failed: ", cublasLtGetStatusString(e), " (", static_cast<int>(e), "), at ", short_path(where.file),
         ":", where.line);
}

template <class T>
inline constexpr cudaDataType_t library_type = CUDA_R_32F;
template <>
inline constexpr cudaDataType_t library_type<bf16> = CUDA_R_16BF;

/// c[m,n] = alpha·a·b + beta·c as cuBLAS has it, by columns: our rows are its columns. A matrix that is transposed lies
/// as k × m, or n × k.
struct library_problem {
  void const *a, *b;
  void* c;
  cudaDataType_t in, out;
  bool transpose_a, transpose_b;
  extent m, n, k, lda, ldb, ldc;
  float alpha, beta;
};

/// Owns a descriptor of cuBLASLt's.
template <class Handle, cublasStatus_t (*Destroy)(Handle)>
class library_handle {
  Handle h_ = nullptr;

 public:
  library_handle() = default;
  library_handle(library_handle&& other) noexcept : h_(std::exchange(other.h_, nullptr)) {}
  library_handle& operator=(library_handle&& other) noexcept {
    std::swap(h_, other.h_);
    return *this;
  }
  ~library_handle() {
    if (h_ != nullptr) Destroy(h_);
  }
  Handle get() const { return h_; }
  Handle* out() { return &h_; }
};

/// One kind of product: how cuBLASLt was told of it, and what it would do.
struct library_plan {
  library_handle<cublasLtMatmulDesc_t, cublasLtMatmulDescDestroy> product;
  library_handle<cublasLtMatrixLayout_t, cublasLtMatrixLayoutDestroy> a, b, c;
  cublasLtMatmulAlgo_t algorithm{};
  bool possible = false;

  library_plan(cublasLtHandle_t handle, library_problem const& p, std::array<std::uint32_t, 3> const& alignment,
               std::size_t bytes) {
    check_library(cublasLtMatmulDescCreate(product.out(), CUBLAS_COMPUTE_32F, CUDA_R_32F), "cublasLtMatmulDescCreate");
    cublasOperation_t const of_a = p.transpose_a ? CUBLAS_OP_T : CUBLAS_OP_N,
                            of_b = p.transpose_b ? CUBLAS_OP_T : CUBLAS_OP_N;
    set(CUBLASLT_MATMUL_DESC_TRANSA, of_a), set(CUBLASLT_MATMUL_DESC_TRANSB, of_b);
    layout_of(a, p.in, p.transpose_a ? p.k : p.m, p.transpose_a ? p.m : p.k, p.lda);
    layout_of(b, p.in, p.transpose_b ? p.n : p.k, p.transpose_b ? p.k : p.n, p.ldb);
    layout_of(c, p.out, p.m, p.n, p.ldc);

    library_handle<cublasLtMatmulPreference_t, cublasLtMatmulPreferenceDestroy> wish;
    check_library(cublasLtMatmulPreferenceCreate(wish.out()), "cublasLtMatmulPreferenceCreate");
    auto const prefer = [&](cublasLtMatmulPreferenceAttributes_t what, auto const& value) {
      check_library(cublasLtMatmulPreferenceSetAttribute(wish.get(), what, &value, sizeof value),
                    "cublasLtMatmulPreferenceSetAttribute");
    };
    prefer(CUBLASLT_MATMUL_PREF_MAX_WORKSPACE_BYTES, std::uint64_t{bytes});
    prefer(CUBLASLT_MATMUL_PREF_MIN_ALIGNMENT_A_BYTES, alignment[0]);
    prefer(CUBLASLT_MATMUL_PREF_MIN_ALIGNMENT_B_BYTES, alignment[1]);
    prefer(CUBLASLT_MATMUL_PREF_MIN_ALIGNMENT_C_BYTES, alignment[2]);
    prefer(CUBLASLT_MATMUL_PREF_MIN_ALIGNMENT_D_BYTES, alignment[2]);
    // Parts of a sum are kept as floats until all are added.
    prefer(CUBLASLT_MATMUL_PREF_REDUCTION_SCHEME_MASK, std::uint32_t{CUBLASLT_REDUCTION_SCHEME_COMPUTE_TYPE});
    cublasLtMatmulHeuristicResult_t found{};
    int count = 0;
    auto const e = cublasLtMatmulAlgoGetHeuristic(handle, product.get(), a.get(), b.get(), c.get(), c.get(), wish.get(),
                                                  1, &found, &count);
    if (e == CUBLAS_STATUS_NOT_SUPPORTED) return;
    check_library(e, "cublasLtMatmulAlgoGetHeuristic");
    possible = count > 0 && found.state == CUBLAS_STATUS_SUCCESS && found.workspaceSize <= bytes;
    algorithm = found.algo;
  }

 private:
  void set(cublasLtMatmulDescAttributes_t what, cublasOperation_t value) {
    check_library(cublasLtMatmulDescSetAttribute(product.get(), what, &value, sizeof value),
                  "cublasLtMatmulDescSetAttribute");
  }
  template <class Layout>
  static void layout_of(Layout& to, cudaDataType_t type, extent rows, extent columns, extent leading) {
    check_library(cublasLtMatrixLayoutCreate(to.out(), type, static_cast<std::uint64_t>(rows),
                                             static_cast<std::uint64_t>(columns), leading),
                  "cublasLtMatrixLayoutCreate");
  }
};

/// A session's handle and plans.
class product_library {
  using key = std::array<extent, 13>;
  static constexpr std::size_t most_plans = 4096;  // lengths of batches vary without end
  library_handle<cublasLtHandle_t, cublasLtDestroy> handle_;
  std::map<key, library_plan> plans_;

  /// The largest power of two up to memory_alignment that divides the address and the bytes from row to row: beyond
  /// that, where an arena put a matrix would choose the algorithm, and with it the bits.
  static std::uint32_t alignment_of(void const* p, extent leading, cudaDataType_t type) {
    auto const bytes = static_cast<std::uintptr_t>(leading) * (type == CUDA_R_32F ? 4u : 2u);
    std::uintptr_t const both = reinterpret_cast<std::uintptr_t>(p) | bytes | memory_alignment;
    return static_cast<std::uint32_t>(both & (~both + 1));
  }

 public:
  product_library() { check_library(cublasLtCreate(handle_.out()), "cublasLtCreate"); }

  /// False where cuBLASLt has nothing for it.
  bool run(cudaStream_t s, library_problem const& p, void* workspace, std::size_t bytes) {
    std::array<std::uint32_t, 3> const alignment{alignment_of(p.a, p.lda, p.in), alignment_of(p.b, p.ldb, p.in),
                                                 alignment_of(p.c, p.ldc, p.out)};
    key const k{p.in,  p.out, p.transpose_a, p.transpose_b, p.m,          p.n,         p.k,
                p.lda, p.ldb, p.ldc,         alignment[0],  alignment[1], alignment[2]};
    auto found = plans_.find(k);
    if (found == plans_.end()) {
      if (plans_.size() == most_plans) plans_.clear();
      found = plans_.emplace(k, library_plan{handle_.get(), p, alignment, bytes}).first;
    }
    library_plan const& plan = found->second;
    if (!plan.possible) return false;
    check_library(cublasLtMatmul(handle_.get(), plan.product.get(), &p.alpha, p.a, plan.a.get(), p.b, plan.b.get(),
                                 &p.beta, p.c, plan.c.get(), p.c, plan.c.get(), &plan.algorithm, workspace, bytes, s),
                  "cublasLtMatmul");
    return true;
  }
};

/// False where cuBLASLt is not asked, or has nothing for it.
inline bool library_run(cudaStream_t s, library_problem const& p, library_room const& room) {
  if (room.bytes == 0) return false;
  if (room.slot == nullptr) room.slot = std::make_shared<product_library>();
  return static_cast<product_library*>(room.slot.get())->run(s, p, room.workspace, room.bytes);
}

template <class Y, class X, class W>
bool library_matmul(cudaStream_t s, matmul_task<Y, X, W> const& t, library_room const& room) {
  static_assert(std::is_same_v<X, W>);
  return library_run(s,
                     {t.w.data, t.x.data, t.y.data, library_type<X>, library_type<Y>, !t.transpose, false, t.y.columns,
                      t.y.rows, t.x.columns, t.w.stride, t.x.stride, t.y.stride, t.scale, t.accumulate ? 1.0f : 0.0f},
                     room);
}
template <class G, class D, class X>
bool library_weight_gradient(cudaStream_t s, weight_gradient_task<G, D, X> const& t, library_room const& room) {
  static_assert(std::is_same_v<D, X>);
  return library_run(s,
                     {t.x.data, t.dy.data, t.dw.data, library_type<X>, library_type<G>, false, true, t.dw.columns,
                      t.dw.rows, t.x.rows, t.x.stride, t.dy.stride, t.dw.stride, t.scale, 1.0f},
                     room);
}

}  // namespace flan::detail
