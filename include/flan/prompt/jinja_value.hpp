#pragma once
/// What a Jinja template computes with: Python's values, as far as templates of prompts need them. A type of its own
/// and not a JSON document: it keeps the order of fields, has Jinja's undefined, and costs no JSON library to compile.

#include <concepts>
#include <cstddef>
#include <cstdint>
#include <cstring>
#include <memory>
#include <string>
#include <string_view>
#include <utility>
#include <variant>
#include <vector>

#include "flan/core/error.hpp"

namespace flan {

namespace detail::jinja {
struct undefined_value {};
struct none_value {};

/// Python's kinds of sequences, which print and compare differently. `once` is an iterator (of zip, of select): a
/// template may walk it, nothing else.
enum class sequence : unsigned char { list, tuple, range, once };
struct list_body;
struct dict_body;

/// Lists and dicts may be nested this deep: what walks them is recursive. And they may weigh this much, in values and
/// bytes of text: parts are shared, so that a small template could build a list that no one can print.
inline constexpr unsigned deepest_value = 64;
inline constexpr std::size_t heaviest_value = std::size_t{1} << 26;
}  // namespace detail::jinja

/// A value of a template: undefined (the default), none, true or false, a whole or real number, a text in UTF-8, a
/// list, or a dict with texts as keys. Lists and dicts are shared and never change, so that copies are cheap.
class jinja_value {
 public:
  using list = std::vector<jinja_value>;
  using dict = std::vector<std::pair<std::string, jinja_value>>;  // in the order of writing; keys differ

  jinja_value() = default;
  static jinja_value none() {
    jinja_value v;
    v.held_ = detail::jinja::none_value();
    return v;
  }
  template <class N>
  requires(std::integral<N> || std::floating_point<N>) jinja_value(N number) {
    if constexpr (std::same_as<N, bool>)
      held_ = number;
    else if constexpr (std::floating_point<N>)
      held_ = static_cast<double>(number);
    else if (std::in_range<std::int64_t>(number))
      held_ = static_cast<std::int64_t>(number);
    else
      fail("a whole number of a template should lie within 64 bits with a sign, found ", number);
  }
  /// Throws when the text holds the byte 255, which no UTF-8 has and which stands for `|||` inside templates.
  jinja_value(std::string text) : held_(std::move(text)) {
    auto const& s = std::get<std::string>(held_);
    if (!s.empty() && std::memchr(s.data(), 0xFF, s.size()) != nullptr)
      fail("a text of a record should be UTF-8, but it holds the byte 255");
  }
  jinja_value(std::string_view text) : jinja_value(std::string(text)) {}
  jinja_value(char const* text) : jinja_value(std::string(text)) {}
  /// Throws when the value would be deeper or heavier than detail::jinja allows.
  jinja_value(list items, detail::jinja::sequence kind = detail::jinja::sequence::list);
  jinja_value(dict fields);

  bool is_undefined() const { return std::holds_alternative<detail::jinja::undefined_value>(held_); }
  bool is_none() const { return std::holds_alternative<detail::jinja::none_value>(held_); }
  // The value when it is of that kind, else null.
  bool const* boolean() const { return std::get_if<bool>(&held_); }
  std::int64_t const* integer() const { return std::get_if<std::int64_t>(&held_); }
  double const* real() const { return std::get_if<double>(&held_); }
  std::string const* text() const { return std::get_if<std::string>(&held_); }
  detail::jinja::list_body const* sequence() const {
    auto const p = std::get_if<list_pointer>(&held_);
    return p ? p->get() : nullptr;
  }
  detail::jinja::dict_body const* mapping() const {
    auto const p = std::get_if<dict_pointer>(&held_);
    return p ? p->get() : nullptr;
  }
  /// The field of a dict; null when this is no dict or has no such field.
  jinja_value const* find(std::string_view key) const;

  /// A text that the library made itself and that may hold the byte for `|||`.
  static jinja_value trusted_text(std::string text) {
    jinja_value v;
    v.held_ = std::move(text);
    return v;
  }
  /// What `namespace(…)` makes: a dict that a template may only use by its attributes. Copies are the same one.
  static jinja_value space(dict fields);
  /// Sets an attribute of a namespace; throws when this is none.
  void set_attribute(std::string_view name, jinja_value value) const;

