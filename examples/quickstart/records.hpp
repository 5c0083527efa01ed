#pragma once
/// The quickstart's ten kinds of records, each made from a key: same key, same record, on every machine.

#include <algorithm>
#include <array>
#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "flan/core/members.hpp"
#include "flan/core/random.hpp"
#include "flan/prompt/choice.hpp"

namespace quickstart {

/// Draws from one key's stream.
class draws {
  std::uint64_t key_, count_ = 0;

 public:
  explicit draws(std::uint64_t key) : key_(key) {}
  int below(int n) { return static_cast<int>(flan::uniform_below(key_, count_++, static_cast<std::uint64_t>(n))); }
  int between(int low, int high) { return low + below(high - low + 1); }
  template <class Range>
  auto const& one_of(Range const& from) {
    return from[static_cast<std::size_t>(below(static_cast<int>(std::size(from))))];
  }
  /// n different elements.
  template <class Range>
  std::vector<std::string> several(Range const& from, int n) {
    std::vector<std::string> all(std::begin(from), std::end(from));
    for (int i = 0; i < n; ++i)
      std::swap(all[static_cast<std::size_t>(i)],
                all[static_cast<std::size_t>(between(i, static_cast<int>(all.size()) - 1))]);
    all.resize(static_cast<std::size_t>(n));
    return all;
  }
};

inline std::string join(std::vector<std::string> const& words, std::string_view between = " ") {
  std::string s;
  for (auto const& w : words) (s += s.empty() ? "" : between) += w;
  return s;
}

inline constexpr std::array<std::string_view, 40> objects{
    "apple", "bear",  "boat", "book",  "bread", "bus",   "cake",  "car",   "cat",   "chair",
    "cow",   "cup",   "desk", "dog",   "duck",  "fish",  "fork",  "frog",  "goat",  "grape",
    "horse", "knife", "lamp", "lemon", "lion",  "mango", "melon", "mouse", "peach", "pear",
    "plane", "plate", "plum", "rice",  "ship",  "sofa",  "spoon", "table", "taxi",  "train"};
inline constexpr std::array<std::string_view, 12> people{"Amy",  "Ben",  "Carl", "Dana", "Eve",  "Finn",
                                                         "Gina", "Hugo", "Iris", "Jack", "Kate", "Leo"};

struct kind {
  std::string_view name;
  std::array<std::string_view, 7> members;
};
inline constexpr std::array<kind, 4> kinds{{{"animal", {"bear", "cat", "cow", "dog", "duck", "horse", "lion"}},
                                            {"fruit", {"apple", "grape", "lemon", "mango", "peach", "pear", "plum"}},
                                            {"vehicle", {"boat", "bus", "car", "plane", "ship", "taxi", "train"}},
                                            {"tool", {"cup", "fork", "knife", "lamp", "plate", "spoon", "desk"}}}};

/// Three to six words, to be said again.
struct span_of_words {
  std::string words;
  static constexpr auto members = flan::members("words", &span_of_words::words);
  static span_of_words make(std::uint64_t key) {
    draws d(key);
    return {join(d.several(objects, d.between(3, 6)))};
  }
};

/// Four words and their alphabetical order.
struct unsorted {
  std::string words, sorted;
  static constexpr auto members = flan::members("words", &unsorted::words, "sorted", &unsorted::sorted);
  static unsorted make(std::uint64_t key) {
    auto w = draws(key).several(objects, 4);
    auto s = w;
    std::sort(s.begin(), s.end());
    return {join(w), join(s)};
  }
};

/// Two numbers of two digits, their sum, and the working with its carry.
struct addition {
  int a = 0, b = 0, sum = 0;
  std::string working;
  static constexpr auto members =
      flan::members("a", &addition::a, "b", &addition::b, "sum", &addition::sum, "working", &addition::working);
  static addition make(std::uint64_t key) {
    draws d(key);
    addition r{d.between(10, 99), d.between(10, 99), 0, {}};
    r.sum = r.a + r.b;
    int const ones = r.a % 10 + r.b % 10, carry = ones / 10;
    auto const text = [](int n) { return std::to_string(n); };
    // Without spaces around signs: half as many tokens to write.
    r.working = text(r.a % 10) + "+" + text(r.b % 10) + "=" + text(ones) + " carry " + text(carry) + ", " +
                text(r.a / 10) + "+" + text(r.b / 10) + "+" + text(carry) + "=" + text(r.a / 10 + r.b / 10 + carry) +
                ".";
    return r;
  }
};

/// One thing of a kind among two of others, in any order.
struct quiz {
  std::string kind, options;
  flan::choice<"(A)", "(B)", "(C)"> answer;
  static constexpr auto members =
      flan::members("kind", &quiz::kind, "options", &quiz::options, "answer", &quiz::answer);
  static quiz make(std::uint64_t key) {
    draws d(key);
    int const right = d.below(4), place = d.below(3);
    quiz q;
    q.kind = kinds[static_cast<std::size_t>(right)].name;
    q.answer = decltype(q.answer)::at(static_cast<std::size_t>(place));
    for (int i = 0; i < 3; ++i) {
      int const k = i == place ? right : (right + d.between(1, 3)) % 4;
      q.options += std::string(i ? "\n" : "") + "(" + static_cast<char>('A' + i) + ") " +
                   std::string(d.one_of(kinds[static_cast<std::size_t>(k)].members));
    }
    return q;
  }
};

/// A sentence of praise or blame, sometimes negated.
struct review {
  std::string text;
  flan::choice<"positive", "negative"> feeling;
  static constexpr auto members = flan::members("text", &review::text, "feeling", &review::feeling);
  static review make(std::uint64_t key) {
    static constexpr std::array<std::string_view, 8> good{"good", "great", "lovely", "superb",
                                                          "fine", "nice",  "clever", "brilliant"};
    static constexpr std::array<std::string_view, 8> bad{"bad",    "awful", "poor",     "dull",
                                                         "boring", "weak",  "terrible", "silly"};
    static constexpr std::array<std::string_view, 10> subjects{"film", "book", "meal", "song", "hotel",
                                                               "play", "game", "show", "trip", "story"};
    static constexpr std::array<std::string_view, 4> strength{"", "very ", "really ", "quite "};
    draws d(key);
    bool const praise = d.below(2) == 0, negated = d.below(3) == 0;
    std::string s = "The " + std::string(d.one_of(subjects)) + (negated ? " was not " : " was ") +
                    std::string(d.one_of(strength)) + std::string(d.one_of(praise ? good : bad));
    return {s, decltype(feeling)::at(praise != negated ? 0 : 1)};
  }
};

/// Two different numbers and the larger.
struct pair_of_numbers {
  int a = 0, b = 0, larger = 0;
  static constexpr auto members =
      flan::members("a", &pair_of_numbers::a, "b", &pair_of_numbers::b, "larger", &pair_of_numbers::larger);
  static pair_of_numbers make(std::uint64_t key) {
    draws d(key);
    int const a = d.between(10, 99), shift = d.between(1, 89), b = 10 + (a - 10 + shift) % 90;
    return {a, b, std::max(a, b)};
  }
};

/// A word and a row of words that holds it one to four times.
struct tally {
  std::string word, row;
  int count = 0;
  static constexpr auto members = flan::members("word", &tally::word, "row", &tally::row, "count", &tally::count);
  static tally make(std::uint64_t key) {
    draws d(key);
    auto const w = d.several(objects, 3);
    tally t{w[0], {}, 0};
    std::vector<std::string> row;
    for (int i = 0, n = d.between(4, 6); i < n; ++i) {
      bool const it = (i == 0 && d.below(2) == 0) || d.below(2) == 0;
      row.push_back(it && t.count < 4 ? w[0] : w[static_cast<std::size_t>(d.between(1, 2))]);
      t.count += row.back() == w[0];
    }
    t.row = join(row);
    return t;
  }
};

/// Who is tallest of three, told by two comparisons in any order and direction; the reasoning puts them in a row.
struct heights {
  std::string facts, reasoning, tallest;
  static constexpr auto members =
      flan::members("facts", &heights::facts, "reasoning", &heights::reasoning, "tallest", &heights::tallest);
  static heights make(std::uint64_t key) {
    draws d(key);
    auto const p = d.several(people, 3);  // tallest first
    auto const fact = [&](std::string const& more, std::string const& less) {
      return d.below(2) == 0 ? more + " is taller than " + less + "." : less + " is shorter than " + more + ".";
    };
    auto first = fact(p[0], p[1]), second = fact(p[1], p[2]);
    if (d.below(2) == 0) std::swap(first, second);
    return {first + " " + second, p[0] + " > " + p[1] + " > " + p[2] + ".", p[0]};
  }
};

/// A row of words and its last one.
struct row_of_words {
  std::string row, last;
  static constexpr auto members = flan::members("row", &row_of_words::row, "last", &row_of_words::last);
  static row_of_words make(std::uint64_t key) {
    draws d(key);
    auto const w = d.several(objects, d.between(3, 6));
    return {join(w), w.back()};
  }
};

/// "two red cats" in Spanish: the colour behind the noun.
struct phrase {
  std::string english, spanish;
  static constexpr auto members = flan::members("english", &phrase::english, "spanish", &phrase::spanish);
  static phrase make(std::uint64_t key) {
    using entry = std::pair<std::string_view, std::string_view>;
    static constexpr std::array<entry, 9> numbers{{{"two", "dos"},
                                                   {"three", "tres"},
                                                   {"four", "cuatro"},
                                                   {"five", "cinco"},
                                                   {"six", "seis"},
                                                   {"seven", "siete"},
                                                   {"eight", "ocho"},
                                                   {"nine", "nueve"},
                                                   {"ten", "diez"}}};
    static constexpr std::array<entry, 9> colours{{{"red", "rojos"},
                                                   {"white", "blancos"},
                                                   {"black", "negros"},
                                                   {"blue", "azules"},
                                                   {"green", "verdes"},
                                                   {"yellow", "amarillos"},
                                                   {"grey", "grises"},
                                                   {"brown", "marrones"},
                                                   {"pink", "rosados"}}};
    static constexpr std::array<entry, 10> nouns{{{"cats", "gatos"},
                                                  {"dogs", "perros"},
                                                  {"horses", "caballos"},
                                                  {"birds", "pájaros"},
                                                  {"books", "libros"},
                                                  {"cars", "coches"},
                                                  {"trains", "trenes"},
                                                  {"boats", "barcos"},
                                                  {"hats", "sombreros"},
                                                  {"shoes", "zapatos"}}};
    draws d(key);
    auto const &n = d.one_of(numbers), &c = d.one_of(colours), &o = d.one_of(nouns);
    auto const s = [](std::string_view x) { return std::string(x); };
    return {s(n.first) + " " + s(c.first) + " " + s(o.first), s(n.second) + " " + s(o.second) + " " + s(c.second)};
  }
};

}  // namespace quickstart
