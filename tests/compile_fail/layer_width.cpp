// expect: 512
#include "flan/cpu/backend.hpp"
#include "flan/layer/linear.hpp"
#include "flan/model/presets.hpp"

// The head of a base model takes states of 768 columns.
void head(flan::cpu_backend& be, flan::linear<flan::flan_t5_base.d_model, 32'128, flan::fp32> const& lm_head,
          flan::matrix<float, 32'128> logits, flan::matrix<float, 768> base, flan::matrix<float, 512> small) {
#ifdef MISTAKE
  lm_head.forward(be, logits, small);
#else
  lm_head.forward(be, logits, base);
#endif
  static_cast<void>(base), static_cast<void>(small);
}
int main() {}
