#pragma once
/// Four floats in the compilers' own vector extension, by the names that kernels use: SSE2, NEON, whatever there is.

#include <cstring>

#include "flan/core/number.hpp"
#include "flan/core/shape.hpp"
#include "flan/cpu/kernels/target.hpp"

#define FLAN_OP FLAN_TARGET_PORTABLE FLAN_INLINE inline

namespace flan::detail::portable {

typedef float floats __attribute__((vector_size(16)));
typedef unsigned words __attribute__((vector_size(16)));

struct vec {
  static constexpr int lanes = 4;
  floats v;
};

FLAN_OP vec zero() { return {floats{0, 0, 0, 0}}; }
FLAN_OP vec all(float x) { return {floats{x, x, x, x}}; }
FLAN_OP vec load(float const* p) {
  vec x;
  std::memcpy(&x.v, p, sizeof x.v);
  return x;
}
FLAN_OP vec load(bf16 const* p) {
  words const u = words{p[0].bits, p[1].bits, p[2].bits, p[3].bits} << 16;
  vec x;
  std::memcpy(&x.v, &u, sizeof u);
  return x;
}
/// n lanes from memory, zeros above; no byte past the n-th is touched.
FLAN_OP vec load_part(float const* p, extent n) {
  vec x = zero();
  for (extent i = 0; i < n; ++i) x.v[i] = p[i];
  return x;
}
FLAN_OP vec load_part(bf16 const* p, extent n) {
  vec x = zero();
  for (extent i = 0; i < n; ++i) x.v[i] = widen(p[i]);
  return x;
}
FLAN_OP void store(float* p, vec x) { std::memcpy(p, &x.v, sizeof x.v); }
FLAN_OP void store_part(float* p, vec x, extent n) {
  for (extent i = 0; i < n; ++i) p[i] = x.v[i];
}
FLAN_OP void store_part(bf16* p, vec x, extent n) {
  for (extent i = 0; i < n; ++i) p[i] = narrow<bf16>(static_cast<float>(x.v[i]));
}
FLAN_OP void store(bf16* p, vec x) { store_part(p, x, 4); }

FLAN_OP vec add(vec a, vec b) { return {a.v + b.v}; }
FLAN_OP vec mul(vec a, vec b) { return {a.v * b.v}; }
/// a·b + c: rounded twice on x86 (FLAN_TARGET_PORTABLE), by one fused instruction where the baseline has one.
FLAN_OP vec fma(vec a, vec b, vec c) { return {a.v * b.v + c.v}; }

}  // namespace flan::detail::portable

#undef FLAN_OP
