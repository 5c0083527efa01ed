#pragma once
/// Ways to word Alpaca's instructions, with the input that they speak of and without one. The wordings are this
/// library's own.

#include "flan/data/alpaca.hpp"
#include "flan/prompt/prompt.hpp"

namespace flan {

/// `alone` where the record's input is empty.
struct alpaca_wording {
  prompt<alpaca_record> input, alone, target;
};

inline constexpr alpaca_wording alpaca_wordings[] = {
    {"{instruction}\n\n{input}", "{instruction}", "{output}"},
    {"Instruction: {instruction}\nInput: {input}\nResponse:", "Instruction: {instruction}\nResponse:", "{output}"},
    {"{input}\n\nHere is what I need you to do with that: {instruction}",
     "Here is what I need you to do today: {instruction}", "{output}"},
    {"Somebody writes to an assistant, \"{instruction}\", and attaches the following.\n\n{input}\n\n"
     "Write the assistant's reply.",
     "Somebody writes to an assistant, \"{instruction}\" Write the assistant's reply.", "{output}"},
    {"Request: {instruction}\nMaterial: {input}\nOutcome:", "Request: {instruction}\nOutcome:", "{output}"},
    {"Below are some data and, after them, what becomes of them.\n\nData\n{input}\n\nTo do\n{instruction}\n\nDone",
     "There is one entry on the list for today.\n\nTo do\n{instruction}\n\nDone", "{output}"},
    {"You are known for complete and careful answers. {instruction}\nThis is what it is about: {input}",
     "You are known for complete and careful answers. {instruction}", "{output}"},
    {"User: {instruction}\n{input}\nAssistant:", "User: {instruction}\nAssistant:", "{output}"},
    {"The order stands on the last line, what it refers to before it. Carry it out.\n{input}\n{instruction}",
     "The order stands on the last line. Carry it out.\n{instruction}", "{output}"},
    {"A text was given to somebody together with a request, and the answer was:\n{output}\nThe text was:\n{input}\n"
     "What was the request?",
     "A request got the answer that you see here. What was the request?\n\n{output}", "{instruction}"},
    {"Can you help me? {instruction} I mean this: {input} Thank you!", "Can you help me? {instruction} Thank you!",
     "{output}"},
};

}  // namespace flan
