#pragma once
/// Formats of files as far as the fields in them have no meaning yet, and records of the run time from any of them.

#include <cstddef>
#include <cstdint>
#include <memory>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "flan/core/error.hpp"
#include "flan/data/delimited.hpp"
#include "flan/data/field_mapping.hpp"
#include "flan/data/json_records.hpp"
#include "flan/data/raw_record.hpp"
#include "flan/data/record_file.hpp"
#include "flan/data/scan.hpp"
#include "flan/data/scan_json.hpp"
#include "flan/prompt/option_record.hpp"

namespace flan::detail {

/// As record_format, for raw records. Several threads may parse at once.
class raw_format {
 public:
  virtual ~raw_format() = default;
  virtual std::string key() const = 0;
  virtual std::unique_ptr<record_scanner> scanner() const = 0;
  virtual bool has_head() const { return false; }
  virtual void begin(std::string_view /*head*/) {}
  virtual bool numbered() const { return false; }
  virtual bool has_items() const { return false; }
  virtual std::uint32_t items(std::string_view /*text*/) const { return 1; }
  virtual raw_record parse(std::string_view text, std::uint32_t item) const = 0;
};

/// An object a line.
class json_lines_format : public raw_format {
 public:
  std::string key() const override { return "json lines"; }
  std::unique_ptr<record_scanner> scanner() const override { return std::make_unique<line_scanner>(); }
  raw_record parse(std::string_view text, std::uint32_t) const override { return {parse_object(text)}; }
};

/// What lies at a path of one document.
class json_document_format : public raw_format {
  std::string where_;

 public:
  explicit json_document_format(std::string where) : where_(std::move(where)) {}
  std::string key() const override { return "json " + where_; }
  std::unique_ptr<record_scanner> scanner() const override { return std::make_unique<json_scanner>(where_); }
  bool numbered() const override { return true; }
  raw_record parse(std::string_view text, std::uint32_t) const override { return {parse_element(text)}; }
};

/// {instruction, input, output}, where the input may be missing; with `request`, which is the first two in one.
class alpaca_format final : public json_document_format {
 public:
  alpaca_format() : json_document_format("*") {}
  std::string key() const override { return "alpaca"; }
  raw_record parse(std::string_view text, std::uint32_t item) const override {
    auto r = json_document_format::parse(text, item);
    auto& object = r.object.get_ref<json::object_t&>();
    auto& input = object.try_emplace("input", "").first->second;
    if (input.is_null()) input = "";
    auto const request = object.find("instruction");
    if (request == object.end() || !request->second.is_string() || !input.is_string()) return r;
    auto const& under = input.get_ref<std::string const&>();
    std::string both = request->second.get_ref<std::string const&>();
    if (!under.empty()) (both += "\n\n") += under;
    object.insert_or_assign("request", std::move(both));
    return r;
  }
};

/// COPA's question as words that the premise goes on with: the field "connective".
class copa_format final : public json_lines_format {
 public:
  std::string key() const override { return "superglue copa"; }
  raw_record parse(std::string_view text, std::uint32_t item) const override {
    auto r = json_lines_format::parse(text, item);
    std::string const question = text_of(r.at("question"), "question");
    if (question != "cause" && question != "effect")
      fail("the field \"question\" should be \"cause\" or \"effect\", but is ", excerpt(question));
    r.object.get_ref<json::object_t&>().insert_or_assign(
        "connective", question == "cause" ? "This happened because" : "Because of this");
    return r;
  }
};

class table_raw_format final : public raw_format {
  table_format table_;

 public:
  table_raw_format(table_kind kind, table_options options) : table_(kind, std::move(options)) {}
  std::string key() const override { return table_.key(); }
  std::unique_ptr<record_scanner> scanner() const override { return table_.scanner(); }
  bool has_head() const override { return table_.has_head(); }
  void begin(std::string_view head) override { table_.begin(head); }
  raw_record parse(std::string_view text, std::uint32_t) const override {
    return {{}, &table_.names(), table_.row(text)};
  }
};

/// OpenBookQA's table as Hugging Face's records: its choices, "(A) … (B) …", as a list.
class open_book_qa_format final : public raw_format {
  table_format table_{table_kind::tsv, {}};

