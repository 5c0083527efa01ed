// expect: the optimizer has no update for this backend's masters and gradients
#include <span>

#include "flan/model/presets.hpp"
#include "flan/reference/backend.hpp"
#include "flan/train/step.hpp"

/// Somebody's own optimizer.
struct descent {
  double rate = 1;
  static constexpr std::string_view name = "descent";
  std::vector<flan::state_slot> slots(flan::extent, flan::extent) const { return {}; }
#ifdef MISTAKE
  using number = double;  // the model's masters and gradients are float
#else
  using number = float;
#endif
  template <class B>
  void update(B&, flan::matrix<number>, flan::matrix<number const>, std::span<flan::matrix<number> const>,
              flan::update_call const&) const {}
};

using model = flan::t5<flan::flan_t5_small, flan::fp32>;
constexpr std::size_t size = sizeof(flan::trainer<model, flan::reference_backend, descent>);
int main() { return size == 0; }
