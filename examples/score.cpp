// How likely a model finds given answers: reads {"input", "targets"} a line, adds "logprobs" and "token_logprobs".

#include <CLI/CLI.hpp>
#include <cstdio>
#include <fstream>
#include <iostream>
#include <nlohmann/json.hpp>

#include "flan/core/parallel.hpp"
#include "flan/data/jsonl.hpp"
#include "flan/generate/load.hpp"

namespace {

using json = nlohmann::ordered_json;

json const& member(json const& object, char const* name) {
  if (!object.is_object()) flan::fail("expected an object with \"input\" and \"targets\"");
  auto const at = object.find(name);
  if (at == object.end()) flan::fail("the object has no \"", name, "\"");
  return *at;
}

std::string text_of(json const& value, char const* what) {
  if (!value.is_string()) flan::fail(what, " is not a string; for token ids add --ids");
  return value.get<std::string>();
}

std::vector<flan::token> ids_of(json const& value, char const* what) {
  if (!value.is_array()) flan::fail(what, " is not a list of token ids, which --ids promises");
  std::vector<flan::token> ids;
  for (auto const& id : value) {
    if (!id.is_number_integer() || id.get<std::int64_t>() < 0 || id.get<std::int64_t>() > 0x7fffffff)
      flan::fail(what, " contains ", id.dump(), ", which is no token id");
    ids.push_back(id.get<flan::token>());
  }
  return ids;
}

template <class Model>
std::vector<flan::target_score> score(Model const& model, json const& object, bool ids) {
  auto const& input = member(object, "input");
  auto const& targets = member(object, "targets");
  if (!targets.is_array()) flan::fail("\"targets\" is not a list");
  if (ids) {
    std::vector<std::vector<flan::token>> target_ids;
    for (auto const& t : targets) target_ids.push_back(ids_of(t, "a target"));
    return model.score_ids(ids_of(input, "\"input\""), target_ids);
  }
  std::vector<std::string> texts;
  for (auto const& t : targets) texts.push_back(text_of(t, "a target"));
  return model.score(text_of(input, "\"input\""), texts);
}

template <class P>
void run(std::string const& folder, std::istream& in, std::string const& name, bool ids) {
  auto const model = flan::load<flan::any_t5, P>(folder);
  if (!ids) model.tokenizer();  // says what is missing before the first line
  std::string line;
  for (long number = 1; std::getline(in, line); ++number) {
    if (line.find_first_not_of(" \t\r") == std::string::npos) continue;
    std::string const where = flan::sentence(name, ':', number);
    static_cast<void>(flan::detail::parse_json_object(line, where, {.deepest = 200}));  // its errors are sentences
    json object = json::parse(line);                                                    // keeps the order of keys
    try {
      json sums = json::array(), tokens = json::array();
      for (auto const& s : score(model, object, ids)) {
        sums.push_back(s.sum);
        tokens.push_back(s.tokens);
      }
      object["logprobs"] = sums;
      object["token_logprobs"] = tokens;
      std::cout << object.dump() << std::endl;
    } catch (json::exception const& e) {
      flan::fail(where, ": ", e.what());
    } catch (flan::error const& e) {
      flan::fail(where, ": ", e.what());
    }
  }
  // std::cin reads through stdin, and only that knows of an error.
  if (in.bad() || (&in == &std::cin && std::ferror(stdin))) flan::fail("cannot read ", name);
  if (!std::cout) flan::fail("the output cannot be written");
}

}  // namespace

int main(int argc, char** argv) try {
  CLI::App app{
      "Log-probabilities of targets, given inputs. Each input is encoded once, whatever the number of targets."};
  std::string model, input, precision = "f32";
  int threads = 0;
  bool ids = false;
  app.add_option("--model", model, "folder of a T5-family model, as downloaded from Hugging Face")
      ->required()
      ->type_name("DIR");
  app.add_option("--input", input, "a JSON object a line: {\"input\": …, \"targets\": […]}; - is standard input")
      ->required()
      ->type_name("FILE");
  app.add_option("--precision", precision, "of weights and activations; q8: weights in 8 bits")
      ->check(CLI::IsMember({"f32", "bf16", "q8"}));
  app.add_option("--threads", threads, "default: what the system grants")->check(CLI::PositiveNumber);
  app.add_flag("--ids", ids, "input and targets are lists of token ids, taken as they are");
  app.footer(
      "Writes each object with \"logprobs\", one sum a target, and \"token_logprobs\". Texts get the end token.\n"
      "Exit status: 0 success, 1 failure, 2 wrong usage.");
  try {
    app.parse(argc, argv);
  } catch (CLI::ParseError const& e) {
    return app.exit(e) == 0 ? 0 : 2;
  }
  if (threads > 0) flan::set_threads(threads);
  std::ifstream file;
  if (input != "-") {
    file.open(input, std::ios::binary);
    if (!file) flan::fail("cannot open ", input);
  }
  std::istream& in = input == "-" ? std::cin : file;
  std::string const name = input == "-" ? "standard input" : input;
  if (precision == "bf16") {
    run<flan::bf16_mixed>(model, in, name, ids);
  } else if (precision == "q8") {
    run<flan::q8_weights>(model, in, name, ids);
  } else {
    run<flan::fp32>(model, in, name, ids);
  }
  return 0;
} catch (std::exception const& e) {
  std::cerr << "score: " << e.what() << '\n';
  return 1;
}
