// Errors as values: what failed, where, why, and what the caller does next.
//
// segdl throws no exception across its interface: a function that can fail returns Result<T>.
// `cause` makes the same distinctions as the exit codes of the command.
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

#pragma GCC visibility push(default)
namespace segdl {

// What kind of thing failed. Each has an exit code of the command.
enum class Cause : std::uint8_t {
  internal,   // no memory, no threads, or a bug in segdl
  usage,      // the request itself is wrong: a URL that can't be parsed, a bad segment size
  network,    // names, connections, deadlines, broken framing, after all retries
  refused,    // the server answered with a status that is not the resource (`http_status` holds it)
  tls,        // handshake or certificate
  integrity,  // a digest does not match, or a server keeps contradicting itself
  local,      // a local file, directory or disk
  changed,    // the resource changed on the server, and restarting could discard data
  busy,       // another session, of this or another process, is working on this download
  exists,     // the output, or a file with one of the names that go with it, exists and is not segdl's
  cancelled,  // cancel() or a stop request
};

// What the caller does next.
enum class Remedy : std::uint8_t {
  retry,    // the same request again, after a pause: a transient fault, even if its retries are exhausted
  refetch,  // the same bytes again, by another request: this response can't be used
  restart,  // the resource from its beginning: it changed
  stop,     // nothing, unless the user changes something: see Error::hints
};

// One failure.
//
// URLs in it carry no secrets: userinfo and the values of known secret query keys are redacted.
// Untrusted text in its members is not escaped: pass it through printable() before printing it.
struct Error {
  Cause cause = Cause::internal;
  Remedy remedy = Remedy::stop;
  std::string operation = {};                                      // "write", "connect to", "get"
  std::string subject = {};                                        // a path, a host or a redacted URL; may be empty
  std::optional<std::uint64_t> offset = std::nullopt;              // byte position, where there is one
  std::string reason = {};                                         // the system's or the server's words
  int http_status = 0;                                             // 0 if no response had a part in it
  std::optional<std::chrono::seconds> retry_after = std::nullopt;  // what the server asked for, clamped
  Hints hints = {};                                                // suggested actions; may be empty
  bool resumable = false;                                          // the same request continues from disk
  unsigned tries = 0;        // consecutive, without progress, before giving up; 0: there was no retry
  bool out_of_time = false;  // the time limit of the download was reached: SessionOptions::max_time

  // A complete line for the user, escaped, without the hints and without a trailing period, for example
  // `write movie.mkv.part at 5242880: No space left on device`.
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
#pragma GCC visibility pop
