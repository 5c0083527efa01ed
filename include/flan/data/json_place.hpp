#pragma once
/// A value of a JSON document that knows where it stands: what configurations are read with, so that every complaint
/// names file, line and path.

#include <algorithm>
#include <cmath>
#include <cstddef>
#include <cstdint>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "flan/core/error.hpp"
#include "flan/data/nearest_name.hpp"
#include "flan/text/json.hpp"

namespace flan::detail {

/// An error that says where it is already.
struct placed_error : error {
  using error::error;
};

/// A step down a document: a key, or without one a position in a list.
struct json_step {
  std::string key;
  std::size_t position = 0;
  bool in_list = false;
};

/// Walks the text of a valid document.
class json_walker {
  std::string_view text_;
  std::size_t at_ = 0;

  void blank() { at_ = std::min(text_.find_first_not_of(" \t\r\n", at_), text_.size()); }
  std::string_view string() {
    auto const begin = at_++;
    while (text_[at_] != '"') at_ += text_[at_] == '\\' ? 2 : 1;
    return text_.substr(begin, ++at_ - begin);
  }
  void skip() {
    std::size_t open = 0;
    do {
      blank();
      char const c = text_[at_];
      if (c == '"') {
        string();
      } else if (c == '{' || c == '[') {
        ++open, ++at_;
      } else if (c == '}' || c == ']') {
        --open, ++at_;
      } else if (c == ',' || c == ':') {
        ++at_;
      } else {
        at_ = std::min(text_.find_first_of(",:]} \t\r\n", at_), text_.size());
      }
    } while (open > 0);
  }
  // From the bracket of a list or object to the value; false, and at the bracket still, when there is none.
  bool enter(json_step const& step) {
    auto const bracket = at_;
    ++at_;
    for (std::size_t i = 0;; ++i) {
      blank();
      if (text_[at_] == ']' || text_[at_] == '}') break;
      bool here = step.in_list && i == step.position;
      if (!step.in_list) {
        here = parse_json(string(), "a key").get<std::string>() == step.key;
        blank();
        ++at_;  // the colon
        blank();
      }
      if (here) return true;
      skip();
      blank();
      if (text_[at_] == ',') ++at_;
    }
    at_ = bracket;
    return false;
  }

 public:
  explicit json_walker(std::string_view text) : text_(text), at_(text.starts_with("\xEF\xBB\xBF") ? 3 : 0) {}
  /// The line of the value at a path, or of the last on the way to it that is there. From 1.
  [[gnu::cold]] std::size_t line_of(std::vector<json_step> const& path) {
    blank();
    for (auto const& step : path)
      if (at_ >= text_.size() || text_[at_] != (step.in_list ? '[' : '{') || !enter(step)) break;
    auto const end = std::min(at_, text_.size());
    return 1 +
           static_cast<std::size_t>(std::count(text_.begin(), text_.begin() + static_cast<std::ptrdiff_t>(end), '\n'));
  }
};

/// A document, and the file that it is.
struct json_text {
  std::string file, text;
  json root;

  [[gnu::cold]] json_text(std::string name, std::string_view content)
      : file(std::move(name)),
        text(content),
        root(parse_json_object(text, file, {.deepest = 64, .unique_keys = true})) {}
  json_text(json_text const&) = delete;
  json_text& operator=(json_text const&) = delete;
};

class json_place {
  json_text const* document_;
  json const* value_;
  std::vector<json_step> path_;

  json_place(json_text const& d, json const& v, std::vector<json_step> path)
      : document_(&d), value_(&v), path_(std::move(path)) {}

  [[gnu::cold]] static std::string text_of_path(std::vector<json_step> const& path) {
    std::string all;
    for (auto const& step : path) {
      if (step.in_list)
        all += sentence('[', step.position, ']');
      else
        (all += all.empty() ? "" : ".") += step.key;
    }
    return all;
  }
  [[noreturn, gnu::cold]] void fail_at(std::vector<json_step> const& path, std::string_view problem) const {
    auto const where = text_of_path(path);
    throw placed_error(sentence(document_->file, ':', json_walker(document_->text).line_of(path), ": ", where,
                                where.empty() ? "" : ": ", problem));
  }

 public:
  explicit json_place(json_text const& d) : json_place(d, d.root, {}) {}

  json const& value() const { return *value_; }

