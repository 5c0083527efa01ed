/// The walk over named parameters, and what is built on it: allocating, owning, packing, counting.

#include "flan/layer/parameters.hpp"

#include "flan/cpu/backend.hpp"
#include "flan/layer/concept.hpp"
#include "flan/layer/linear.hpp"
#include "flan/model/presets.hpp"
#include "flan/model/t5.hpp"
#include "layer/support.hpp"

using namespace flan;
using namespace flan::testing;

namespace {

/// Every kind of part: a layer, an absent one, a possible one, repeated ones, a weight of one's own.
template <class P>
struct parts {
  linear<3, 2, P> first;
  nothing never;
  std::optional<linear<2, 2, P>> perhaps;
  std::vector<linear<2, 3, P>> several;
  weight<float> gain;
  static constexpr auto members = flan::members("first", &parts::first, "never", &parts::never, "a.b", &parts::perhaps,
                                                "several", &parts::several, "gain", &parts::gain);

  parts() = default;
  parts(bool with, std::size_t count) : first(3, 2), several(count, linear<2, 3, P>(2, 3)) {
    if (with) perhaps.emplace(2, 2);
    gain.rows = 1, gain.columns = 3;
  }
};
static_assert(layer<parts<fp32>>);

template <class... L>
std::vector<std::string> names_of(L&... layers) {
  std::vector<std::string> names;
  for_each_parameter([&](std::string const& name, auto&...) { names.push_back(name); }, layers...);
  return names;
}

template <class B, class L>
std::vector<std::vector<float>> values_of(B& be, L& layer) {
  std::vector<std::vector<float>> all;
  for_each_parameter(
      [&](std::string const&, auto& w) {
        tensor<float> const t(be, w.rows, w.columns);
        be.unpack(t.view, w);
        all.push_back(to_host(be, t.view));
      },
      layer);
  return all;
}

/// All parameters borrowed from host memory, as from a mapped file.
template <class B, class L>
void borrow(B& be, L& layer, std::vector<std::vector<float>> const& values) {
  std::size_t i = 0;
  for_each_parameter(
      [&](std::string const&, auto& w) {
        w = be.template adopt<float>(matrix<float const>(values[i++].data(), w.rows, w.columns), nullptr);
      },
      layer);
}

}  // namespace

TEST_CASE("parameters are named by their path, in the order of the members") {
  parts<fp32> with(true, 2), without(false, 0);
  CHECK(names_of(with) ==
        std::vector<std::string>{"first.weight", "a.b.weight", "several.0.weight", "several.1.weight", "gain"});
  CHECK(names_of(without) == std::vector<std::string>{"first.weight", "gain"});
  parts<fp32> const constant(true, 1);
  CHECK(names_of(constant).size() == 4);
  CHECK(count_parameters(with) == 2 * 3 + 2 * 2 + 2 * 3 * 2 + 3);
}

TEST_CASE("models of one shape are walked in step, whatever their precisions") {
  parts<fp32> a(true, 2);
  parts<bf16_mixed> b(true, 2);
  parts<fp64> const c(true, 2);
  extent visited = 0;
  for_each_parameter(
      [&](std::string const& name, auto& wa, auto& wb, auto const& wc) {
        INFO(name);
        CHECK(wa.rows == wb.rows);
        CHECK(wa.columns == wb.columns);
        CHECK(wa.size() == wc.size());
        // The counterpart itself, not another parameter of its extents: what is written shows in its own place.
        wa.panel = wb.panel = static_cast<std::uint8_t>(++visited);
      },
      a, b, c);
  CHECK(visited == 5);
  CHECK(a.first.weight.panel == 1);
  CHECK(b.first.weight.panel == 1);
  CHECK(a.perhaps->weight.panel == 2);
  CHECK(b.perhaps->weight.panel == 2);
  CHECK(a.several[1].weight.panel == 4);
  CHECK(b.several[1].weight.panel == 4);
  CHECK(b.gain.panel == 5);
}

TEST_CASE("allocating gives every parameter zeros of its own") {
  unreadable_backend<reference_backend> be;
  parts<fp32> p(true, 2);
  allocate_parameters(be, p);
  std::vector<void*> addresses;
  for_each_parameter(
      [&](std::string const&, auto& w) {
        CHECK_FALSE(w.read_only);
        CHECK(w.format == layout::row_major);
        for (float const x : to_host(be, w.values())) CHECK(x == 0);
        addresses.push_back(w.data);
      },
      p);
  std::sort(addresses.begin(), addresses.end());
  CHECK(std::adjacent_find(addresses.begin(), addresses.end()) == addresses.end());
}

TEMPLATE_TEST_CASE("borrowed parameters become owned ones of the same bits", "", reference_backend, cpu_backend,
                   unreadable_backend<reference_backend>) {
  TestType be;
  parts<fp32> p(true, 2);
  randomize(be, p);
  auto const values = values_of(be, p);
  float* const own = p.first.weight.data;
  own_parameters(be, p);
  CHECK(p.first.weight.data == own);  // what is owned already stays where it is

  borrow(be, p, values);
  CHECK_THROWS_WITH(p.gain.values(), ContainsSubstring("packed or borrowed"));
  own_parameters(be, p);
  CHECK(values_of(be, p) == values);
  for_each_parameter([&](std::string const&, auto& w) { CHECK_NOTHROW(w.values()); }, p);
  be.fill(p.first.weight.values(), 5.0);
  CHECK(values[0][0] != 5);  // the borrowed memory is not written
}

TEST_CASE("packing replaces what products read, and owning undoes it bit for bit") {
  cpu_backend be;
  auto c = tiny;
  c.vocabulary = 70, c.d_model = 33, c.tied = GENERATE(flag::no, flag::yes);
  t5<any_t5, fp32> model(c);
  randomize(be, model);
  auto const values = values_of(be, model);
  if (GENERATE(false, true)) borrow(be, model, values);
  pack_parameters(be, model);
  for_each_parameter(
      [&](std::string const& name, auto& w) {
        INFO(name);
        bool const by_rows = name.ends_with("layer_norm.weight") || name.ends_with("attention_bias.weight") ||
                             (name == "shared.weight" && c.tied == flag::no);
        CHECK((w.format == layout::packed) == !by_rows);
        if (!by_rows) CHECK_THROWS_WITH(w.view(), ContainsSubstring("unpack it"));
      },
      model);
  CHECK(model.head().format == layout::packed);
  CHECK(values_of(be, model) == values);
  own_parameters(be, model);
  CHECK(values_of(be, model) == values);
  for_each_parameter([&](std::string const&, auto& w) { CHECK(w.format == layout::row_major); }, model);
}
