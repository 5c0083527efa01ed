#include "flan/train/finetune.hpp"

#include <sys/stat.h>
#include <unistd.h>

#include <limits>
#include <set>

#include "flan/testing/unreadable_backend.hpp"
#include "support/catch.hpp"
#include "support/temporary_folder.hpp"
#include "train/run_support.hpp"

using namespace flan;
using namespace flan::testing;

namespace {
using far_run = nano_run<fp32, unreadable_backend<cpu_backend>>;
}

TEST_CASE("a run needs nothing of its backend but upload, download and ops", "[train]") {
  temporary_folder near, far;
  nano_run<>(near.path).go(4);
  far_run(far.path).go(4);
  CHECK(state_bytes(near.path, 4) == state_bytes(far.path, 4));
}

TEMPLATE_TEST_CASE("a resumed run ends with the bits of an uninterrupted one", "[train][resume]", nano_run<fp32>,
                   nano_run<bf16_mixed>, far_run) {
  temporary_folder whole, parts;
  TestType(whole.path).go(12);
  std::set<extent> from;
  for (extent const until : {3, 4, 9, 12}) {
    std::atomic<bool> stop{false};
    auto o = nano_options(parts.path, 12);
    o.stop = &stop;
    o.on_step = [&](progress const& p) { stop = p.step == until; };
    auto const r = TestType(parts.path).go(o);
    from.insert(r.resumed_from);
    CHECK(r.step == until);
    CHECK(r.stopped == (until != 12));
  }
  CHECK(from == std::set<extent>{0, 3, 4, 9});
  CHECK(state_bytes(parts.path, 12) == state_bytes(whole.path, 12));
}

TEST_CASE("micro-batches, threads and recomputation do not change what a run of one seed sees", "[train]") {
  temporary_folder a, b;
  auto o = nano_options(a.path, 4);
  nano_run<>(a.path).go(o);
  set_threads(3);
  o.feed_threads = 2;
  o.output = b.path;
  o.recompute = true;
  nano_run<>(b.path).go(o);
  set_threads(0);
  CHECK(state_bytes(a.path, 4) == state_bytes(b.path, 4));
}

TEST_CASE("a run is not resumed with other data, templates or options", "[train][resume]") {
  temporary_folder folder;
  nano_run<>(folder.path).go(4);
  auto const before = state_bytes(folder.path, 4);
  auto const o = nano_options(folder.path, 8);
  auto const refused = [&](mixture const& data, finetune_options const& options, std::string const& why) {
    CHECK_THROWS_WITH(nano_run<>(folder.path).go(options, data),
                      ContainsSubstring("cannot resume from") && ContainsSubstring(why));
  };
  refused(nano_mixture(41), o, "data and templates was ");
  refused(nano_mixture(40, "tell {a}"), o, "data and templates was ");
  auto other = o;
  other.batch_tokens = 640;
  refused(nano_mixture(), other, "batch_tokens was 512 and is 640");
  other = o;
  other.seed = 3;
  refused(nano_mixture(), other, "seed was 7 and is 3");
  other = o;
  other.optimizer = adafactor{};
  refused(nano_mixture(), other, "optimizer was adamw and is adafactor");
  other = o;
  other.schedule = linear_decay{};
  refused(nano_mixture(), other, "schedule was constant and is linear");
  other = o;
  other.feed_threads = 0;  // changes nothing that is learnt
  other.steps = 4;
  CHECK(nano_run<>(folder.path).go(other).resumed_from == 4);
  other = o;
  other.resume = false;
  CHECK_THROWS_WITH(nano_run<>(folder.path).go(other), ContainsSubstring("there are checkpoints of an earlier run in"));
  CHECK(state_bytes(folder.path, 4) == before);
  SECTION("but a longer run of the same, without a schedule that knows its end, is the same run") {
    nano_run<>(folder.path).go(o);
    temporary_folder whole;
    nano_run<>(whole.path).go(8);
    CHECK(state_bytes(folder.path, 8) == state_bytes(whole.path, 8));
  }
}

