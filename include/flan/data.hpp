#pragma once
/// Records from files, tasks, mixtures, batches of examples; prompt.hpp with it. No tensors: link flan::text.

#include "flan/data/batch.hpp"
#include "flan/data/batching.hpp"
#include "flan/data/delimited.hpp"
#include "flan/data/example.hpp"
#include "flan/data/jsonl.hpp"
#include "flan/data/mixture.hpp"
#include "flan/data/source.hpp"
#include "flan/data/task.hpp"
#include "flan/prompt.hpp"
