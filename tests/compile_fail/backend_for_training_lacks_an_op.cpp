// expect: this backend lacks an op of training in this precision
#include "flan/cpu/backend.hpp"
#include "flan/model/presets.hpp"
#include "flan/train/adamw.hpp"
#include "flan/train/step.hpp"

/// Infers, and cannot train.
struct inference_only : flan::cpu_backend {
#ifdef MISTAKE
  void attention_backward() = delete;  // hides the base's
#endif
};
static_assert(flan::inference_backend<inference_only, flan::fp32>);

using model = flan::t5<flan::flan_t5_small, flan::fp32>;
constexpr std::size_t size = sizeof(flan::trainer<model, inference_only, flan::adamw>);
int main() { return size == 0; }
