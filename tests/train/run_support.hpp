#pragma once
/// Small whole runs: a nano model over bytes, a task, and the files that a run leaves.

#include <map>
#include <string>

#include "flan/data/task.hpp"
#include "flan/generate/load.hpp"
#include "flan/text/bytes.hpp"
#include "flan/train/finetune.hpp"
#include "support/temporary_folder.hpp"
#include "train/support.hpp"

namespace flan::testing {

inline constexpr t5_config nano_bytes = [] {
  auto c = nano;
  c.vocabulary = 384;
  return c;
}();

inline mixture nano_mixture(int records = 40, std::string const& input = "say {a}") {
  std::vector<std::vector<std::string>> rows;
  for (int i = 0; i < records; ++i) rows.push_back({std::to_string(i), std::to_string(i % 7)});
  return text_task("sevens", text_source({"a", "b"}, rows), input, "{b}");
}

/// Dropout and accumulation on, a checkpoint every second step, resuming where there is something to resume.
inline finetune_options nano_options(std::filesystem::path const& folder, extent steps) {
  finetune_options o;
  o.steps = steps;
  o.batch_tokens = 512, o.accumulate = 2, o.max_input = 32, o.max_target = 16;
  o.optimizer = adamw{.rate = 1e-2};
  o.clip = 1;
  o.dropout = 0.1;
  o.seed = 7;
  o.output = folder;
  if (!folder.empty()) o.save_every = 2, o.keep = 3, o.resume = true;
  return o;
}

template <class P = fp32, class B = cpu_backend>
struct nano_run {
  std::filesystem::path folder;
  text_model<nano_bytes, P, B> model;

  explicit nano_run(std::filesystem::path f)
      : folder(std::move(f)),
        model(fresh(), B(), any_tokenizer(byte_tokenizer()), generation_defaults_of(nano_bytes)) {}

  finetune_result go(finetune_options const& o, mixture const& data = nano_mixture()) {
    return finetune(model, data, o);
  }
  finetune_result go(extent steps) { return go(nano_options(folder, steps)); }

 private:
  static t5<nano_bytes, P> fresh() {
    B be;
    t5<nano_bytes, P> m;
    initialize(be, m, 1);
    return m;
  }
};

/// The files of a checkpoint, bytes by name.
inline std::map<std::string, std::string> state_bytes(std::filesystem::path const& folder, extent step) {
  std::map<std::string, std::string> files;
  for (char const* name : {"model.safetensors", "optimizer.safetensors", "training.json", "config.json"})
    files[name] = get_file(checkpoints(folder).path_of(step) / name);
  return files;
}

}  // namespace flan::testing
