// Errors the engine makes itself, in one shape.
#pragma once

#include <segdl/error.h>

#include <string>
#include <utility>

namespace segdl::engine {

inline Error make_error(Cause cause, Remedy remedy, std::string operation, std::string subject, std::string reason) {
  Error error;
  error.cause = cause;
  error.remedy = remedy;
  error.operation = std::move(operation);
  error.subject = std::move(subject);
  error.reason = std::move(reason);
  return error;
}

inline Error with_hints(Error error, Hints hints) {
  error.hints = std::move(hints);
  return error;
}

// Of a read: what the disk can't give back is not there. Any other error may pass, and says nothing of the bytes.
inline bool is_unreadable(const Error& error) { return error.remedy == Remedy::refetch; }

inline Error cancelled() { return make_error(Cause::cancelled, Remedy::stop, "", "", "interrupted"); }

}  // namespace segdl::engine
