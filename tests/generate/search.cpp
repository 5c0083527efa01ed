#include <algorithm>
#include <cmath>

#include "flan/reference/backend.hpp"
#include "support/catch.hpp"
#include "support/tiny_text_model.hpp"

using namespace flan;
using ids = std::vector<token>;

namespace {

t5_config with_vocabulary(extent n) {
  auto c = testing::tiny_bytes;
  c.vocabulary = n;
  return c;
}
generation_defaults endless() {
  generation_defaults d;
  d.start_id = 0;
  return d;
}

/// Logits after `decoder`, without any cache.
std::vector<float> plain_logits(t5<any_t5, fp32> const& model, ids const& input, ids const& decoder) {
  reference_backend be;
  extent const n = static_cast<extent>(input.size()), m = static_cast<extent>(decoder.size());
  extent const d = model.config().d_model;
  auto const i = to_backend(be, input.data(), 1, n), j = to_backend(be, decoder.data(), 1, m);
  tensor<float> const x(be, n, d), y(be, m, d), z(be, 1, model.config().vocabulary);
  model.encode(be, x.view, in(flat(i.view)), {.batch = 1, .length = n});
  stack_call<fp32> c;
  c.rows = {.batch = 1, .length = m};
  c.state_rows = {.batch = 1, .length = n};
  c.states = x.view;
  model.decode(be, y.view, in(flat(j.view)), c);
  model.logits(be, z.view, y.view.row_range(m - 1, 1));
  return to_host(be, z.view);
}

}  // namespace

TEST_CASE("greedy search with caches takes the tokens that whole passes would, the decoder deeper than the encoder") {
  auto const model = testing::tiny_text_model(reference_backend{}, {}, testing::tiny_bytes, endless());
  ids const input{5, 77, 130, 9, 1};
  ids decoder{0};
  double score = 0;
  for (int i = 0; i < 30; ++i) {  // past max_distance
    auto const z = plain_logits(model.network(), input, decoder);
    decoder.push_back(detail::likeliest(z));
    score += static_cast<double>(z[static_cast<std::size_t>(decoder.back())]) - detail::log_sum(z);
  }
  auto const got = model.generate_ids({input}, {.max_tokens = 30}).front().front();
  CHECK(got.ids == ids(decoder.begin() + 1, decoder.end()));
  CHECK(got.score == Approx(score).epsilon(1e-5));
  // A prefix of several tokens at once is the same as those tokens one by one.
  auto const forced =
      model.generate_ids({input}, {.max_tokens = 20, .prefix_ids = ids(got.ids.begin(), got.ids.begin() + 10)});
  CHECK(forced.front().front().ids == got.ids);
  CHECK(forced.front().front().score > got.score);  // the prefix does not count
}

TEST_CASE("a beam search wide enough finds the best of all sequences") {
  auto const model = testing::tiny_text_model(reference_backend{}, {}, with_vocabulary(8), endless());
  ids const input{5, 7, 2, 1};
  std::vector<ids> all;
  for (token a = 0; a < 8; ++a)
    for (token b = 0; b < 8; ++b)
      for (token c = 0; c < 8; ++c) all.push_back({a, b, c});
  auto const scores = model.score_ids(input, all);
  std::vector<std::size_t> order(all.size());
  for (std::size_t i = 0; i < order.size(); ++i) order[i] = i;
  std::sort(order.begin(), order.end(), [&](std::size_t a, std::size_t b) { return scores[a].sum > scores[b].sum; });
  auto const found =
      model.generate_ids({input}, {.max_tokens = 3, .beams = 64, .return_sequences = 20, .length_penalty = 0.0})
          .front();
  REQUIRE(found.size() == 20);
  for (std::size_t i = 0; i < found.size(); ++i) {
    INFO(i);
    CHECK(found[i].score == Approx(scores[order[i]].sum).epsilon(1e-5));
    CHECK(found[i].ids == all[order[i]]);
  }
}

