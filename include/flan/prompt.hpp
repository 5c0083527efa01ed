#pragma once
/// Records turned into instructions: templates that the compiler checks, choices, few-shot, chain of thought. No
/// tensors: link flan::text.

#include "flan/core/config.hpp"
#include "flan/prompt/chain_of_thought.hpp"
#include "flan/prompt/choice.hpp"
#include "flan/prompt/instruction.hpp"
#include "flan/prompt/prompt.hpp"
#include "flan/prompt/record.hpp"
