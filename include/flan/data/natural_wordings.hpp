#pragma once
/// Ways to word Natural Instructions, whose tasks bring a definition each. The wordings are this library's own.

#include "flan/data/natural_instructions.hpp"
#include "flan/prompt/instruction.hpp"

namespace flan {

inline constexpr instruction<natural_instruction> natural_instruction_wordings[] = {
    {"{definition}\n\n{input}", "{output}"},
    {"{definition}\n\nInput: {input}\nOutput:", "{output}"},
    {"{input}\n\nDo the following with the text above.\n{definition}", "{output}"},
    {"A job comes in, with one item to do it on.\nJob: {definition}\nItem: {input}\nResult:", "{output}"},
    {"Instructions for annotators: {definition}\n\nPlease annotate this instance, and write nothing else.\n{input}",
     "{output}"},
    {"Here is an item.\n\n{input}\n\nThis is how items of its kind are handled: {definition} Handle it.", "{output}"},
    {"A worker got a guideline and did exactly what it says in the case that follows. What did the worker hand in?\n\n"
     "Guideline: {definition}\nCase: {input}",
     "{output}"},
    {"Case\n{input}\n\nRule\n{definition}\n\nWhat the rule makes of the case", "{output}"},
    {"Q: {definition}\n{input}\nA:", "{output}"},
    {"Read the definition of the task with care and look at the example's input; then state in a sentence what belongs "
     "there.\n\nDefinition: {definition}\nInput of the example: {input}",
     "What belongs there is {output}"},
    {"Invent an input for which somebody who follows these instructions would write \"{output}\".\n\n{definition}",
     "{input}"},
    {"You have done this a hundred times: {definition}\nNumber one hundred and one: {input}", "{output}"},
};

}  // namespace flan