TEST_CASE("an ended beam counts by its length, and the search ends as early_stopping says") {
  auto const model = testing::tiny_text_model(reference_backend{}, {}, with_vocabulary(12), endless());
  ids const input{5, 7, 2, 1};
  for (double const penalty : {-1.0, 0.0, 1.0, 2.0})
    for (auto const early : {early_stopping::no, early_stopping::yes, early_stopping::never}) {
      auto const found = model
                             .generate_ids({input}, {.max_tokens = 12,
                                                     .beams = 3,
                                                     .return_sequences = 3,
                                                     .length_penalty = penalty,
                                                     .early_stopping = early,
                                                     .end_ids = ids{3, 9, 10}})
                             .front();
      REQUIRE(found.size() == 3);
      for (std::size_t i = 0; i < 3; ++i) {
        auto const& f = found[i];
        double const sum = model.score_ids(input, {f.ids}).front().sum;
        CHECK(f.score == Approx(sum / std::pow(static_cast<double>(f.ids.size()), penalty)).epsilon(1e-5));
        if (i > 0) CHECK(found[i - 1].score >= f.score);
        bool const ended = f.ids.back() == 3 || f.ids.back() == 9 || f.ids.back() == 10;
        CHECK((ended || f.ids.size() == 12));
        CHECK(std::none_of(f.ids.begin(), f.ids.end() - 1, [](token t) { return t == 3 || t == 9 || t == 10; }));
      }
    }
}

TEST_CASE("one beam is greedy search, and beams know the rules") {
  auto const model = testing::tiny_text_model(reference_backend{});
  ids const input{80, 90, 100, 1};
  auto const greedy_ids = model.generate_ids({input}, {.max_tokens = 12}).front().front();
  auto const beam = model.generate_ids({input}, {.max_tokens = 12, .beams = 1}).front().front();
  CHECK(greedy_ids.ids == beam.ids);
  auto const found = model.generate_ids({input}, {.max_tokens = 12, .beams = 4, .no_repeat_ngram = 1}).front().front();
  auto sorted = found.ids;
  std::sort(sorted.begin(), sorted.end());
  CHECK(std::adjacent_find(sorted.begin(), sorted.end()) == sorted.end());
}

TEST_CASE("a padded batch gives each row what it gives alone, ended rows leaving") {
  auto const model = testing::tiny_text_model(reference_backend{});
  std::vector<ids> const inputs{{70, 71, 1}, {1}, {200, 30, 77, 8, 8, 8, 90, 14, 1}, {100, 1}};
  std::vector<token> ends{1};
  for (token t = 3; t < 384; t += 9) ends.push_back(t);  // so that rows end at different times
  for (generate_options o :
       {generate_options{.max_tokens = 20, .end_ids = ends},
        generate_options{.max_tokens = 20, .beams = 3, .return_sequences = 2, .end_ids = ends},
        generate_options{
            .max_tokens = 20, .return_sequences = 3, .sampling = sampling{.top_k = 50}, .seed = 3, .end_ids = ends},
        generate_options{.max_tokens = 20, .repetition_penalty = 1.4, .end_ids = ends}}) {
    auto const together = model.generate_ids(inputs, o);
    std::vector<std::size_t> lengths;
    for (std::size_t i = 0; i < inputs.size(); ++i) {
      auto const alone = model.generate_ids({inputs[i]}, o).front();
      REQUIRE(alone.size() == together[i].size());
      for (std::size_t k = 0; k < alone.size(); ++k) {
        CHECK(alone[k].ids == together[i][k].ids);
        CHECK(alone[k].score == together[i][k].score);
        CHECK(!alone[k].ids.empty());
        lengths.push_back(alone[k].ids.size());
      }
    }
    CHECK(*std::min_element(lengths.begin(), lengths.end()) < *std::max_element(lengths.begin(), lengths.end()));
  }
}

TEST_CASE("samples depend on seed, prompt and number alone; greedy{} and temperature 0 take the likeliest") {
  auto const model = testing::tiny_text_model(reference_backend{});
  std::vector<ids> const inputs{{70, 71, 1}, {200, 30, 77, 1}};
  generate_options o{.max_tokens = 10, .return_sequences = 2, .sampling = sampling{}, .seed = 1};
  auto const a = model.generate_ids(inputs, o), b = model.generate_ids({inputs[1], inputs[0]}, o);
  for (std::size_t k = 0; k < 2; ++k) {
    CHECK(a[0][k].ids == b[1][k].ids);
    CHECK(a[1][k].ids == b[0][k].ids);
  }
  CHECK(a[0][0].ids != a[0][1].ids);
  o.seed = 2;
  CHECK(model.generate_ids(inputs, o)[0][0].ids != a[0][0].ids);
  auto const likeliest = model.generate_ids(inputs, {.max_tokens = 10});
  auto const cold = model.generate_ids(inputs, {.max_tokens = 10, .sampling = greedy{}});
  CHECK(cold[0][0].ids == likeliest[0][0].ids);
  // A sample's score is its log-probability before filters.
  auto const sampled = model.generate_ids(inputs, {.max_tokens = 10, .sampling = nucleus{.p = 0.5f}, .seed = 5})[0][0];
  CHECK(sampled.score == Approx(model.score_ids(inputs[0], {sampled.ids}).front().sum).epsilon(1e-5));
}
