#pragma once
/// Where a task's records come from: a numbered collection, in memory or computed.

#include <algorithm>
#include <concepts>
#include <cstdint>
#include <functional>
#include <memory>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "flan/core/error.hpp"
#include "flan/data/hash.hpp"
#include "flan/prompt/record.hpp"

namespace flan {

/// What a source of computed records knows without computing them; what is left out is found by computing.
struct source_facts {
  std::uint64_t skipped = 0;                                 ///< bad records that were left out
  std::function<void(fingerprinter&)> add_to;                ///< stands for all records
  std::function<std::uint64_t(std::uint64_t)> content_hash;  ///< of one record; equal records have equal hashes
};

/// Records 0 … size() - 1. Copies share the records.
template <class R>
class source {
 public:
  /// Records in memory.
  source(std::vector<R> records)  // NOLINT: implicit, so that a task takes a vector
      : records_(std::make_shared<std::vector<R> const>(std::move(records))), size_(records_->size()) {}

  /// `size` records that are computed when they are asked for. make(i) must depend on i alone, and may be called from
  /// several threads at once.
  source(std::uint64_t size, std::function<R(std::uint64_t)> make, source_facts facts = {})
      : make_(std::move(make)), size_(size), facts_(std::make_shared<source_facts const>(std::move(facts))) {}

  std::uint64_t size() const { return size_; }
  /// How many bad records of a file were left out; those that are there are numbered without gaps.
  std::uint64_t skipped() const { return facts_ ? facts_->skipped : 0; }

  /// Throws `error` from size() on.
  R operator[](std::uint64_t i) const {
    if (i >= size_) fail("record ", i, " of a source of ", size_);
    return records_ ? (*records_)[static_cast<std::size_t>(i)] : make_(i);
  }

  /// A hash of one record's content: of its bytes, when it lies in a file. Throws `error` from size() on.
  std::uint64_t content_hash(std::uint64_t i) const {
    if (i < size_ && facts_ && facts_->content_hash) return facts_->content_hash(i);
    fingerprinter f;
    hash_record(f, (*this)[i]);
    return f.value();
  }

  /// A hash of all records: of all bytes of a file; of a thousand records, evenly spaced, when they are computed.
  void add_to(fingerprinter& f) const {
    if (facts_ && facts_->add_to) return facts_->add_to(f);
    f.add(size_);
    std::uint64_t const stride = records_ ? 1 : std::max<std::uint64_t>(1, size_ / 1000);
    for (std::uint64_t i = 0; i < size_; i += stride) {
      if (records_)
        hash_record(f, (*records_)[static_cast<std::size_t>(i)]);
      else
        hash_record(f, make_(i));
    }
  }

 private:
  static void hash_record(fingerprinter& f, R const& r) {
    if constexpr (record<R>) {
      for_each_member(r, [&]<class T>(std::string_view name, T const& value) {
        std::string text;
        detail::append_field_text(text, value);
        f.add(name).add(text);
        if constexpr (std::same_as<T, any_choice>)
          for (auto const& option : value.options()) f.add(option);
      });
    } else if constexpr (requires { r.add_to(f); }) {
      r.add_to(f);
    } else if constexpr (requires { record_text(r); }) {
      f.add(std::string_view(record_text(r)));
    } else {
      for (auto const& name : *r.names) f.add(name);
      for (auto const& value : r.values) f.add(value);
    }
  }

  std::shared_ptr<std::vector<R> const> records_;
  std::function<R(std::uint64_t)> make_;
  std::uint64_t size_;
  std::shared_ptr<source_facts const> facts_;
};

/// Records whose fields the run time names. `names` is there even when there is no record.
struct text_source : source<text_record> {
  std::shared_ptr<std::vector<std::string> const> names;

  text_source(std::vector<std::string> fields, std::vector<std::vector<std::string>> rows)
      : text_source(std::make_shared<std::vector<std::string> const>(std::move(fields)), std::move(rows)) {}

  /// Records that have these names.
  text_source(std::shared_ptr<std::vector<std::string> const> fields, source<text_record> records)
      : source<text_record>(std::move(records)), names(std::move(fields)) {}

 private:
  text_source(std::shared_ptr<std::vector<std::string> const> fields, std::vector<std::vector<std::string>> rows)
      : source<text_record>(records(fields, std::move(rows))), names(std::move(fields)) {}

  static std::vector<text_record> records(std::shared_ptr<std::vector<std::string> const> const& fields,
                                          std::vector<std::vector<std::string>> rows) {
    std::vector<text_record> all;
    all.reserve(rows.size());
    for (auto& row : rows) {
      if (row.size() != fields->size())
        fail("record ", all.size(), " has ", row.size(), " values for ", fields->size(), " fields");
      all.push_back({fields, std::move(row)});
    }
    return all;
  }
};

}  // namespace flan
