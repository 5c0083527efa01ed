// Answers prompts with any T5-family folder: once, for a file of prompts, or in a small loop.

#include <unistd.h>

#include <CLI/CLI.hpp>
#include <algorithm>
#include <cstdio>
#include <fstream>
#include <iostream>
#include <nlohmann/json.hpp>
#include <optional>

#include "flan/core/parallel.hpp"
#include "flan/generate/load.hpp"
#include "support/brackets.hpp"
#include "support/ids.hpp"

namespace {

struct settings {
  std::string model, precision = "f32", prompts_file, early, suppress;
  std::vector<std::string> prompts;
  int threads = 0;
  bool sample = false, stream = false, json = false, ids = false;
  // What is given here outweighs the folder's generation_config.json.
  std::optional<double> temperature, top_p, min_p, typical_p;
  std::optional<flan::extent> top_k;
  std::optional<std::uint64_t> seed;
  flan::generate_options options;
};

/// A prompt a line; files from other systems end theirs with "\r\n".
bool read_prompt(std::istream& in, std::string& line) {
  if (!std::getline(in, line)) return false;
  if (line.ends_with('\r')) line.pop_back();
  return true;
}

void check_read(std::istream const& in, std::string const& name) {
  // std::cin reads through stdin, and only that knows of an error.
  if (in.bad() || (&in == &std::cin && std::ferror(stdin))) flan::fail("cannot read ", name);
}

std::vector<std::string> read_lines(std::istream& in, std::string const& name) {
  std::vector<std::string> lines;
  for (std::string line; read_prompt(in, line);) lines.push_back(line);
  check_read(in, name);
  return lines;
}

/// Where the prompts come from: the command line, a file, standard input; nothing: the loop.
std::optional<std::vector<std::string>> all_prompts(settings const& s) {
  bool const dash = s.prompts == std::vector<std::string>{"-"};
  if (!s.prompts_file.empty() && !s.prompts.empty())
    throw CLI::ValidationError("give prompts as arguments or with --prompts, not both");
  if (dash || s.prompts_file == "-") return read_lines(std::cin, "standard input");
  if (!s.prompts_file.empty()) {
    std::ifstream file(s.prompts_file, std::ios::binary);
    if (!file) flan::fail("cannot open ", s.prompts_file);
    return read_lines(file, s.prompts_file);
  }
  if (!s.prompts.empty()) return s.prompts;
  return std::nullopt;
}

template <class Model>
std::vector<flan::token> input_ids(Model const& model, settings const& s, std::string const& prompt) {
  return s.ids ? support::parse_ids(prompt, "prompt \"" + prompt + "\"") : model.input_ids(prompt);
}

/// One answer as text, or as ids where there is no vocabulary.
template <class Model>
std::string shown(Model const& model, flan::generation const& g) {
  if (model.has_tokenizer()) return g.text;
  std::string s;
  for (auto const id : g.ids) s += flan::sentence(s.empty() ? "" : " ", id);
  return s;
}

template <class Model>
void print(Model const& model, settings const& s, std::string const& prompt, std::vector<flan::token> const& input,
           std::vector<flan::generation> const& answers) {
  if (!s.json) {
    for (auto const& a : answers) std::cout << shown(model, a) << '\n';
    return;
  }
  auto outputs = nlohmann::ordered_json::array();
  for (auto const& a : answers) outputs.push_back({{"text", a.text}, {"ids", a.ids}, {"score", a.score}});
  nlohmann::ordered_json const object = {
      {"prompt", flan::repair_utf8(prompt)}, {"input_ids", input}, {"outputs", outputs}};
  std::cout << object.dump() << '\n';
}

template <class Model>
void answer_streaming(Model const& model, settings const& s, std::string const& prompt) {
  for (auto const& piece : model.stream_ids(input_ids(model, s, prompt), s.options)) std::cout << piece << std::flush;
  std::cout << '\n';
}

template <class Model>
void answer_all(Model const& model, settings const& s, std::vector<std::string> const& prompts) {
  constexpr std::size_t together = 8;  // prompts in one padded batch: what comes out does not depend on it
  for (std::size_t first = 0; first < prompts.size(); first += together) {
    std::size_t const last = std::min(prompts.size(), first + together);
    std::vector<std::vector<flan::token>> inputs;
    for (std::size_t i = first; i < last; ++i) inputs.push_back(input_ids(model, s, prompts[i]));
    auto const answers = model.generate_ids(inputs, s.options);
    for (std::size_t i = first; i < last; ++i) print(model, s, prompts[i], inputs[i - first], answers[i - first]);
    std::cout.flush();
  }
}

template <class Model>
void talk(Model const& model, settings const& s) {
  bool const person = ::isatty(STDIN_FILENO) != 0;
  if (person) std::cerr << "A line is a prompt; an empty line or the end of input leaves.\n";
  for (std::string line; (person ? std::cerr << "> " : std::cerr), read_prompt(std::cin, line);) {
    if (line.empty() && person) break;
    try {
      if (s.stream) {
        answer_streaming(model, s, line);
      } else {
        answer_all(model, s, {line});
      }
    } catch (flan::error const& e) {
      if (!person) throw;
      std::cerr << e.what() << '\n';  // the next prompt may do better
    }
  }
  check_read(std::cin, "standard input");
}

/// Options that depend on what the folder asks for.
void fill_options(settings& s, flan::generation_defaults const& folder) {
  auto& o = s.options;
  bool const beams_given = o.beams && *o.beams > 1;
  bool const filters = s.temperature || s.top_k || s.top_p || s.min_p || s.typical_p;
  bool const samples = s.sample || (folder.sample.value_or(false) && !beams_given);
  if ((filters || s.seed) && !samples)
    throw CLI::ValidationError(filters ? "--temperature, --top-k, --top-p, --min-p and --typical-p need --sample"
                                       : "--seed needs --sample: without it nothing is drawn");
  if (s.seed) o.seed = *s.seed;
  if (s.sample || filters) {
    auto const own = flan::detail::folder_sampling(folder);
    o.sampling = flan::sampling{.temperature = s.temperature.value_or(own.temperature),
                                .top_k = s.top_k.value_or(own.top_k),
                                .top_p = s.top_p.value_or(own.top_p),
                                .min_p = s.min_p.value_or(own.min_p),
                                .typical_p = s.typical_p.value_or(own.typical_p)};
  }
  auto const beams = o.beams.value_or(o.sampling ? 1 : folder.beams.value_or(1));
  if (beams <= 1 && (o.length_penalty || o.early_stopping))
    throw CLI::ValidationError(flan::sentence(o.length_penalty ? "--length-penalty" : "--early-stopping",
                                              " is for a beam search: add --beams N, with N above 1"));
}

template <class P>
void run(settings s) {
  auto const prompts = all_prompts(s);
  auto const model = flan::load<flan::any_t5, P>(s.model);
  fill_options(s, model.defaults());
  if (!s.ids) model.tokenizer();  // says what is missing before the first prompt
  if (!prompts) {
    talk(model, s);
  } else if (s.stream) {
    for (auto const& p : *prompts) answer_streaming(model, s, p);
  } else {
    answer_all(model, s, *prompts);
  }
  std::cout.flush();
  if (!std::cout) flan::fail("the output cannot be written");
}

void add_options(CLI::App& app, settings& s) {
  auto& o = s.options;
  app.add_option("--model", s.model, "folder of a T5-family model, as downloaded from Hugging Face")
      ->required()
      ->type_name("DIR");
  app.add_option("--precision", s.precision, "of weights and activations; q8: weights in 8 bits")
      ->check(CLI::IsMember({"f32", "bf16", "q8"}));
  app.add_option("--threads", s.threads, "default: what the system grants")->check(CLI::PositiveNumber);
  app.add_option("--max-tokens", o.max_tokens, "new tokens at most (default: the folder's, else 128)");
  app.add_option("--min-tokens", o.min_tokens, "no end before so many new tokens");
  app.add_option("--beams", o.beams, "sequences that a beam search keeps");
  app.add_option("--return", o.return_sequences, "answers for each prompt");
  app.add_option("--length-penalty", o.length_penalty, "beam scores are divided by length^X");
  app.add_option("--early-stopping", s.early, "when a beam search ends")
      ->check(CLI::IsMember({"true", "false", "never"}));
  app.add_flag("--sample", s.sample, "draw tokens instead of taking the likeliest");
  app.add_option("--temperature", s.temperature, "divides the logits (default: the folder's, else 1)");
  app.add_option("--top-k", s.top_k, "the K likeliest tokens; 0: any (default: the folder's, else 50)");
  app.add_option("--top-p", s.top_p, "the likeliest tokens up to mass P (default: the folder's, else 1)");
  app.add_option("--min-p", s.min_p, "tokens at least P times as likely as the likeliest");
  app.add_option("--typical-p", s.typical_p, "tokens of typical surprise up to mass X");
  app.add_option("--seed", s.seed, "the same seed, the same tokens");
  app.add_option("--repetition-penalty", o.repetition_penalty, "above 1: tokens that were there become less likely");
  app.add_option("--no-repeat-ngram", o.no_repeat_ngram, "no N tokens in a row twice");
  app.add_option("--suppress", s.suppress, "token ids that never come, separated by commas or spaces")
      ->type_name("IDS");
  app.add_option("--stop", o.stop, "an answer ends before this text (may be given several times)")
      ->type_name("TEXT")
      ->expected(1)
      ->allow_extra_args(false)  // else the first one swallows the prompts behind it
      ->take_all();
  app.add_option("--prefix", o.prefix, "answers begin with this text")->type_name("TEXT");
  app.add_flag("--stream", s.stream, "show the answer while it is made; the folder needs a vocabulary");
  app.add_flag("--json", s.json, "one object a prompt: prompt, input_ids, outputs of text, ids, score");
  app.add_flag("--ids", s.ids, "prompts are token ids separated by spaces, taken as they are");
  app.add_option("--prompts", s.prompts_file, "a prompt a line; - is standard input")->type_name("FILE");
  app.add_option("prompt", s.prompts, "prompts; - reads them from standard input; none: a small loop");
  app.footer("Exit status: 0 success, 1 failure, 2 wrong usage.");
}

/// Throws CLI::ParseError where options contradict each other or the folder.
void start(settings& s) {
  if (s.threads > 0) flan::set_threads(s.threads);
  if (!s.early.empty())
    s.options.early_stopping = s.early == "never"  ? flan::early_stopping::never
                               : s.early == "true" ? flan::early_stopping::yes
                                                   : flan::early_stopping::no;
  std::replace(s.suppress.begin(), s.suppress.end(), ',', ' ');
  if (!s.suppress.empty()) try {
      s.options.suppressed = support::parse_ids(s.suppress, "--suppress");
    } catch (flan::error const& e) {
      throw CLI::ValidationError(e.what());
    }
  if (s.precision == "bf16") {
    run<flan::bf16_mixed>(s);
  } else if (s.precision == "q8") {
    run<flan::q8_weights>(s);
  } else {
    run<flan::fp32>(s);
  }
}

}  // namespace

int main(int argc, char** argv) try {
  CLI::App app{"Generates text with a T5-family model."};
  settings s;
  add_options(app, s);
  try {
    support::marked_arguments const arguments(argc, argv);
    app.parse(arguments.size(), arguments.data());
    for (auto* text : {&s.model, &s.prompts_file, &s.suppress, &s.options.prefix}) support::unmark(*text);
    for (auto* texts : {&s.options.stop, &s.prompts}) support::unmark(*texts);
    if (s.stream && s.json) throw CLI::ValidationError("--stream and --json exclude each other");
    start(s);
  } catch (CLI::ParseError const& e) {
    return app.exit(e) == 0 ? 0 : 2;
  }
  return 0;
} catch (std::exception const& e) {
  std::cerr << "generate: " << e.what() << '\n';
  return 1;
}
