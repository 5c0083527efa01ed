#include <algorithm>
#include <string>

#include "flan/reference/backend.hpp"
#include "flan/testing/unreadable_backend.hpp"
#include "support/catch.hpp"
#include "support/tiny_text_model.hpp"

using namespace flan;
using ids = std::vector<token>;

namespace {
using device = testing::unreadable_backend<reference_backend>;

/// Text of letters, spaces and é, which is two bytes, sometimes cut by chance: hard on whoever streams.
generate_options letters(std::uint64_t seed) {
  return {.max_tokens = 60,
          .sampling = sampling{.temperature = 2},
          .seed = seed,
          .suppressed = testing::all_but("ab c.\xC3\xA9"),
          .end_ids = ids{}};
}
template <class Model>
std::string streamed(Model const& model, std::string const& prompt, generate_options const& o) {
  std::string all;
  for (auto const& piece : model.stream(prompt, o)) {
    CHECK(!piece.empty());
    CHECK(is_utf8(piece));
    all += piece;
  }
  return all;
}
}  // namespace

TEST_CASE("texts get the end token, an empty one too; ids are taken as they are") {
  auto const model = testing::tiny_text_model(reference_backend{});
  CHECK(model.input_ids("ab") == ids{100, 101, 1});
  CHECK(model.input_ids("") == ids{1});
  generate_options const o{.max_tokens = 6};
  auto const by_text = model.generations({"ab", ""}, o), by_ids = model.generate_ids({{100, 101, 1}, {1}}, o);
  for (std::size_t i = 0; i < 2; ++i) CHECK(by_text[i][0].ids == by_ids[i][0].ids);
  CHECK(model.generate(std::vector<std::string>{}).empty());
  CHECK(model.generate("ab", o) == by_text[0][0].text);
  CHECK(model.generate("ab", o) == model.tokenizer().decode(by_text[0][0].ids));
  CHECK(model.generate({"ab", ""}, o) == std::vector{by_text[0][0].text, by_text[1][0].text});
  std::string const one = "ab";
  CHECK(model.generate({one, "c", ""}, o).size() == 3);
  CHECK(model.generate({"ab"}, o) == std::vector{by_text[0][0].text});
  CHECK(model.generations({"ab", ""}, o)[1][0].ids == by_ids[1][0].ids);
  std::string const odd("\0\xff\xfe", 3);  // NUL and what is no UTF-8
  CHECK(is_utf8(model.generate(odd, o)));
}

TEST_CASE("a stream hands out whole characters that add up to the answer") {
  auto const model = testing::tiny_text_model(reference_backend{});
  bool several = false;
  for (std::uint64_t seed = 0; seed < 8; ++seed) {
    auto const o = letters(seed);
    auto const whole = model.generate("tell", o);
    CHECK(streamed(model, "tell", o) == whole);
    several = several || whole.find("\xC3\xA9") != whole.npos;
  }
  CHECK(several);
  auto pieces = model.stream("tell", letters(1));
  CHECK(pieces.begin() != pieces.end());
  // Left half way: its session goes back, and the next answer is not disturbed.
  {
    auto half = model.stream("tell", letters(2));
    half.next();
  }
  CHECK(model.generate("tell", letters(2)) == model.generate("tell", letters(2)));
  CHECK_THROWS_WITH(model.stream("tell", {.beams = 2}), ContainsSubstring("one sequence"));
}

TEST_CASE("a stop string ends an answer and is not part of it, in streams and beams too") {
  auto const model = testing::tiny_text_model(reference_backend{});
  auto o = letters(3);
  auto const free = model.generations({"tell"}, o).front().front();
  REQUIRE(free.text.size() > 20);
  std::string const stop = free.text.substr(9, 3);
  auto const first = free.text.find(stop);
  o.stop = {"never to be seen", stop};
  auto const cut = model.generations({"tell"}, o).front().front();
  CHECK(cut.text == free.text.substr(0, first));
  CHECK(cut.ids.size() < free.ids.size());
  CHECK(std::equal(cut.ids.begin(), cut.ids.end(), free.ids.begin()));
  CHECK(streamed(model, "tell", o) == cut.text);

  generate_options beams{.max_tokens = 24, .beams = 3, .return_sequences = 3, .suppressed = testing::all_but("ab c.")};
  auto const all = model.generations({"tell"}, beams).front();
  beams.stop = {all.front().text.substr(4, 2)};
  auto const stopped = model.generations({"tell"}, beams).front();
  for (auto const& g : stopped) {
    CHECK(g.text.find(beams.stop.front()) == std::string::npos);
    CHECK((g.ids.size() == 24 || g.ids.back() == 1 ||
           model.tokenizer().decode(g.ids).find(beams.stop.front()) != std::string::npos));
  }
}

