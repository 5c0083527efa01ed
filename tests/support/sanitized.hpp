#pragma once
/// Whether the tests run under AddressSanitizer or ThreadSanitizer.

namespace flan::testing {

/// Then numbers take ten times as long, and how they came about is what is watched: suites that compare many of them
/// leave the larger shapes to the builds without.
#if defined(__SANITIZE_ADDRESS__) || defined(__SANITIZE_THREAD__)
inline constexpr bool sanitized = true;
#elif defined(__has_feature)
#if __has_feature(address_sanitizer) || __has_feature(thread_sanitizer)
inline constexpr bool sanitized = true;
#else
inline constexpr bool sanitized = false;
#endif
#else
inline constexpr bool sanitized = false;
#endif

}  // namespace flan::testing
