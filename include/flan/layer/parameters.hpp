#pragma once
/// Walks the named parameters of a layer or model, one model or several of the same shape in step.

#include <optional>
#include <string>
#include <string_view>
#include <tuple>
#include <type_traits>
#include <utility>
#include <vector>

#include "flan/backend/weight.hpp"
#include "flan/core/members.hpp"
#include "flan/core/packed.hpp"

namespace flan {
namespace detail {

/// Adds a part's name to the path that leads to it, for as long as the scope lasts. A walk without names has no path.
class path_to_part {
  std::string* path_;
  std::size_t before_ = 0;

 public:
  path_to_part(std::string* path, std::string_view name) : path_(path) {
    if (!path) return;
    before_ = path->size();
    if (before_ > 0 && !name.empty()) *path += '.';
    *path += name;
  }
  path_to_part(path_to_part const&) = delete;
  path_to_part& operator=(path_to_part const&) = delete;
  ~path_to_part() {
    if (path_) path_->resize(before_);
  }
};

template <class T>
inline constexpr bool is_weight = false;
template <class W>
inline constexpr bool is_weight<weight<W>> = true;
template <class T>
inline constexpr bool is_optional = false;
template <class T>
inline constexpr bool is_optional<std::optional<T>> = true;
template <class T>
inline constexpr bool is_list = false;
template <class T>
inline constexpr bool is_list<std::vector<T>> = true;

template <class F, class L, class... More>
void visit_part(F& f, std::string* path, L& first, More&... more);

template <std::size_t I, class F, class L, class... More>
void visit_members(F& f, std::string* path, L& first, More&... more) {
  if constexpr (I < member_count<std::remove_const_t<L>>) {
    constexpr auto m = std::get<I>(std::remove_const_t<L>::members);
    {
      path_to_part const here(path, m.name);
      visit_part(f, path, first.*(m.pointer), more.*(std::get<I>(std::remove_const_t<More>::members).pointer)...);
    }
    visit_members<I + 1>(f, path, first, more...);
  }
}

/// Down the tree of parts; the first model decides which optional parts are there. Not inlined: it runs once per
/// parameter and not per number, and a model names the same types of parts many times over.
template <class F, class L, class... More>
[[gnu::cold, gnu::noinline]] void visit_part(F& f, std::string* path, L& first, More&... more) {
  using part = std::remove_const_t<L>;
  if constexpr (is_weight<part>) {
    f(path, first, more...);
  } else if constexpr (is_optional<part>) {
    if (first) visit_part(f, path, *first, *more...);
  } else if constexpr (is_list<part>) {
    for (std::size_t i = 0; i < first.size(); ++i) {
      path_to_part const here(path, path ? std::to_string(i) : std::string());
      visit_part(f, path, first[i], more[i]...);
    }
  } else if constexpr (!std::is_same_v<part, nothing>) {
    visit_members<0>(f, path, first, more...);
  }
}

/// The kinds of leaves that a walk meets: weights of one type, with those of the models beside it.
template <class... L>
struct leaf {};
template <class... Leaf>
struct leaf_set {};

template <class New, class... Leaf>
constexpr auto with_leaf(leaf_set<Leaf...> s) {
  if constexpr ((std::is_same_v<New, Leaf> || ...)) {
    return s;
  } else {
    return leaf_set<Leaf..., New>();
  }
}

template <class T>
using element_of = std::remove_reference_t<decltype(*std::declval<T&>().begin())>;
template <class T, auto P>
using member_of = std::remove_reference_t<decltype(std::declval<T&>().*P)>;

template <class L, class... More, class Set>
constexpr auto leaves_of(Set);

template <std::size_t I, class L, class... More, class Set>
constexpr auto leaves_of_members(Set s) {
  if constexpr (I < member_count<std::remove_const_t<L>>) {
    return leaves_of_members<I + 1, L, More...>(
        leaves_of<member_of<L, std::get<I>(std::remove_const_t<L>::members).pointer>,
                  member_of<More, std::get<I>(std::remove_const_t<More>::members).pointer>...>(s));
  } else {
    return s;
  }
}

template <class L, class... More, class Set>
constexpr auto leaves_of(Set s) {
  using part = std::remove_const_t<L>;
  if constexpr (is_weight<part>) {
    return with_leaf<leaf<L, More...>>(s);
  } else if constexpr (is_optional<part>) {
    return leaves_of<std::remove_reference_t<decltype(*std::declval<L&>())>,
                     std::remove_reference_t<decltype(*std::declval<More&>())>...>(s);
  } else if constexpr (is_list<part>) {
    return leaves_of<element_of<L>, element_of<More>...>(s);
  } else if constexpr (std::is_same_v<part, nothing>) {
    return s;
  } else {
    static_assert(has_members<part>, "a part of a layer needs `static constexpr auto members`");
    return leaves_of_members<0, L, More...>(s);
  }
}

/// Somebody's f, known by its address and by a function per kind of leaf: so that the walk down the parts, far more
/// code than what is done with a parameter, is compiled once for a type of model and not once for each f.
template <class Leaf>
struct leaf_call;
template <class... L>
struct leaf_call<leaf<L...>> {
  void (*call)(void* f, std::string const* name, L&... weights);
};
template <class... Leaf>
struct leaf_visitor : leaf_call<Leaf>... {
  void* f;
  template <class... L>
  void operator()(std::string const* name, L&... weights) const {
    leaf_call<leaf<L...>>::call(f, name, weights...);
  }
};

template <class F, class... L>
constexpr leaf_call<leaf<L...>> call_for(leaf<L...>) {
  return {[](void* f, std::string const* name, L&... weights) { (*static_cast<F*>(f))(name, weights...); }};
}
template <class F, class... Leaf>
leaf_visitor<Leaf...> visitor_of(F& f, leaf_set<Leaf...>) {
  return {call_for<F>(Leaf())..., &f};
}

/// f(name or nullptr, weight, its counterpart, …).
template <class F, class L, class... More>
void visit_all(F& f, std::string* path, L& first, More&... more) {
  auto visitor = visitor_of(f, leaves_of<L, More...>(leaf_set<>()));
  visit_part(visitor, path, first, more...);
}

}  // namespace detail

/// f(name, weight) for every parameter, in the order of the members; with several models of one shape (weights,
/// gradients, masters): f(name, weight, its counterpart, …). Names are the checkpoint's:
/// "encoder.block.0.layer.0.SelfAttention.q.weight".
template <class F, class L, class... More>
void for_each_parameter(F&& f, L& first, More&... more) {
  std::string path;
  auto named = [&f](std::string const* name, auto&... weights) { f(*name, weights...); };
  detail::visit_all(named, &path, first, more...);
}

/// f(weight, its counterpart, …): the same walk without names, which allocates nothing, for what a training step does.
template <class F, class L, class... More>
void for_each_weight(F&& f, L& first, More&... more) {
  auto nameless = [&f](std::string const*, auto&... weights) { f(weights...); };
  detail::visit_all(nameless, nullptr, first, more...);
}

/// Gives every parameter owned memory of zeros, row-major unless it is quantised.
template <class B, class L>
void allocate_parameters(B& be, L& layer) {
  for_each_parameter(
      [&](std::string const&, auto& w) {
        using W = typename std::remove_cvref_t<decltype(w)>::value_type;
        w = be.template allocate_weight<W>(w.rows, w.columns);
      },
      layer);
}

/// Replaces borrowed or packed parameters by owned row-major ones, so that they can be trained.
template <class B, class L>
void own_parameters(B& be, L& layer) {
  for_each_parameter(
      [&](std::string const&, auto& w) {
        using W = typename std::remove_cvref_t<decltype(w)>::value_type;
        static_assert(!quantized<W>, "quantised weights cannot be trained: load the model in float or bf16");
        if (w.format == layout::row_major && !w.read_only) return;
        auto mine = be.template allocate_weight<W>(w.rows, w.columns);
        be.unpack(mine.values(), w);
        w = mine;
      },
      layer);
}

/// Packs every parameter that products read, in place of its row-major form. Gains and tables that are read by rows
/// (the embedding, relative biases) stay as they are, unless the model says that a table is its head too.
template <class B, class L>
void pack_parameters(B& be, L& layer) {
  for_each_parameter(
      [&](std::string const& name, auto& w) {
        bool const table = name == "shared.weight" || name.ends_with("relative_attention_bias.weight");
        if (w.rows > 1 && !table) be.pack(w);
      },
      layer);
  if constexpr (requires { layer.head(); }) be.pack(layer.head());
}

/// How many numbers a layer holds.
template <class L>
extent count_parameters(L const& layer) {
  extent n = 0;
  for_each_parameter([&](std::string const&, auto const& w) { n += w.size(); }, layer);
  return n;
}

}  // namespace flan