TEST_CASE("answers begin with the prefix, and a stop string inside it stops nothing") {
  auto const model = testing::tiny_text_model(reference_backend{});
  auto o = letters(4);
  o.prefix = "so. a";
  o.stop = {". a"};
  auto const g = model.generations({"tell"}, o).front().front();
  CHECK(g.text.starts_with("so. a"));
  CHECK(g.ids.size() > 5);
  CHECK(streamed(model, "tell", o) == g.text);
  auto const beams =
      model.generations({"tell"}, {.max_tokens = 8, .beams = 2, .return_sequences = 2, .prefix = "so"}).front();
  for (auto const& b : beams) CHECK(b.text.starts_with("so"));
}

TEST_CASE("what generates, scores and encodes never touches device memory from the host") {
  auto const model = testing::tiny_text_model(reference_backend{});
  auto const far = testing::tiny_text_model(device{});
  for (generate_options const& o :
       {generate_options{.max_tokens = 12}, generate_options{.max_tokens = 12, .beams = 3, .return_sequences = 2},
        generate_options{.max_tokens = 12, .return_sequences = 3, .sampling = nucleus{}},
        generate_options{.max_tokens = 12, .min_tokens = 5, .repetition_penalty = 1.2}}) {
    auto const here = model.generations({"one", "", "three of them"}, o),
               there = far.generations({"one", "", "three of them"}, o);
    for (std::size_t i = 0; i < here.size(); ++i)
      for (std::size_t k = 0; k < here[i].size(); ++k) {
        CHECK(here[i][k].ids == there[i][k].ids);
        CHECK(here[i][k].score == there[i][k].score);
      }
  }
  CHECK(streamed(far, "tell", letters(5)) == model.generate("tell", letters(5)));
  auto const a = model.score("one", {"x", "yy", ""}), b = far.score("one", {"x", "yy", ""});
  for (std::size_t i = 0; i < a.size(); ++i) CHECK(a[i].tokens == b[i].tokens);
  CHECK(model.encode({"one", "three"}).values.size() == far.encode({"one", "three"}).values.size());
  CHECK(model.encode({"one"}).mean() == far.encode({"one"}).mean());
}

TEST_CASE("scores: the end token counts, and many targets are scored as each alone") {
  auto const model = testing::tiny_text_model(reference_backend{});
  auto const empty = model.score("q", {""}).front();
  REQUIRE(empty.tokens.size() == 1);
  CHECK(empty.sum == empty.tokens[0]);
  CHECK(model.score("q", {}).empty());
  std::vector<std::string> targets;
  for (int i = 0; i < 70; ++i)
    targets.push_back(std::string(static_cast<std::size_t>(i * 37 % 90), static_cast<char>('a' + i % 26)));
  auto const all = model.score("q", targets);  // in several chunks
  for (std::size_t i = 0; i < targets.size(); i += 7) {
    REQUIRE(all[i].tokens.size() == targets[i].size() + 1);
    CHECK(all[i].tokens == model.score("q", {targets[i]}).front().tokens);
  }
}

TEST_CASE("the mean of a text's states leaves padding out") {
  auto const model = testing::tiny_text_model(reference_backend{});
  auto const both = model.encode({"a", "long enough to pad"}), alone = model.encode({"a"});
  CHECK(both.size() == 2);
  CHECK(both.lengths == std::vector<extent>{2, 19});
  CHECK(both.mean()[0] == alone.mean()[0]);
  float sum = 0;
  for (extent p = 0; p < 2; ++p) sum += both.at(0, p)[3];
  CHECK(both.mean()[0][3] == Approx(sum / 2));
  CHECK_THROWS_AS(both.at(0, 2), error);
  CHECK_THROWS_AS(both.at(2, 0), error);
}

