// Builds all errors that segdl itself creates.
#pragma once

#include <segdl/error.h>

#include <string>
#include <string_view>
#include <utility>

namespace segdl {

// An error with Remedy::stop, the most common one.
inline Error make_error(Cause cause, std::string operation, std::string subject, std::string reason) {
  return {
      .cause = cause, .operation = std::move(operation), .subject = std::move(subject), .reason = std::move(reason)};
}

inline Error with_remedy(Error error, Remedy remedy) {
  error.remedy = remedy;
  return error;
}

inline Error with_hints(Error error, Hints hints) {
  error.hints = std::move(hints);
  return error;
}

// Whether a read failed because the disk can't return the bytes. Any other error may be transient and does not mean
// that bytes are lost.
inline bool is_unreadable(const Error& error) { return error.remedy == Remedy::refetch; }

// The time limit of the download, SessionOptions::max_time.
inline constexpr std::string_view kTimeLimit = "the time limit for the download is reached";

inline Error out_of_time(std::string operation, std::string subject) {
  Error error = make_error(Cause::network, std::move(operation), std::move(subject), std::string(kTimeLimit));
  error.out_of_time = true;
  return error;
}

inline Error cancelled() { return make_error(Cause::cancelled, "", "", "interrupted"); }

}  // namespace segdl
