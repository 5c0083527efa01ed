// expect: quantised weights cannot be trained
#include "flan/cpu/backend.hpp"
#include "flan/model/presets.hpp"
#include "flan/train/adamw.hpp"
#include "flan/train/step.hpp"

// An integer with a scale per row has no gradient: train in float or bf16, quantise when the result is loaded.
#ifdef MISTAKE
using chosen = flan::q8_weights;
#else
using chosen = flan::fp32;
#endif

using model = flan::t5<flan::flan_t5_small, chosen>;
constexpr std::size_t size = sizeof(flan::trainer<model, flan::cpu_backend, flan::adamw>);
int main() { return size == 0; }