TEST_CASE("the folder's settings hold where the caller says nothing") {
  auto d = generation_defaults_of(testing::tiny_bytes);
  auto const with = [&](generation_defaults const& x) {
    return testing::tiny_text_model(reference_backend{}, any_tokenizer(byte_tokenizer()), testing::tiny_bytes, x);
  };
  auto const plain = with(d);
  CHECK(plain.generations({"a"})[0][0].ids.size() == 128);  // nobody says more
  d.max_length = 9;
  CHECK(with(d).generations({"a"})[0][0].ids.size() == 8);  // the start token counts there
  d.max_new_tokens = 5;
  CHECK(with(d).generations({"a"})[0][0].ids.size() == 5);
  CHECK(with(d).generations({"a"}, {.max_tokens = 3})[0][0].ids.size() == 3);
  d.beams = 3, d.returned = 2, d.no_repeat_ngram = 1;
  auto const explicitly =
      plain.generations({"a"}, {.max_tokens = 5, .beams = 3, .return_sequences = 2, .no_repeat_ngram = 1});
  auto const by_folder = with(d).generations({"a"});
  REQUIRE(by_folder[0].size() == 2);
  CHECK(by_folder[0][1].ids == explicitly[0][1].ids);
  d.sample = true;
  CHECK_THROWS_WITH(with(d).generate("a"), ContainsSubstring("sampling with beams"));
  CHECK(with(d).generations({"a"}, {.beams = 3, .return_sequences = 2})[0][1].ids == explicitly[0][1].ids);
}

TEST_CASE("what cannot be done is refused in a sentence") {
  auto const model = testing::tiny_text_model(reference_backend{});
  auto const refuses = [&](generate_options const& o, char const* why) {
    INFO(why);
    CHECK_THROWS_WITH(model.generate("a", o), ContainsSubstring(why));
  };
  refuses({.max_tokens = 0}, "max_tokens should be at least 1");
  refuses({.max_tokens = -5}, "max_tokens");
  refuses({.max_tokens = 4, .min_tokens = 5}, "min_tokens is 5, more than max_tokens");
  refuses({.beams = 0}, "beams");
  refuses({.beams = 2, .sampling = nucleus{}}, "sampling with beams");
  refuses({.return_sequences = 2}, "return_sequences is 2");
  refuses({.beams = 2, .return_sequences = 3}, "return_sequences is 3");
  refuses({.sampling = sampling{.temperature = -1}}, "temperature");
  refuses({.sampling = sampling{.temperature = std::numeric_limits<double>::quiet_NaN()}}, "temperature");
  refuses({.sampling = sampling{.top_k = -1}}, "top_k");
  refuses({.sampling = sampling{.top_p = 1.5}}, "top_p");
  refuses({.sampling = sampling{.min_p = -0.1}}, "min_p");
  refuses({.sampling = sampling{.typical_p = 0}}, "typical_p");
  refuses({.repetition_penalty = 0.0}, "repetition_penalty");
  refuses({.no_repeat_ngram = -1}, "no_repeat_ngram");
  refuses({.suppressed = ids{-1}}, "id -1");
  refuses({.end_ids = ids{384}}, "id 384");
  refuses({.prefix_ids = ids{500}}, "id 500");
  refuses({.prefix = "a", .prefix_ids = ids{5}}, "not both");
  refuses({.stop = {""}}, "empty stop string");
  refuses({.memory_limit = 1000}, "memory_limit is 1000 bytes");
  refuses({.max_tokens = extent{1} << 40}, "max_tokens");
  refuses({.max_tokens = extent{1} << 30, .beams = 1000}, "MiB");
  refuses({.beams = (extent{1} << 20) + 1}, "beams should be at most 2^20, but is 1048577");
  refuses({.return_sequences = extent{1} << 62, .sampling = nucleus{}}, "return_sequences should be at most 2^20");
  auto const of_two = [&](generate_options const& o) { return model.generate(std::vector<std::string>{"a", "b"}, o); };
  CHECK_THROWS_WITH(of_two({.beams = extent{1} << 62}), ContainsSubstring("beams should be at most 2^20"));
  CHECK_THROWS_WITH(of_two({.max_tokens = extent{1} << 30, .beams = extent{1} << 20}), ContainsSubstring("MiB"));
  std::vector<ids> const many(2048, ids{1});
  CHECK_THROWS_WITH(model.generate_ids(many, {.beams = extent{1} << 20}),
                    ContainsSubstring("2048 prompts with 1048576 sequences each are more than 2147483647 rows"));
  std::vector<token> everything(383);
  for (std::size_t i = 0; i < everything.size(); ++i) everything[i] = static_cast<token>(i);
  refuses({.max_tokens = 4, .no_repeat_ngram = 1, .suppressed = everything}, "no token to choose");
  CHECK_THROWS_WITH(model.generate_ids({{5, 384}}), ContainsSubstring("id 384"));
  CHECK_THROWS_WITH(model.generate_ids({{}}), ContainsSubstring("at least one token"));
  CHECK_THROWS_WITH(model.score_ids({5}, {{-3}}), ContainsSubstring("id -3"));
  CHECK_THROWS_WITH(model.score_ids({5}, {{}}), ContainsSubstring("at least one token"));
  CHECK_THROWS_WITH(model.score("a", {"b"}, 10), ContainsSubstring("memory_limit"));
  CHECK_THROWS_WITH(model.encode({"a"}, 10), ContainsSubstring("memory_limit"));

  auto const mute = testing::tiny_text_model(reference_backend{}, std::nullopt);
  CHECK_THROWS_WITH(mute.generate("a"), ContainsSubstring("no vocabulary"));
  CHECK_THROWS_WITH(mute.generate_ids({{5}}, {.stop = {"x"}}), ContainsSubstring("no vocabulary"));
  CHECK_THROWS_WITH(mute.generate_ids({{5}}, {.prefix = "x"}), ContainsSubstring("prefix_ids"));
  CHECK(mute.generate_ids({{5}}, {.max_tokens = 3})[0][0].text.empty());
  auto small = testing::tiny_bytes;
  small.vocabulary = 300;
  CHECK_THROWS_WITH(testing::tiny_text_model(reference_backend{}, any_tokenizer(byte_tokenizer()), small),
                    ContainsSubstring("embeddings for only 300"));
  // After all these refusals the model still answers.
  CHECK(model.generations({"a"}, {.max_tokens = 3})[0][0].ids.size() == 3);
}

