// Errors as values: what failed, where, why, and what the caller does next.
//
// Nothing in segdl throws across its interface. A function that can fail returns Result<T>; the Error in it answers the
// four questions a person or a script asks, and `cause` is the same distinction the command's exit codes make.
//
// Thread-safety: plain values.
#pragma once

#include <segdl/hint.h>

#include <chrono>
#include <cstdint>
#include <optional>
#include <string>
#include <utility>
#include <variant>

namespace segdl {

// What kind of thing failed. One exit code of the command each.
enum class Cause : std::uint8_t {
  internal,   // no memory, no threads, or a bug in segdl
  usage,      // the request itself is wrong: a URL that can't be parsed, a bad segment size
  network,    // names, connections, deadlines, broken framing, after all retries
  refused,    // the server answered with a status that is not the resource (`http_status` holds it)
  tls,        // handshake or certificate
  integrity,  // a digest does not match, or a server keeps contradicting itself
  local,      // a local file, directory or disk
  changed,    // the resource changed and can't be restarted safely
  busy,       // another session, of whichever process, holds this download
  exists,     // the output, or a file under one of our names, is there already and is not ours
  cancelled,  // cancel() or a stop request
};

// What the caller does next.
enum class Remedy : std::uint8_t {
  retry,    // the same request again, after a pause: a passing fault, also where the tries for it are spent
  refetch,  // the same bytes again, asked for differently: this answer can't be used
  restart,  // the resource from its beginning: it changed
  stop,     // nothing without a change by a person
};

// One failure. `message()` is a complete line for a person without a trailing period, for example
// `write movie.mkv.part at 5242880: No space left on device`. URLs in it carry no secrets (userinfo and the values of
// known secret query keys are redacted) and foreign text is escaped by whoever prints it.
struct Error {
  Cause cause = Cause::internal;
  Remedy remedy = Remedy::stop;
  std::string operation = {};                                      // "write", "connect to", "get"
  std::string subject = {};                                        // a path, a host or a redacted URL; may be empty
  std::optional<std::uint64_t> offset = std::nullopt;              // byte position, where there is one
  std::string reason = {};                                         // the system's or the server's words
  int http_status = 0;                                             // 0 if no response had a part in it
  std::optional<std::chrono::seconds> retry_after = std::nullopt;  // what the server asked for, clamped
  Hints hints = {};                                                // what the caller can do; may be empty
  bool resumable = false;                                          // the same request continues from what is on disk
  unsigned tries = 0;  // made in a row, without progress, before it was given up; 0: it was not tried again

  std::string message() const;
};

// A T or an Error. Like std::expected of C++23, without its monadic part.
template <class T>
class [[nodiscard]] Result {
 public:
  Result(T value) : state_(std::in_place_index<0>, std::move(value)) {}
  Result(Error error) : state_(std::in_place_index<1>, std::move(error)) {}

  bool ok() const { return state_.index() == 0; }
  explicit operator bool() const { return ok(); }

  // REQUIRES: ok().
  T& value() & { return std::get<0>(state_); }
  const T& value() const& { return std::get<0>(state_); }
  T&& value() && { return std::get<0>(std::move(state_)); }
  T& operator*() & { return value(); }
  const T& operator*() const& { return value(); }
  T&& operator*() && { return std::move(*this).value(); }
  T* operator->() { return &value(); }
  const T* operator->() const { return &value(); }

  // REQUIRES: !ok().
  Error& error() & { return std::get<1>(state_); }
  const Error& error() const& { return std::get<1>(state_); }
  Error&& error() && { return std::get<1>(std::move(state_)); }

 private:
  std::variant<T, Error> state_;
};

template <>
class [[nodiscard]] Result<void> {
 public:
  Result() = default;
  Result(Error error) : error_(std::move(error)) {}

  bool ok() const { return !error_.has_value(); }
  explicit operator bool() const { return ok(); }

  // REQUIRES: !ok().
  Error& error() & { return *error_; }
  const Error& error() const& { return *error_; }
  Error&& error() && { return std::move(*error_); }

 private:
  std::optional<Error> error_;
};

}  // namespace segdl
