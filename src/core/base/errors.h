// Builds all errors that segdl itself creates.
#pragma once

#include <segdl/error.h>

#include <string>
#include <utility>

namespace segdl {

// An error with Remedy::stop, the most common one.
inline Error make_error(Cause cause, std::string operation, std::string subject, std::string reason) {
  Error error;
  error.cause = cause;
  error.operation = std::move(operation);
  error.subject = std::move(subject);
  error.reason = std::move(reason);
  return error;
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

inline Error cancelled() { return make_error(Cause::cancelled, "", "", "interrupted"); }

}  // namespace segdl
