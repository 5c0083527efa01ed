#pragma once
/// How the quickstart's tasks are worded. The model is finetuned on `seen`; `unseen` wordings are for the test alone.

#include "flan/prompt/instruction.hpp"
#include "quickstart/records.hpp"

namespace quickstart {

template <class Record>
struct wordings;

template <>
struct wordings<span_of_words> {
  static constexpr flan::instruction<span_of_words> seen[] = {
      {"Repeat: {words}", "{words}"},
      {"Repeat these words: {words}", "{words}"},
      {"Copy these words: {words}", "{words}"},
      {"{words}\nRepeat the words above.", "{words}"},
      {"Say this again: {words}", "{words}"},
      {"Please copy this: {words}", "{words}"},
      {"Write these words again: {words}", "{words}"},
  };
  static constexpr flan::instruction<span_of_words> unseen[] = {
      {"Please repeat this: {words}", "{words}"},
      {"{words}\nCopy the words above.", "{words}"},
  };
};

template <>
struct wordings<unsorted> {
  static constexpr flan::instruction<unsorted> seen[] = {
      {"Sort: {words}", "{sorted}"},
      {"Sort these words: {words}", "{sorted}"},
      {"{words}\nSort the words above.", "{sorted}"},
      {"Write these words from A to Z: {words}", "{sorted}"},
      {"Put this in order: {words}", "{sorted}"},
      {"Please sort this from A to Z: {words}", "{sorted}"},
      {"{words}\nPut these words in order.", "{sorted}"},
  };
  static constexpr flan::instruction<unsorted> unseen[] = {
      {"Please sort these words: {words}", "{sorted}"},
      {"Put these words in order: {words}", "{sorted}"},
  };
};

template <>
struct wordings<addition> {
  static constexpr flan::instruction<addition> seen[] = {
      {"Add {a} and {b}. Think step by step.", "{working} The answer is {sum}."},
      {"What is {a} + {b}? Think step by step.", "{working} The answer is {sum}."},
      {"{a} + {b} = ? Give the steps.", "{working} The answer is {sum}."},
      {"Think step by step: what is the sum of {a} and {b}?", "{working} The answer is {sum}."},
      {"Add: {a} + {b}. Give the steps.", "{working} The answer is {sum}."},
      {"Give the steps: {a} + {b}", "{working} The answer is {sum}."},
  };
  static constexpr flan::instruction<addition> unseen[] = {
      {"What is the sum of {a} and {b}? Give the steps.", "{working} The answer is {sum}."},
      {"Think step by step. Add {a} and {b}.", "{working} The answer is {sum}."},
  };
};

template <>
struct wordings<quiz> {
  static constexpr flan::instruction<quiz> seen[] = {
      {"Which of these is a kind of {kind}?\n{options}", "{answer}"},
      {"{options}\nWhich one is a kind of {kind}?", "{answer}"},
      {"Choose the {kind}.\n{options}", "{answer}"},
      {"Question: which is the {kind}?\n{options}\nAnswer:", "{answer}"},
      {"{options}\nChoose the {kind}.", "{answer}"},
      {"Pick the {kind} from these options.\n{options}", "{answer}"},
  };
  static constexpr flan::instruction<quiz> unseen[] = {
      {"Which one of these options is the {kind}?\n{options}", "{answer}"},
      {"{options}\nQuestion: which one is the {kind}?", "{answer}"},
  };
};

template <>
struct wordings<review> {
  static constexpr flan::instruction<review> seen[] = {
      {"{text}. Is this positive or negative?", "{feeling}"},
      {"Review: {text}.\nFeeling:", "{feeling}"},
      {"Is this review positive or negative? {text}.", "{feeling}"},
      {"{text}.\n{feeling:options}", "{feeling}"},
      {"What is the feeling of this review? {text}.\n{feeling:options}", "{feeling}"},
      {"Positive or negative: {text}", "{feeling}"},
  };
  static constexpr flan::instruction<review> unseen[] = {
      {"Review: {text}. Is the feeling positive or negative?", "{feeling}"},
      {"What is the feeling here? {text}.", "{feeling}"},
  };
};

template <>
struct wordings<pair_of_numbers> {
  static constexpr flan::instruction<pair_of_numbers> seen[] = {
      {"Which is larger, {a} or {b}?", "{larger}"},
      {"Larger: {a} or {b}?", "{larger}"},
      {"Which number is larger: {a} or {b}?", "{larger}"},
      {"Write the larger number of {a} and {b}.", "{larger}"},
      {"{a}, {b}\nWhich number is the larger one?", "{larger}"},
      {"Pick the larger one: {a}, {b}", "{larger}"},
  };
  static constexpr flan::instruction<pair_of_numbers> unseen[] = {
      {"Of {a} and {b}, which is the larger number?", "{larger}"},
      {"Pick the larger number: {a} or {b}", "{larger}"},
  };
};

template <>
struct wordings<tally> {
  static constexpr flan::instruction<tally> seen[] = {
      {"How many times does {word} appear here? {row}", "{count}"},
      {"Count the word {word}: {row}", "{count}"},
      {"{row}\nHow many times is {word} above?", "{count}"},
      {"How often is the word {word} in this row? {row}", "{count}"},
      {"{row}\nCount the word {word} above.", "{count}"},
      {"How many {word} are in this row: {row}", "{count}"},
  };
  static constexpr flan::instruction<tally> unseen[] = {
      {"Count how often {word} is in this row: {row}", "{count}"},
      {"{row}\nHow many times does {word} appear?", "{count}"},
  };
};

template <>
struct wordings<heights> {
  static constexpr flan::instruction<heights> seen[] = {
      {"{facts} Who is the tallest? Think step by step.", "{reasoning} The answer is {tallest}."},
      {"{facts}\nQuestion: who is tallest? Give the steps.", "{reasoning} The answer is {tallest}."},
      {"Who is the tallest? {facts} Give the steps.", "{reasoning} The answer is {tallest}."},
      {"Think step by step: who is the tallest? {facts}", "{reasoning} The answer is {tallest}."},
      {"{facts} Name the tallest. Think step by step.", "{reasoning} The answer is {tallest}."},
  };
  static constexpr flan::instruction<heights> unseen[] = {
      {"{facts}\nThink step by step. Who is the tallest?", "{reasoning} The answer is {tallest}."},
      {"Question: who is the tallest? Give the steps. {facts}", "{reasoning} The answer is {tallest}."},
  };
};

template <>
struct wordings<row_of_words> {
  static constexpr flan::instruction<row_of_words> seen[] = {
      {"What is the last word? {row}", "{last}"},      {"Last word: {row}", "{last}"},
      {"{row}\nWhich word is last?", "{last}"},        {"Give the last word of this row: {row}", "{last}"},
      {"{row}\nWrite the last word above.", "{last}"}, {"Which word comes last here? {row}", "{last}"},
  };
  static constexpr flan::instruction<row_of_words> unseen[] = {
      {"What is the last word of this row? {row}", "{last}"},
      {"{row}\nGive the last word above.", "{last}"},
  };
};

template <>
struct wordings<phrase> {
  static constexpr flan::instruction<phrase> seen[] = {
      {"In Spanish: {english}", "{spanish}"},         {"Translate to Spanish: {english}", "{spanish}"},
      {"What is {english} in Spanish?", "{spanish}"}, {"English: {english}\nSpanish:", "{spanish}"},
      {"Say {english} in Spanish.", "{spanish}"},     {"{english}\nTranslate this to Spanish.", "{spanish}"},
  };
  static constexpr flan::instruction<phrase> unseen[] = {
      {"Translate {english} to Spanish.", "{spanish}"},
      {"English: {english}\nWhat is this in Spanish?", "{spanish}"},
  };
};

}  // namespace quickstart
