// expect: flan::nothing
#include "flan/layer/feed_forward.hpp"
#include "flan/model/presets.hpp"

// T5 1.0 has one input matrix; the gated ones have wi_0 and wi_1.
#ifdef MISTAKE
using feed_forward = flan::feed_forward<flan::t5_small, flan::fp32>;
#else
using feed_forward = flan::feed_forward<flan::flan_t5_small, flan::fp32>;
#endif

flan::extent width(feed_forward const& f) { return f.wi_1.weight.rows; }
int main() {}