 private:
  using list_pointer = std::shared_ptr<detail::jinja::list_body const>;
  using dict_pointer = std::shared_ptr<detail::jinja::dict_body>;  // only a namespace ever changes
  std::variant<detail::jinja::undefined_value, detail::jinja::none_value, bool, std::int64_t, double, std::string,
               list_pointer, dict_pointer>
      held_;
};

namespace detail::jinja {

struct list_body {
  jinja_value::list items;
  sequence kind = sequence::list;
  unsigned depth = 1;
  std::size_t weight = 1;
};
struct dict_body {
  jinja_value::dict fields;
  bool is_space = false;
  unsigned depth = 1;
  std::size_t weight = 1;
};

/// Values and bytes of text in v, as often as they would be printed.
inline std::size_t weight_of(jinja_value const& v) {
  if (auto const* t = v.text()) return 1 + t->size();
  if (auto const* l = v.sequence()) return l->weight;
  if (auto const* d = v.mapping()) return d->weight;
  return 1;
}
template <class Body>
void take_part(Body& body, jinja_value const& part) {
  auto const* l = part.sequence();
  auto const* d = part.mapping();
  unsigned const depth = (l ? l->depth : d ? d->depth : 0) + 1;
  if (depth > deepest_value) fail("lists and dicts may be nested ", deepest_value, " deep, found a deeper one");
  if (depth > body.depth) body.depth = depth;
  body.weight += weight_of(part);
  if (body.weight > heaviest_value) fail("lists and dicts may hold ", heaviest_value, " bytes, found a larger one");
}

/// What a value is, for messages.
inline char const* kind_name(jinja_value const& v) {
  if (v.is_undefined()) return "an undefined value";
  if (v.is_none()) return "none";
  if (v.boolean()) return "a truth value";
  if (v.integer()) return "a whole number";
  if (v.real()) return "a real number";
  if (v.text()) return "a text";
  if (auto const* d = v.mapping()) return d->is_space ? "a namespace" : "a dict";
  switch (v.sequence()->kind) {
    case sequence::tuple:
      return "a tuple";
    case sequence::range:
      return "a range";
    case sequence::once:
      return "an iterator";
    default:
      return "a list";
  }
}

/// Whole numbers and truth values, which Python counts among them.
inline std::int64_t const* whole(jinja_value const& v, std::int64_t& room) {
  if (auto const* b = v.boolean()) return room = *b, &room;
  return v.integer();
}
/// Any number as a real one.
inline bool to_real(jinja_value const& v, double& out) {
  std::int64_t room;
  if (auto const* i = whole(v, room)) return out = static_cast<double>(*i), true;
  if (auto const* d = v.real()) return out = *d, true;
  return false;
}

/// Python's bool(v).
inline bool truth(jinja_value const& v) {
  if (auto const* b = v.boolean()) return *b;
  if (auto const* i = v.integer()) return *i != 0;
  if (auto const* d = v.real()) return *d != 0;
  if (auto const* t = v.text()) return !t->empty();
  if (auto const* l = v.sequence()) return l->kind == sequence::once || !l->items.empty();
  if (auto const* m = v.mapping()) return !m->fields.empty();
  return false;
}

/// Python's a == b.
inline bool equal(jinja_value const& a, jinja_value const& b) {
  if (a.is_undefined() || b.is_undefined()) return a.is_undefined() && b.is_undefined();
  if (a.is_none() || b.is_none()) return a.is_none() && b.is_none();
  if (a.text() || b.text()) return a.text() && b.text() && *a.text() == *b.text();
  std::int64_t ra, rb;
  auto const *ia = whole(a, ra), *ib = whole(b, rb);
  if (ia && ib) return *ia == *ib;
  double xa = 0, xb = 0;
  bool const na = to_real(a, xa), nb = to_real(b, xb);
  if (na || nb) return na && nb && xa == xb;
  if (auto const* la = a.sequence(), *lb = b.sequence(); la || lb) {
    if (!la || !lb || la->kind != lb->kind || la->items.size() != lb->items.size()) return false;
    for (std::size_t i = 0; i < la->items.size(); ++i)
      if (!equal(la->items[i], lb->items[i])) return false;
    return true;
  }
  auto const &da = *a.mapping(), &db = *b.mapping();
  if (da.fields.size() != db.fields.size()) return false;
  for (auto const& [key, value] : da.fields) {
    auto const* other = b.find(key);
    if (!other || !equal(value, *other)) return false;
  }
  return true;
}

}  // namespace detail::jinja

inline jinja_value::jinja_value(list items, detail::jinja::sequence kind) {
  auto body = std::make_shared<detail::jinja::list_body>();
  for (auto const& item : items) detail::jinja::take_part(*body, item);
  body->items = std::move(items);
  body->kind = kind;
  held_ = list_pointer(std::move(body));
}
inline jinja_value::jinja_value(dict fields) {
  auto body = std::make_shared<detail::jinja::dict_body>();
  for (auto const& [key, value] : fields) detail::jinja::take_part(*body, value);
  body->fields = std::move(fields);
  held_ = dict_pointer(std::move(body));
}
inline jinja_value jinja_value::space(dict fields) {
  jinja_value v(std::move(fields));
  std::get<dict_pointer>(v.held_)->is_space = true;
  return v;
}
inline void jinja_value::set_attribute(std::string_view name, jinja_value value) const {
  auto const* pointer = std::get_if<dict_pointer>(&held_);
  if (!pointer || !(*pointer)->is_space)
    fail("only a namespace's attributes can be set, found ", detail::jinja::kind_name(*this));
  auto& body = **pointer;
  std::size_t i = 0;
  while (i < body.fields.size() && body.fields[i].first != name) ++i;
  if (i < body.fields.size())
    body.fields[i].second = std::move(value);
  else
    body.fields.emplace_back(name, std::move(value));
}
inline jinja_value const* jinja_value::find(std::string_view key) const {
  auto const* d = mapping();
  if (d == nullptr) return nullptr;
  for (auto const& [name, value] : d->fields)
    if (name == key) return &value;
  return nullptr;
}

}  // namespace flan
