// Saves the folder that the programs are tested with: a small model over bytes that has learnt nothing.
// `make_folder DIR`

#include <cstdio>

#include "flan/generate/fresh_model.hpp"
#include "flan/text/bytes.hpp"

int main(int count, char** arguments) try {
  if (count != 2) flan::fail("usage: make_folder DIR");
  constexpr flan::t5_config config{.vocabulary = 384,
                                   .d_model = 32,
                                   .d_kv = 8,
                                   .d_ff = 48,
                                   .layers = 1,
                                   .decoder_layers = 2,
                                   .heads = 3,
                                   .buckets = 8,
                                   .max_distance = 20,
                                   .epsilon = 1e-6,
                                   .activation = flan::activation::gelu_new,
                                   .gated = flan::flag::yes,
                                   .tied = flan::flag::no,
                                   .scaled = flan::flag::no,
                                   .per_block_bias = flan::flag::no,
                                   .dropout = 0.1};  // so that a resumed run has random numbers to get right
  flan::fresh_model(config, flan::byte_tokenizer(), 1).save(arguments[1]);
  return 0;
} catch (std::exception const& e) {
  std::fprintf(stderr, "make_folder: %s\n", e.what());
  return 1;
}
