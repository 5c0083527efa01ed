// expect: masters must be as wide as the arithmetic
#include "flan/cpu/backend.hpp"
#include "flan/model/presets.hpp"
#include "flan/reference/backend.hpp"
#include "flan/train/adamw.hpp"
#include "flan/train/step.hpp"

// Masters in bf16 would round small updates away.
#ifdef MISTAKE
using chosen = flan::precision<flan::bf16, flan::bf16, float, flan::bf16>;
#else
using chosen = flan::bf16_mixed;
#endif

using model = flan::t5<flan::flan_t5_small, chosen>;
constexpr std::size_t size = sizeof(flan::trainer<model, flan::reference_backend, flan::adamw>);
int main() { return size == 0; }
