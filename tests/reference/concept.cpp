#include <complex>

#include "flan/backend/concept.hpp"
#include "flan/reference/backend.hpp"
#include "support/catch.hpp"

using c64 = std::complex<double>;
static_assert(flan::training_backend<flan::reference_backend, flan::fp32>);
static_assert(flan::training_backend<flan::reference_backend, flan::bf16_mixed>);
static_assert(flan::training_backend<flan::reference_backend, flan::fp64>);
static_assert(flan::training_backend<flan::reference_backend, flan::precision<c64, c64, c64, c64>>);
static_assert(!flan::training_backend<flan::host_memory, flan::fp32>);
