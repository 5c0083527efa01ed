#pragma once
/// Catch2, version 2 or 3, under version 3's names.

#if __has_include(<catch2/catch_all.hpp>)
#include <catch2/catch_all.hpp>
#else
#include <catch2/catch.hpp>

#include <string>
namespace Catch {
using Detail::Approx;
namespace Matchers {
inline auto ContainsSubstring(std::string const& part) { return Contains(part); }
}  // namespace Matchers
}  // namespace Catch
#endif

using Catch::Approx;
using Catch::Matchers::ContainsSubstring;