  template <class... Parts>
  [[noreturn, gnu::cold]] void refuse(Parts const&... parts) const {
    fail_at(path_, sentence(parts...));
  }
  /// For a problem that begins with a path from here ("fields.label: …") when its first key is one of these.
  [[noreturn, gnu::cold]] void refuse_within(std::span<std::string_view const> keys, std::string_view problem) const {
    auto const end = std::min(problem.find(": "), problem.size());
    std::string_view const where = problem.substr(0, end);
    std::string_view const key = where.substr(0, where.find_first_of(".["));
    bool const is_file = where.find_first_of("/:") != where.npos;  // a complaint about a file begins with its place
    if (end == problem.size() || is_file || std::find(keys.begin(), keys.end(), key) == keys.end()) refuse(problem);
    auto path = path_;
    path.push_back({std::string(key)});
    std::string_view const rest = where.substr(key.size());
    std::size_t position = 0;
    if (rest.starts_with('.')) {
      path.push_back({std::string(rest.substr(1))});
    } else if (rest.starts_with('[')) {
      for (char const c : rest.substr(1))
        if (c >= '0' && c <= '9') position = position * 10 + static_cast<std::size_t>(c - '0');
      path.push_back({{}, position, true});
    }
    fail_at(path, problem.substr(end + 2));
  }

  /// Throws unless it is an object with no other keys than these.
  [[gnu::cold]] void expect_keys(std::span<std::string_view const> known) const {
    if (!value_->is_object()) refuse("expected an object, found ", shown(*value_));
    for (auto const& [key, value] : value_->items()) {
      if (std::find(known.begin(), known.end(), key) != known.end()) continue;
      auto path = path_;
      path.push_back({key});
      fail_at(path, sentence("unknown key \"", key, '"', did_you_mean(key, known)));
    }
  }
  bool has(std::string_view key) const { return value_->is_object() && value_->contains(std::string(key)); }
  [[gnu::cold]] std::optional<json_place> find(std::string_view key) const {
    if (!has(key)) return {};
    auto path = path_;
    path.push_back({std::string(key)});
    return json_place(*document_, value_->find(std::string(key)).value(), std::move(path));
  }
  [[gnu::cold]] json_place at(std::string_view key) const {
    if (auto found = find(key)) return *std::move(found);
    refuse("the key \"", key, "\" is missing");
  }
  /// The elements of a list.
  [[gnu::cold]] std::vector<json_place> list() const {
    if (!value_->is_array()) refuse("expected a list, found ", shown(*value_));
    std::vector<json_place> all;
    for (std::size_t i = 0; i < value_->size(); ++i) {
      auto path = path_;
      path.push_back({{}, i, true});
      all.push_back(json_place(*document_, (*value_)[i], std::move(path)));
    }
    return all;
  }
  /// The members of an object, by name.
  [[gnu::cold]] std::vector<std::pair<std::string, json_place>> members() const {
    if (!value_->is_object()) refuse("expected an object, found ", shown(*value_));
    std::vector<std::pair<std::string, json_place>> all;
    for (auto const& [key, value] : value_->items()) all.emplace_back(key, at(key));
    return all;
  }
  [[gnu::cold]] std::string text() const {
    if (!value_->is_string()) refuse("expected a text, found ", shown(*value_));
    return value_->get_ref<std::string const&>();
  }
  /// A text that is not empty.
  [[gnu::cold]] std::string name() const {
    auto all = text();
    if (all.empty()) refuse("expected a text, found an empty one");
    return all;
  }
  /// A list of texts, or one.
  [[gnu::cold]] std::vector<std::string> texts() const {
    if (value_->is_string()) return {text()};
    if (!value_->is_array()) refuse("expected a text or a list of texts, found ", shown(*value_));
    std::vector<std::string> all;
    for (auto const& one : list()) all.push_back(one.text());
    if (all.empty()) refuse("expected a text or a list of texts, found an empty list");
    return all;
  }
  [[gnu::cold]] bool truth() const {
    if (!value_->is_boolean()) refuse("expected true or false, found ", shown(*value_));
    return value_->get<bool>();
  }
  [[gnu::cold]] std::uint64_t natural(std::uint64_t least = 0) const {
    if (!value_->is_number_unsigned() || value_->get<std::uint64_t>() < least)
      refuse("expected a whole number from ", least, " on, found ", shown(*value_));
    return value_->get<std::uint64_t>();
  }
  /// A number above 0, or with `or_zero` not below; at most a billion, so that sums stay numbers.
  [[gnu::cold]] double positive(bool or_zero = false) const {
    if (!value_->is_number() || !std::isfinite(value_->get<double>()) || value_->get<double>() < 0 ||
        (!or_zero && value_->get<double>() == 0))
      refuse("expected a number ", or_zero ? "of 0 or more" : "above 0", ", found ", shown(*value_));
    if (value_->get<double>() > 1e9) refuse("expected a number of at most a billion, found ", shown(*value_));
    return value_->get<double>();
  }
  /// Which of these words it is.
  [[gnu::cold]] std::size_t one_of(std::span<std::string_view const> words) const {
    auto const word = text();
    auto const found = std::find(words.begin(), words.end(), word);
    if (found == words.end()) {
      std::string all;
      for (auto const one : words) all += sentence(all.empty() ? "\"" : ", \"", one, '"');
      refuse("expected one of ", all, ", found \"", word, '"');
    }
    return static_cast<std::size_t>(found - words.begin());
  }
};

}  // namespace flan::detail
