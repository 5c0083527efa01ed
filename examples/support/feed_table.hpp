#pragma once
/// What a run was fed, as a table.

#include <cstddef>
#include <cstdint>
#include <string>

#include "flan/core/error.hpp"
#include "flan/data/feed_statistics.hpp"
#include "support/table.hpp"

namespace support {

inline std::string feed_table(flan::feed_statistics const& fed) {
  auto const count = [](std::int64_t n) { return grouped(static_cast<std::uint64_t>(n)); };
  auto const share = [](std::int64_t part, std::int64_t of) {
    return percent(of > 0 ? static_cast<double>(part) / static_cast<double>(of) : 0);
  };
  auto const all = fed.total().drawn();
  text_table table({"task", " examples", " share %", " rate %", " drift", " left out", " inputs cut", " targets cut",
                    " tokens", " unknown %"});
  for (std::size_t i = 0; i < fed.tasks().size(); ++i) {
    auto const& t = fed.tasks()[i];
    table.add({t.name, count(t.examples), share(t.drawn(), all), percent(t.rate), tenths(fed.drift(i)),
               count(t.skipped), count(t.inputs_truncated), count(t.targets_truncated), count(t.tokens()),
               share(t.unknown_tokens, t.tokens())});
  }
  return flan::sentence(table.text(), "padding ", percent(fed.padding_share()), " %; ",
                        tenths(fed.examples_per_second()), " examples/s; ", tenths(fed.tokens_per_second()),
                        " tokens/s; ", tenths(fed.seconds_waited()), " s of ", tenths(fed.seconds()),
                        " spent waiting for data\n");
}

}  // namespace support
