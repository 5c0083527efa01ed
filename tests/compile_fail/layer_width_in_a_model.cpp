// expect: 512
#include "flan/cpu/backend.hpp"
#include "flan/model/presets.hpp"
#include "flan/model/t5.hpp"

#ifdef MISTAKE
constexpr flan::extent width = 512;
#else
constexpr flan::extent width = 768;
#endif

void states(flan::cpu_backend& be, flan::t5<flan::flan_t5_base, flan::fp32> const& model,
            flan::vector_view<std::int32_t const> ids, flan::token_rows const& rows, flan::matrix<float, width> y) {
  model.encode(be, y, ids, rows);
}
int main() {}
