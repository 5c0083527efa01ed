#pragma once
/// The published data beside the golden numbers: FLAN_SHARED/data.

#include <string>

#include "flan/data/delimited.hpp"
#include "flan/data/task.hpp"
#include "flan/prompt/chain_of_thought.hpp"
#include "support/shared.hpp"

namespace flan::testing {

inline std::filesystem::path published() { return shared_folder().value() / "data"; }

/// What is shared is not ours to put indexes into.
inline read_options const uncached{.cache = false};

/// FLAN's chain-of-thought files.
inline table_options const flan_columns{.columns = {"question", "answer", "chain_of_thought"},
                                        .unescape = {"question", "chain_of_thought"}};
inline task<worked_answer> cot(std::string const& name) {
  return {name, tsv<worked_answer>(published() / "cot" / "flan_v2" / (name + "_train.tsv"), flan_columns, uncached),
          reason_then_answer};
}

}  // namespace flan::testing
