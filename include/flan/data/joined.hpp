#pragma once
/// Several sources as one, in their order.

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <memory>
#include <utility>
#include <vector>

#include "flan/core/error.hpp"
#include "flan/data/source.hpp"

namespace flan {

/// Throws `error` without a source.
template <class R>
source<R> joined(std::vector<source<R>> parts) {
  if (parts.empty()) fail("expected a source of records to join, found none");
  if (parts.size() == 1) return parts.front();
  struct row {
    std::vector<source<R>> parts;
    std::vector<std::uint64_t> ends;  // of each, counted over all
    source<R> const& find(std::uint64_t& i) const {
      auto const at = std::upper_bound(ends.begin(), ends.end(), i);
      if (at != ends.begin()) i -= *(at - 1);
      return parts[static_cast<std::size_t>(at - ends.begin())];
    }
  };
  row all{std::move(parts), {}};
  source_facts facts;
  std::uint64_t size = 0;
  for (auto const& part : all.parts) {
    all.ends.push_back(size += part.size());
    facts.skipped += part.skipped();
  }
  auto const shared = std::make_shared<row const>(std::move(all));
  facts.add_to = [shared](fingerprinter& f) {
    for (auto const& part : shared->parts) part.add_to(f);
  };
  facts.content_hash = [shared](std::uint64_t i) {
    auto const& part = shared->find(i);
    return part.content_hash(i);
  };
  return source<R>(
      size,
      [shared](std::uint64_t i) {
        auto const& part = shared->find(i);
        return part[i];
      },
      std::move(facts));
}

}  // namespace flan