TEST_CASE("a folder whose settings are not supported is scored, but not generated from") {
  auto d = generation_defaults_of(testing::tiny_bytes);
  d.unsupported = {"bad_words_ids", "penalty_alpha"};
  auto const model =
      testing::tiny_text_model(reference_backend{}, any_tokenizer(byte_tokenizer()), testing::tiny_bytes, d);
  CHECK_THROWS_WITH(model.generate("a"), ContainsSubstring("sets bad_words_ids, penalty_alpha, which would change"));
  CHECK_THROWS_WITH(model.stream("a"), ContainsSubstring("bad_words_ids"));
  CHECK(model.score("a", {"b"}).size() == 1);
}

TEST_CASE("a model whose weights are no numbers says so") {
  auto model = testing::tiny_text_model(reference_backend{});
  reference_backend be;
  own_parameters(be, model.network());
  be.fill(model.network().head().values(), std::numeric_limits<double>::quiet_NaN());
  for (generate_options const& o :
       {generate_options{}, generate_options{.beams = 2}, generate_options{.sampling = nucleus{}}})
    CHECK_THROWS_WITH(model.generate("a", o), ContainsSubstring("not numbers"));
}

namespace {
struct shadowed : reference_backend {
  template <class Y, class X, class W>
  void matmul(matrix<Y> y, matrix<X const> x, weight<W> const& w, matmul_options o) {
    reference_backend::matmul(y, x, w, o);
  }
};
struct both : shadowed {
  template <class Y, class X, class W>
  void matmul(matrix<Y> y, matrix<X const> x, weight<W> const& w, matmul_options o) {
    reference_backend::matmul(y, x, w, o);
  }
  template <class W>
  void pack(weight<W>&) {}
};
static_assert(detail::packs_for_its_products<reference_backend, fp32>);
static_assert(!detail::packs_for_its_products<shadowed, fp32>);
static_assert(detail::packs_for_its_products<both, bf16_mixed>);
}  // namespace
