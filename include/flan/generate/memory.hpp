#pragma once
/// How much memory a request will take, known before it is begun, so that one that is too large is refused in a
/// sentence instead of ending the process.

#include <unistd.h>

#include <algorithm>
#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <optional>

#include "flan/core/available_threads.hpp"
#include "flan/model/t5_config.hpp"

namespace flan::detail {

/// What a request asks of the memory, in numbers.
struct request_size {
  extent batch = 0, input = 0;  ///< encoder rows, padded to this length
  extent rows = 0, tokens = 0;  ///< decoder rows, and positions in each row's cache
  extent at_once = 1;           ///< decoder positions that one step computes for each row
};

/// Bytes of caches, of the largest step's scratch and of a row of logits for each decoder row. Double, since a hostile
/// request overflows integers. `activation` and `wide` are the sizes of those numbers.
[[gnu::cold]] inline double request_bytes(t5_config const& c, request_size const& r, std::size_t activation,
                                          std::size_t wide) {
  auto const d = [](extent x) { return static_cast<double>(x); };
  double const x = static_cast<double>(activation), f = static_cast<double>(wide);
  double const inner = d(c.heads) * d(c.d_kv);
  double const caches = 2 * x * inner * d(c.decoder_layers) * (d(r.rows) * d(r.tokens) + d(r.batch) * d(r.input));
  // At its widest a block holds the residual, a normed copy, and q, k, v and the context, or the feed-forward's two
  // (one, where the backend multiplies gated).
  double const a_position = (f + 2 * x) * d(c.d_model) + x * std::max(4 * inner, 2 * d(c.d_ff));
  double const encoder = d(r.batch) * d(r.input) * (a_position + 4);
  double const decoder = d(r.rows) * (d(r.at_once) * a_position + (f + 4) * d(c.vocabulary) + 8 * d(r.tokens));
  return caches + std::max(encoder, decoder);
}

/// Bytes that the system can still give to this process: free or reclaimable, at most what the control group leaves.
/// Nothing where that cannot be found out.
[[gnu::cold]] inline std::optional<double> available_memory() {
  std::optional<double> least;
  auto const at_most = [&](double bytes) { least = least ? std::min(*least, bytes) : bytes; };
  if (std::FILE* const f = std::fopen("/proc/meminfo", "re")) {
    char line[256];
    double kilobytes = 0;
    while (std::fgets(line, sizeof line, f) != nullptr)
      if (std::sscanf(line, "MemAvailable: %lf kB", &kilobytes) == 1) at_most(kilobytes * 1024);
    std::fclose(f);
  }
  struct group {
    char const *limit, *used;
  };
  for (auto const& [limit, used] :
       {group{"/sys/fs/cgroup/memory.max", "/sys/fs/cgroup/memory.current"},
        group{"/sys/fs/cgroup/memory/memory.limit_in_bytes", "/sys/fs/cgroup/memory/memory.usage_in_bytes"}}) {
    double const most = std::atof(first_line(limit).c_str());  // "max" reads as 0: no limit
    if (most > 0) at_most(std::max(0.0, most - std::atof(first_line(used).c_str())));
  }
  return least;
}

/// Throws unless the request fits the caller's limit or, without one and on a host backend, the system's memory.
[[gnu::cold]] inline void require_memory(double bytes, request_size const& r, std::optional<std::size_t> limit,
                                         bool on_host) {
  auto const mib = [](double b) { return sentence(static_cast<long long>(b / 1048576) + 1, " MiB"); };
  double most = 0;
  if (limit) {
    most = static_cast<double>(*limit);
  } else {
    auto const available = on_host ? available_memory() : std::nullopt;
    if (!available) return;
    most = *available;
  }
  if (bytes > most)
    fail("this request would take ", mib(bytes), " (", r.batch, " inputs of up to ", r.input, " tokens, ", r.rows,
         " rows of up to ", r.tokens, " tokens), but ",
         limit ? sentence("the option memory_limit is ", *limit, " bytes")
               : sentence("only ", mib(most), " of memory are available"),
         "; ask for fewer prompts, beams or tokens at once");
}

}  // namespace flan::detail
