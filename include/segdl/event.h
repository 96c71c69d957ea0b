// What happens to a download, as values, so that a program that displays, logs or handles it has no text to parse.
//
// Enabled by Request::events and returned by Task::take_events(), for example beside Task::progress():
//
//   while (!task.wait_for(100ms)) {
//     for (const segdl::Event& event : task.take_events()) std::visit(log, event.what);
//   }
//
// The result, which Task::wait() returns, and the progress, which Task::progress() returns, are no events.
//
// Texts carry no secrets: in URLs userinfo and the values of known secret query keys are redacted.
// All text but URLs is untrusted and not escaped: pass it through printable() before printing it.
//
// Thread-safety: plain values, which own what they hold.
#pragma once

#include <segdl/error.h>
#include <segdl/range.h>

#include <chrono>
#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <variant>

#pragma GCC visibility push(default)
namespace segdl {

// The task left the queue and begins work. Always the first event, and the first after Suspended.
struct Started {
  friend bool operator==(const Started&, const Started&) = default;
};

// A redirect was followed. Further requests go to its target; once that fails, to the request's URL again.
struct Redirected {
  std::string from = {};
  std::string to = {};
  int http_status = 0;  // 301, 302, 303, 307 or 308
  friend bool operator==(const Redirected&, const Redirected&) = default;
};

// What is going to be fetched, known from the first response or from what was claimed before. Repeated after Changed
// and Suspended.
struct Planned {
  std::optional<std::uint64_t> total = std::nullopt;  // bytes; unknown for some streams
  std::uint64_t reused = 0;        // bytes that were claimed before; their proofs are checked while fetching
  std::uint64_t segment_size = 0;  // bytes; 0 if it can only be fetched as a whole
  std::uint32_t segments = 0;
  std::string validator = {};  // ETag or Last-Modified as the server sent it; empty if none
  bool validator_strong = false;
  friend bool operator==(const Planned&, const Planned&) = default;
};

// A request failed or its response was truncated; it will be retried.
struct Retried {
  Error error = {};                   // why
  std::chrono::milliseconds wait{0};  // the pause before the connection that failed makes its next request
  bool reassigned = false;            // its range was handed to other connections, without a pause
};

// The proofs of these bytes of an earlier run failed: they are fetched again. Adjacent ranges may share an event.
struct Revoked {
  Range range = {};
  friend bool operator==(const Revoked&, const Revoked&) = default;
};

// The resource changed, and is fetched again from its beginning.
struct Changed {
  std::string reason = {};  // what showed the change
  std::uint64_t lost = 0;   // bytes discarded, of this run or an earlier one
  friend bool operator==(const Changed&, const Changed&) = default;
};

// A human-readable notice: "the server does not serve ranges: ...". Report::notes has most of them.
struct Noted {
  std::string text = {};
  friend bool operator==(const Noted&, const Noted&) = default;
};

// The task was at work and is suspended: it uses nothing until Task::resume().
struct Suspended {
  friend bool operator==(const Suspended&, const Suspended&) = default;
};

struct Event {
  std::uint64_t number = 0;                           // from 0 for each task; a gap: some were dropped
  std::chrono::system_clock::time_point moment = {};  // wall-clock time, which may be set back
  std::variant<Started, Redirected, Planned, Retried, Revoked, Changed, Noted, Suspended> what = {};
};

// At most this many events are kept until they are taken. Beyond that the oldest retry, redirect or note is dropped, or
// the oldest event if there is none of these.
inline constexpr std::size_t kMaxEvents = 1000;

}  // namespace segdl
#pragma GCC visibility pop
