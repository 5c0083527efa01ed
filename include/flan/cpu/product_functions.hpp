#pragma once
/// What a product needs of an instruction set, gathered as pointers.

#include <type_traits>

#include "flan/cpu/kernels/elementwise.hpp"
#include "flan/cpu/kernels/pairs.hpp"
#include "flan/cpu/kernels/product.hpp"

namespace flan::detail {

/// The formats that the kernels read and write.
template <class... T>
inline constexpr bool has_product_kernels = ((std::is_same_v<T, float> || std::is_same_v<T, bf16>)&&...);

/// What a product needs of an instruction set, as pointers: then its division into tasks is compiled once, not once for
/// every set. Operands are copied, A and B, to C, in which they are multiplied: float, or bf16 by dot products.
template <class Y, class A, class B, class C>
struct product_functions {
  using copied = C;
  template <class T>
  using copy_function = void (*)(C*, extent, T const*, extent, extent, extent, extent);
  template <class W>
  using multiply_function = void (*)(float*, extent, C const*, extent, W const*, extent, extent, extent, bool,
                                     destination);

  extent abreast;  ///< panels that one row is multiplied with at the same time
  copy_function<A> copy_left, transpose_left;
  copy_function<B> copy_right, transpose_right;
  multiply_function<C> multiply_copied;
  multiply_function<B> multiply_packed;
  void (*finish)(Y*, extent, float const*, extent, extent, float, bool);
  void (*gate)(Y*, extent, Y const*, extent, Y const*, extent, block, activation);
};

template <instruction_set I, class Y, class A, class B>
inline constexpr product_functions<Y, A, B, float> product_functions_of = {
    product_kernels<I>::abreast,
    product_kernels<I>::template copy<A>,
    product_kernels<I>::template copy_transposed<A>,
    product_kernels<I>::template copy<B>,
    product_kernels<I>::template copy_transposed<B>,
    product_kernels<I>::template multiply<float, float>,
    product_kernels<I>::template multiply<float, B>,
    product_kernels<I>::template finish<Y>,
    elementwise_kernels<I>::template gate<Y>,
};

#if defined(__x86_64__)
/// Of avx512_dot, for bf16 times bf16.
template <class Y>
inline constexpr product_functions<Y, bf16, bf16, bf16> dot_product_functions = {
    product_kernels<instruction_set::avx512_dot>::abreast,
    pair_copies::copy_left,
    pair_copies::transpose_left,
    pair_copies::copy_right,
    pair_copies::transpose_right,
    product_kernels<instruction_set::avx512_dot>::multiply<bf16, bf16>,
    product_kernels<instruction_set::avx512_dot>::multiply<bf16, bf16>,
    product_kernels<instruction_set::avx512>::finish<Y>,
    elementwise_kernels<instruction_set::avx512>::gate<Y>,
};
#endif

}  // namespace flan::detail
