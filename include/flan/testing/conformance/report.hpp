#pragma once
/// What a conformance run found.

#include <algorithm>
#include <cstdio>
#include <ostream>
#include <string>
#include <string_view>
#include <vector>

#include "flan/backend/comparison.hpp"

namespace flan::testing {

/// One op of the backend.
struct op_report {
  std::string op;
  int comparisons = 0;                  ///< outputs compared with the oracle's
  double worst = 0;                     ///< the error nearest to (or beyond) what is allowed, as `comparison` measures
  double tolerance = 0;                 ///< the error allowed there; 0 for ops that only move values
  int failures = 0;                     ///< comparisons, guards and repetitions that went wrong
  std::vector<std::string> examples{};  ///< of the failures: the first few, as sentences
};

/// What `conformance` returns; print it.
struct report {
  std::vector<op_report> ops;
  std::vector<std::string> replaced;  ///< ops that the backend's own class declares, rather than a base of it

  bool ok() const {
    return !ops.empty() && std::all_of(ops.begin(), ops.end(), [](auto const& o) { return o.failures == 0; });
  }
  /// The op's part, or null when it was not run.
  op_report const* find(std::string_view op) const {
    for (auto const& o : ops)
      if (o.op == op) return &o;
    return nullptr;
  }
  /// The op's part, made when it is not there yet.
  op_report& of(std::string_view op) {
    for (auto& o : ops)
      if (o.op == op) return o;
    ops.push_back({std::string(op)});
    return ops.back();
  }
};

inline std::ostream& operator<<(std::ostream& out, report const& r) {
  int failed = 0;
  for (auto const& o : r.ops) {
    failed += o.failures > 0;
    char line[160];
    std::snprintf(line, sizeof line, "%-4s %-22s %5d comparisons, worst error %.2g of %.2g allowed\n",
                  o.failures > 0 ? "FAIL" : "ok", o.op.c_str(), o.comparisons, o.worst, o.tolerance);
    out << line;
    for (auto const& e : o.examples) out << "       " << e << '\n';
    if (o.failures > static_cast<int>(o.examples.size()))
      out << "       and " << o.failures - static_cast<int>(o.examples.size()) << " more\n";
  }
  if (!r.replaced.empty()) {
    out << "the backend's own:";
    for (auto const& op : r.replaced) out << ' ' << op;
    out << '\n';
  }
  return out << (r.ok() ? "every op agrees with its oracle\n"
                        : sentence(failed, " of ", r.ops.size(), " ops differ\n"));
}

}  // namespace flan::testing