TEST_CASE("damaged checkpoints are refused by name", "[train][resume]") {
  temporary_folder folder;
  nano_run<>(folder.path).go(2);
  auto const at = folder.path / "step-00000002";
  auto const resume = [&] { nano_run<>(folder.path).go(4); };
  SECTION("truncated state") {
    std::filesystem::resize_file(at / "optimizer.safetensors", 5'000);
    CHECK_THROWS_WITH(resume(), ContainsSubstring("optimizer.safetensors"));
  }
  SECTION("a missing file") {
    std::filesystem::remove(at / "training.json");
    CHECK_THROWS_WITH(resume(), ContainsSubstring("it has no training.json"));
  }
  SECTION("nonsense") {
    put_file(at / "training.json", "{\"step\": -1, \"sample\": 3, \"facts\": {}}");
    CHECK_THROWS_WITH(resume(), ContainsSubstring("training.json: expected a number of steps"));
  }
}

TEST_CASE("a place in the stream that no run can have reached is refused, not sought", "[train][resume]") {
  temporary_folder folder;
  nano_run<>(folder.path).go(2);
  auto const path = folder.path / "step-00000002" / "training.json";
  auto const whole = nlohmann::json::parse(get_file(path));
  auto const refused = [&](char const* key, std::uint64_t value, char const* why) {
    auto changed = whole;
    changed[key] = value;
    put_file(path, changed.dump());
    CHECK_THROWS_WITH(nano_run<>(folder.path).go(4), ContainsSubstring("training.json: ") && ContainsSubstring(why));
  };
  refused("sample", 1'000'000'000'000'000, "\"sample\" is 1000000000000000, more examples than 2 steps of 512 tokens");
  refused("sample", ~std::uint64_t{0}, "\"sample\" is 18446744073709551615");
  refused("step", ~std::uint64_t{0}, "\"step\" is 18446744073709551615; expected at most");
  put_file(path, whole.dump());
  CHECK(nano_run<>(folder.path).go(4).resumed_from == 2);
}

TEST_CASE("checkpoints keep what the model's files say and nobody here knows", "[train]") {
  temporary_folder folder;
  auto const with_key = [](std::string const& text) {
    auto object = nlohmann::json::parse(text);
    object["n_positions"] = 77;
    return object.dump();
  };
  auto const defaults = generation_defaults_of(nano_bytes);
  nano_run<> run(folder.path);
  run.model = {std::move(run.model.network()), cpu_backend(), any_tokenizer(byte_tokenizer()), defaults,
               original_texts{with_key(config_text(nano_bytes, number_format::f32)),
                              with_key(generation_config_text(defaults))}};
  run.go(2);
  for (char const* name : {"config.json", "generation_config.json"})
    CHECK(nlohmann::json::parse(get_file(folder.path / "step-00000002" / name)).value("n_positions", 0) == 77);
}

TEST_CASE("the last checkpoints stay, and each is a model", "[train]") {
  temporary_folder folder;
  auto o = nano_options(folder.path, 9);
  o.keep = 2;
  nano_run<> run(folder.path);
  auto const r = run.go(o);
  CHECK(r.step == 9);
  CHECK(r.loss > 0);
  std::set<std::string> names;
  for (auto const& e : std::filesystem::directory_iterator(folder.path)) names.insert(e.path().filename().string());
  CHECK(names == std::set<std::string>{"step-00000008", "step-00000009"});
  auto const saved = load(folder.path / "step-00000009");
  CHECK(saved.generate("say 12", {.max_tokens = 8}) == run.model.generate("say 12", {.max_tokens = 8}));
  CHECK(saved.score("say 12", {"5"}).front().sum == run.model.score("say 12", {"5"}).front().sum);
}

TEST_CASE("held-out examples are evaluated when asked for", "[train]") {
  temporary_folder folder;
  auto o = nano_options({}, 5);
  o.held_out = every_record(nano_mixture(10).tasks().front());
  o.evaluate_every = 2;
  std::vector<extent> at;
  double last = 0;
  nano_run<> run(folder.path);
  o.on_evaluation = [&](evaluation const& e) {
    at.push_back(e.step), last = e.loss;
    run.model.generate("say 12", {.max_tokens = 3});  // between steps, so allowed
  };
  auto const r = run.go(o);
  CHECK(at == std::vector<extent>{2, 4, 5});
  REQUIRE(r.held_out_loss);
  CHECK(*r.held_out_loss == last);
  // What score says about the same targets.
  double sum = 0;
  extent tokens = 0;
  for (auto const& e : o.held_out) {
    auto const s = run.model.score(e.input, {e.target}).front();
    sum -= s.sum;
    tokens += static_cast<extent>(s.tokens.size());
  }
  CHECK(last == Approx(sum / static_cast<double>(tokens)).epsilon(1e-4));
}

TEST_CASE("what was cut and left out is counted", "[train]") {
  std::vector<std::vector<std::string>> rows;
  for (int i = 0; i < 30; ++i)
    rows.push_back({std::string(i % 5 == 0 ? 40 : 4, 'q'), i % 3 == 0 ? "" : std::string(i % 4 == 0 ? 20 : 2, 'a')});
  mixture const data = text_task("lengths", text_source({"a", "b"}, rows), "{a}", "{b}");
  auto o = nano_options({}, 6);
  std::vector<std::pair<extent, extent>> told, expected;
  o.on_step = [&](progress const& p) {
    told.emplace_back(p.truncated, p.skipped);
    CHECK(p.fed->total().truncated() == p.truncated);
  };
  nano_run<> run({});
  auto const r = run.go(o, data);
  batcher batches(data, run.model.tokenizer(), o.seed, flan::detail::batching_of(o, 0));
  extent truncated = 0, skipped = 0;
  for (extent i = 0; i < o.steps; ++i) {
    auto const step = batches.next();
    expected.emplace_back(truncated += step.truncated, skipped += step.skipped);
  }
  CHECK(told == expected);
  CHECK((r.truncated == truncated && r.skipped == skipped));
  CHECK((r.fed.total().truncated() == truncated && r.fed.tasks().at(0).skipped == skipped));
  CHECK((truncated > 0 && skipped > 0));
}

TEST_CASE("a packed model is packed again, and has learnt", "[train]") {
  temporary_folder folder;
  nano_run<> run(folder.path);
  run.model.pack();
  auto const packed = [&] {
    int n = 0;
    for_each_parameter([&](std::string const&, auto const& w) { n += w.format == layout::packed; },
                       run.model.network());
    return n;
  };
  int const before = packed();
  REQUIRE(before > 0);
  auto const score = [&] { return run.model.score("say 12", {"5"}).front().sum; };
  double const untrained = score();
  run.go(nano_options({}, 30));
  CHECK(packed() == before);
  CHECK(score() > untrained + 1);
  SECTION("also when training fails") {
    auto o = nano_options({}, 30);
    o.on_step = [](progress const& p) {
      if (p.step == 2) throw std::runtime_error("the host application's own");
    };
    CHECK_THROWS_WITH(run.go(o), "the host application's own");
    CHECK(packed() == before);
  }
}

namespace {
struct momentum {
  double rate = 0.05, mass = 0.9;
  static constexpr std::string_view name = "momentum";
  static constexpr auto members = flan::members("rate", &momentum::rate, "mass", &momentum::mass);
  std::vector<state_slot> slots(extent rows, extent columns) const { return {{"velocity", rows, columns}}; }
  template <class B, class M, class G>
  void update(B&, matrix<M> w, matrix<G const> g, std::span<matrix<M> const> state, update_call const& c) const {
    for (extent i = 0; i < w.rows * w.columns; ++i) {
      M& v = state[0].data[i];
      v = static_cast<M>(mass) * v + static_cast<M>(c.gradient_scale) * g.data[i];
      w.data[i] -= static_cast<M>(c.rate) * v;
    }
  }
};
}  // namespace

TEST_CASE("an optimizer of the user's own trains, is saved and resumed", "[train][resume]") {
  temporary_folder whole, parts;
  auto const go = [](std::filesystem::path const& folder, extent steps, momentum rule) {
    nano_run<> run(folder);
    return finetune(run.model, nano_mixture(), nano_options(folder, steps), rule);
  };
  go(whole.path, 8, {});
  go(parts.path, 5, {});
  CHECK(go(parts.path, 8, {}).resumed_from == 5);
  CHECK(state_bytes(parts.path, 8) == state_bytes(whole.path, 8));
  CHECK_THROWS_WITH(go(parts.path, 9, {.mass = 0.8}), ContainsSubstring("optimizer.mass was 0.9 and is 0.8"));
}

TEST_CASE("options that make no sense are refused before anything happens", "[train]") {
  auto const refused = [](auto change, char const* why) {
    auto o = nano_options({}, 4);
    change(o);
    nano_run<> run({});
    CHECK_THROWS_WITH(run.go(o), ContainsSubstring(why));
  };
  using options = finetune_options;
  refused([](options& o) { o.steps = 0; }, "steps should be at least 1, but is 0");
  refused([](options& o) { o.feed_threads = -1; }, "feed_threads should be at least 0, but is -1");
  refused([](options& o) { o.dropout = 1; }, "dropout should be a number from 0");
  refused([](options& o) { o.clip = -1; }, "clip should be");
  double const nan = std::numeric_limits<double>::quiet_NaN();
  for (double const bad : {0.0, -1e-3, nan}) {
    refused([&](options& o) { o.optimizer = adamw{.rate = bad}; }, "adamw.rate should be a number above 0, but is ");
    refused([&](options& o) { o.optimizer = adafactor{.rate = bad}; }, "adafactor.rate should be a number above 0");
    refused([&](options& o) { o.optimizer = adafactor{.clip_threshold = bad}; }, "adafactor.clip_threshold should");
    refused([&](options& o) { o.optimizer = adafactor{.epsilon_squared = bad}; }, "adafactor.epsilon_squared should");
    refused([&](options& o) { o.optimizer = adamw{.epsilon = bad}; }, "adamw.epsilon should be a number above 0");
  }
  refused([](options& o) { o.optimizer = adamw{.beta1 = 1}; },
          "adamw.beta1 should be a number from 0 to below 1, but is 1");
  refused([](options& o) { o.optimizer = adamw{.beta2 = -0.5}; }, "adamw.beta2 should be");
  refused([](options& o) { o.optimizer = adamw{.weight_decay = -1}; }, "adamw.weight_decay should be");
  refused([](options& o) { o.optimizer = adafactor{.decay = 0}; }, "adafactor.decay should be");
  refused([](options& o) { o.schedule = inverse_square_root{.flat = 0}; },
          "inverse_square_root.flat should be at least 1, but is 0");
  refused([](options& o) { o.schedule = linear_decay{.end = -1}; }, "linear_decay.end should be");
  refused([](options& o) { o.schedule = cosine_decay{.warmup = -1}; }, "warm-up should take 0 steps or more");
  refused([](options& o) { o.save_every = 2; }, "to save checkpoints a run needs the option output");
  refused([](options& o) { o.resume = true; }, "to resume a run needs the option output");
  refused([](options& o) { o.evaluate_every = 2; }, "nothing is held out");
  refused([](options& o) { o.batch_tokens = 16; }, "cannot hold one example of max_input + max_target");
}

TEST_CASE("a folder that cannot be written to is an error, not a crash", "[train]") {
  temporary_folder folder;
  put_file(folder / "file", "");
  auto o = nano_options(folder / "file", 2);
  CHECK_THROWS_AS(nano_run<>(folder / "file").go(o), error);
}
