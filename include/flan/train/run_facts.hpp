#pragma once
/// What a run must have in common with the checkpoint it resumes from, as text by name.

#include <charconv>
#include <concepts>
#include <map>
#include <string>
#include <string_view>
#include <type_traits>
#include <variant>

#include "flan/core/error.hpp"
#include "flan/core/members.hpp"

namespace flan {

/// Name → value: "batch_tokens" → "8192". Two runs with the same facts and the same binary make the same bits.
using run_facts = std::map<std::string, std::string>;

namespace detail {
inline std::string fact_text(bool x) { return x ? "true" : "false"; }
inline std::string fact_text(std::integral auto x) { return std::to_string(x); }
/// The shortest text that reads back as x.
inline std::string fact_text(double x) {
  char text[32];
  auto const end = std::to_chars(text, text + sizeof text, x);
  return end.ec == std::errc{} ? std::string(text, end.ptr) : std::to_string(x);
}
inline std::string fact_text(float x) { return fact_text(static_cast<double>(x)); }
}  // namespace detail

/// Adds "`prefix`" → the name of `settings`, and "`prefix`.member" → value for each of its named members.
template <class T>
void add_facts(run_facts& facts, std::string const& prefix, T const& settings) {
  facts[prefix] = std::string(T::name);
  if constexpr (has_members<T>)
    for_each_member(settings, [&](std::string_view name, auto const& value) {
      facts[prefix + '.' + std::string(name)] = detail::fact_text(value);
    });
}

/// Throws, naming what differs, unless both are equal. `where` is the checkpoint.
inline void require_same_facts(run_facts const& stored, run_facts const& now, std::string const& where) {
  std::string differences;
  auto const add = [&](std::string const& name, std::string const& then, std::string const& today) {
    differences += sentence(differences.empty() ? "" : "; ", name, " was ", then, " and is ", today);
  };
  for (auto const& [name, value] : stored) {
    auto const at = now.find(name);
    if (at == now.end()) {
      add(name, value, "not set");
    } else if (at->second != value) {
      add(name, value, at->second);
    }
  }
  for (auto const& [name, value] : now)
    if (!stored.contains(name)) add(name, "not set", value);
  if (!differences.empty())
    fail("cannot resume from ", where, ", because the run would not be the one that was interrupted: ", differences,
         ". Give the same data and options, or start anew in another folder");
}

}  // namespace flan
