#pragma once
/// Everything on the CPU: open a folder, generate, score, embed, finetune, save. Link flan::flan. A program that does
/// not train compiles a second faster with generate.hpp.

#include "flan/checkpoint/read.hpp"
#include "flan/checkpoint/write.hpp"
#include "flan/core/config.hpp"
#include "flan/core/precision.hpp"
#include "flan/cpu/backend.hpp"
#include "flan/data.hpp"
#include "flan/generate/fresh_model.hpp"
#include "flan/generate/load.hpp"
#include "flan/generate/text_model.hpp"
#include "flan/model/initialize.hpp"
#include "flan/model/presets.hpp"
#include "flan/model/t5.hpp"
#include "flan/prompt.hpp"
#include "flan/text/any_tokenizer.hpp"
#include "flan/text/bytes.hpp"
#include "flan/text/sentencepiece.hpp"
#include "flan/train/finetune.hpp"
