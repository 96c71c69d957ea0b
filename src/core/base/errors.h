// Errors that segdl makes itself, in one shape.
#pragma once

#include <segdl/error.h>

#include <string>
#include <utility>

namespace segdl {

// Of Remedy::stop, as most are.
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

// Of a read: what the disk can't give back is not there. Any other error may pass, and says nothing of the bytes.
inline bool is_unreadable(const Error& error) { return error.remedy == Remedy::refetch; }

inline Error cancelled() { return make_error(Cause::cancelled, "", "", "interrupted"); }

}  // namespace segdl
