// Whole runs: the same bits again, resumed as if never interrupted, through files.

#include <atomic>
#include <bit>
#include <string>
#include <thread>
#include <vector>

#include "cuda/selftest/selftest.hpp"
#include "support/catch.hpp"
#include "support/tiny_text_model.hpp"
#include "train/run_support.hpp"

using namespace flan;
using namespace flan::testing;

namespace {
template <class P>
using run_of = nano_run<P, cuda_backend>;

template <class P>
void check_runs() {
  temporary_folder whole, again, parts;
  run_of<P>(whole.path).go(12);
  run_of<P>(again.path).go(12);
  CHECK(state_bytes(again.path, 12) == state_bytes(whole.path, 12));
  for (extent const until : {3, 4, 9, 12}) {
    std::atomic<bool> stop{false};
    auto o = nano_options(parts.path, 12);
    o.stop = &stop;
    o.on_step = [&](progress const& p) { stop = p.step == until; };
    CHECK(run_of<P>(parts.path).go(o).step == until);
  }
  CHECK(state_bytes(parts.path, 12) == state_bytes(whole.path, 12));
}
}  // namespace

TEST_CASE("runs in float: the same bits twice, and resumed") { check_runs<fp32>(); }
TEST_CASE("runs in bf16: the same bits twice, and resumed") { check_runs<bf16_mixed>(); }

TEST_CASE("a run with adafactor: the cpu's losses") {
  std::vector<double> device, host;
  auto const go = [](auto run, std::vector<double>& losses) {
    auto o = nano_options({}, 6);
    o.optimizer = adafactor{};
    o.on_step = [&](progress const& p) { losses.push_back(p.loss); };
    run.go(o);
  };
  go(run_of<fp32>({}), device);
  go(nano_run<>({}), host);
  REQUIRE(device.size() == host.size());
  for (std::size_t i = 0; i < host.size(); ++i) CHECK(device[i] == Approx(host[i]).epsilon(1e-3));
}

TEST_CASE("answers: the same bits twice, from memory and from a folder, by several threads") {
  temporary_folder folder;
  auto const m = tiny_text_model(cuda_backend{});
  std::vector<std::vector<token>> const inputs{{72, 101, 108, 108, 111, 1}, {50, 51, 1}, {99, 1}};
  generate_options const o{.max_tokens = 24, .beams = 3, .return_sequences = 3};
  auto const text = [&](auto const& model) {
    std::string s;
    for (auto const& rows : model.generate_ids(inputs, o))
      for (auto const& g : rows) {
        for (auto id : g.ids) s += sentence(id, ' ');
        s += sentence(std::bit_cast<std::uint64_t>(g.score), '\n');
      }
    return s;
  };
  auto const first = text(m);
  CHECK(text(m) == first);
  m.save(folder.path / "model");
  CHECK(text(load<any_t5, fp32>(folder.path / "model", cuda_backend{})) == first);
  std::vector<std::string> found(4);
  std::vector<std::thread> threads;
  for (auto& f : found) threads.emplace_back([&] { f = text(m); });
  for (auto& t : threads) t.join();
  for (auto const& f : found) CHECK(f == first);
  auto const narrow = load<any_t5, q8_weights>(folder.path / "model", cuda_backend{});
  CHECK(text(narrow) == text(narrow));
}