  static json list_of(std::string_view choices) {
    if (!choices.starts_with("(A) "))
      fail("the field \"Choices\" should begin with \"(A) \", but is ", excerpt(std::string(choices)));
    json all(json::value_t::array);
    for (char letter = 'B';; ++letter) {
      choices.remove_prefix(4);  // "(A) "
      std::size_t const end = choices.find(sentence(" (", letter, ") "));
      all.get_ref<json::array_t&>().emplace_back(std::string(choices.substr(0, end)));
      if (end == choices.npos) return all;
      choices.remove_prefix(end + 1);
    }
  }

 public:
  std::string key() const override { return "openbookqa"; }
  std::unique_ptr<record_scanner> scanner() const override { return table_.scanner(); }
  bool has_head() const override { return table_.has_head(); }
  void begin(std::string_view head) override { table_.begin(head); }
  raw_record parse(std::string_view text, std::uint32_t) const override {
    raw_record const row{{}, &table_.names(), table_.row(text)};
    raw_record r{json(json::value_t::object)};
    auto& object = r.object.get_ref<json::object_t&>();
    object.emplace("question_stem", *row.at("Question Stem").cell);
    object.emplace("choices", list_of(*row.at("Choices").cell));
    object.emplace("answerKey", *row.at("Answer Key").cell);
    return r;
  }
};

/// Plain text as the field "text": lines or paragraphs.
class text_raw_format final : public raw_format {
  bool paragraphs_;
  std::vector<std::string> const names_{"text"};

 public:
  explicit text_raw_format(bool paragraphs) : paragraphs_(paragraphs) {}
  std::string key() const override { return paragraphs_ ? "paragraphs" : "lines"; }
  std::unique_ptr<record_scanner> scanner() const override {
    if (paragraphs_) return std::make_unique<paragraph_scanner>();
    return std::make_unique<line_scanner>();
  }
  raw_record parse(std::string_view text, std::uint32_t) const override { return {{}, &names_, {std::string(text)}}; }
};

/// A format that has a reader of its own, whose records become objects: to_object(record, object).
template <class R>
class typed_raw_format final : public raw_format {
  std::shared_ptr<record_reader<R>> reader_;
  void (*to_object_)(R const&, json::object_t&);

 public:
  typed_raw_format(std::shared_ptr<record_reader<R>> reader, void (*to_object)(R const&, json::object_t&))
      : reader_(std::move(reader)), to_object_(to_object) {}
  std::string key() const override { return reader_->key(); }
  std::unique_ptr<record_scanner> scanner() const override { return reader_->scanner(); }
  bool numbered() const override { return reader_->numbered(); }
  bool has_items() const override { return reader_->has_items(); }
  std::uint32_t items(std::string_view text) const override { return reader_->check(text); }
  raw_record parse(std::string_view text, std::uint32_t item) const override {
    raw_record r{json(json::value_t::object)};
    to_object_(reader_->read(text, item), r.object.get_ref<json::object_t&>());
    return r;
  }
};

/// Records of the run time from a format.
class mapped_reader final : public record_reader<option_record> {
  std::shared_ptr<raw_format> format_;
  std::shared_ptr<field_mapping const> mapping_;

 public:
  mapped_reader(std::shared_ptr<raw_format> format, std::shared_ptr<field_mapping const> mapping)
      : format_(std::move(format)), mapping_(std::move(mapping)) {}
  std::string key() const override { return format_->key() + "\nmapped" + mapping_->key(); }
  std::unique_ptr<record_scanner> scanner() const override { return format_->scanner(); }
  bool has_head() const override { return format_->has_head(); }
  void begin(std::string_view head) override { format_->begin(head); }
  bool numbered() const override { return format_->numbered(); }
  bool has_items() const override { return format_->has_items(); }
  std::uint32_t check(std::string_view text) override {
    auto const n = format_->items(text);
    for (std::uint32_t i = 0; i < n; ++i) static_cast<void>(read(text, i));
    return n;
  }
  option_record read(std::string_view text, std::uint32_t item) const override {
    return (*mapping_)(format_->parse(text, item));
  }
};

}  // namespace flan::detail
