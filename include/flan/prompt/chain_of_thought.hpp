#pragma once
/// Questions with worked answers, and ways to ask for the working.

#include <string>
#include <string_view>

#include "flan/core/members.hpp"
#include "flan/prompt/instruction.hpp"

namespace flan {

/// The three columns of the chain-of-thought sets of Flan 2022, in their order.
struct worked_answer {
  std::string question, answer, chain_of_thought;
  static constexpr auto members = flan::members("question", &worked_answer::question, "answer", &worked_answer::answer,
                                                "chain_of_thought", &worked_answer::chain_of_thought);
};

/// Asks for the reasoning and then the answer. Each target ends "the answer is …." so that `answer_of` finds it.
inline constexpr instruction<worked_answer> reason_then_answer[] = {
    {"{question}\nReason step by step before you answer.", "{chain_of_thought} So the answer is {answer}."},
    {"Question: {question}\nExplain how you get there, then answer.",
     "{chain_of_thought}\nTherefore, the answer is {answer}."},
    {"{question}\n\nFirst the reasoning, then the answer:", "{chain_of_thought} Hence the answer is {answer}."},
    {"Work this out: {question}\nReasoning:", "{chain_of_thought} Thus the answer is {answer}."},
};

/// Asks for the answer alone: the same questions without their working.
inline constexpr instruction<worked_answer> answer_directly[] = {
    {"{question}\nAnswer:", "{answer}"},
    {"Question: {question}\nGive only the answer.", "{answer}"},
};

/// What follows the last "answer is" of a worked answer, without the full stop and spaces around it; all of the text
/// when the words are not in it.
inline std::string_view answer_of(std::string_view text) {
  constexpr std::string_view cue = "answer is", blank = " \t\n\r:.";
  if (auto const at = text.rfind(cue); at != std::string_view::npos) text.remove_prefix(at + cue.size());
  auto const begin = text.find_first_not_of(" \t\n\r:");
  if (begin == std::string_view::npos) return {};
  return text.substr(begin, text.find_last_not_of(blank) + 1 - begin);
}

}  // namespace flan
