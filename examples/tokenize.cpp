// Text to token ids and back, a line at a time.

#include <CLI/CLI.hpp>
#include <cstdio>
#include <functional>
#include <iostream>
#include <nlohmann/json.hpp>

#include "flan/text/any_tokenizer.hpp"
#include "support/ids.hpp"

namespace {

using decoder = std::function<std::string(std::vector<flan::token> const&)>;

/// Ids to text, special tokens as `special` says.
decoder decoder_for(std::string const& vocabulary, flan::any_tokenizer const& tokenizer, std::string const& special) {
  if (special == "slow")
    return [t = flan::sentencepiece_tokenizer(vocabulary)](auto const& ids) { return t.decode_slow(ids); };
  return [tokenizer, skip = special == "skip"](auto const& ids) { return tokenizer.decode(ids, skip); };
}

void run(std::string const& vocabulary, bool decode, std::string const& special, bool json) {
  auto const tokenizer = flan::load_tokenizer(vocabulary);
  if (!tokenizer) flan::fail("the folder ", vocabulary, " has no vocabulary (no spiece.model, and it is no ByT5)");
  auto const decoded = decoder_for(vocabulary, *tokenizer, special);
  std::string line;
  for (long number = 1; std::getline(std::cin, line); ++number) {
    std::vector<flan::token> const ids =
        decode ? support::parse_ids(line, flan::sentence("line ", number)) : tokenizer->encode(line);
    std::string const text = decode ? decoded(ids) : line;
    if (json) {
      // Bytes that are not UTF-8 cannot stand in JSON.
      std::cout << nlohmann::ordered_json{{"text", flan::repair_utf8(text)}, {"ids", ids}}.dump() << '\n';
    } else if (decode) {
      std::cout << text << '\n';
    } else {
      for (std::size_t i = 0; i < ids.size(); ++i) std::cout << (i ? " " : "") << ids[i];
      std::cout << '\n';
    }
  }
  // std::cin reads through stdin, and only that knows of an error.
  if (std::cin.bad() || std::ferror(stdin)) flan::fail("cannot read standard input");
  std::cout.flush();
  if (!std::cout) flan::fail("the output cannot be written");
}

}  // namespace

int main(int argc, char** argv) try {
  CLI::App app{
      "Reads lines from standard input and writes their token ids, without the final end token; with --decode "
      "the other way round."};
  std::string vocabulary, special = "skip";
  bool decode = false, json = false;
  app.add_option("--vocab", vocabulary, "spiece.model, another sentencepiece file, or the folder of a model")
      ->required()
      ->type_name("FILE");
  auto* const decodes = app.add_flag("--decode", decode, "read ids separated by spaces, write text");
  app.add_option("--special", special,
                 "with --decode, special tokens are left out (skip), kept as T5TokenizerFast and transformers 5 write "
                 "them (keep), or kept and spaced as the slow T5Tokenizer of transformers 4 did (slow)")
      ->check(CLI::IsMember({"skip", "keep", "slow"}))
      ->needs(decodes)
      ->capture_default_str();
  app.add_flag("--json", json, "write {\"text\", \"ids\"} for each line");
  app.footer("Exit status: 0 success, 1 failure, 2 wrong usage.");
  try {
    app.parse(argc, argv);
  } catch (CLI::ParseError const& e) {
    return app.exit(e) == 0 ? 0 : 2;
  }
  run(vocabulary, decode, special, json);
  return 0;
} catch (std::exception const& e) {
  std::cerr << "tokenize: " << e.what() << '\n';
  return 1;
}
