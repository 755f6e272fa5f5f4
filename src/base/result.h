#pragma once
// Expected failures as values: what a caller may react to is a code, what a person reads is a
// message.

#include <fmt/format.h>

#include <string>
#include <string_view>
#include <tl/expected.hpp>
#include <utility>

namespace agentainer {

/// A code exists only where some caller reacts to it differently from the others.
enum class ErrorCode {
  kInvalid,      ///< The input is wrong; trying again with the same input fails again.
  kNotFound,     ///< The named thing does not exist.
  kConflict,     ///< The thing exists already, or is in a state that does not allow this.
  kFenced,       ///< Another owner holds the workflow; stop working on it.
  kUnavailable,  ///< The store or runtime cannot be reached now; the same call may succeed later.
  kMaybeDone,    ///< The connection broke after sending: the effect may or may not have happened.
  kResource,     ///< A limit (memory, disk, processes) is reached.
  kUnsupported,  ///< Valid, but this build, platform or runtime cannot do it.
  kInternal,     ///< A bug or an unexpected answer of the operating system.
};

std::string_view to_string(ErrorCode code);

struct Error {
  ErrorCode code = ErrorCode::kInternal;
  /// One sentence for a person: what failed, on what, and where possible what to do next.
  std::string message;
};

template <typename T>
using Result = tl::expected<T, Error>;

/// The value of an operation that only succeeds or fails.
using Status = tl::expected<void, Error>;

template <typename... Args>
[[nodiscard]] tl::unexpected<Error> fail(ErrorCode code, fmt::format_string<Args...> format,
                                         Args&&... args) {
  return tl::make_unexpected(Error{code, fmt::format(format, std::forward<Args>(args)...)});
}

}  // namespace agentainer
