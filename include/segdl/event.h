// What happens to a download, as values: for whoever shows it, logs it or acts on it, so that no text has to be parsed.
//
// Asked for with Request::events, and taken with Task::take_events(), for example beside Task::progress():
//
//   while (!task.wait_for(100ms)) {
//     for (const segdl::Event& event : task.take_events()) std::visit(log, event.what);
//   }
//
// How it ended is told by Task::wait(), and how far it is by Task::progress(): neither is an event.
//
// Texts carry no secrets: in URLs userinfo and the values of known secret query keys are redacted. Foreign text, which
// is all of it but the URLs, is as it came: it goes through printable() before it is shown.
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

namespace segdl {

// Its turn has come: from here on it looks at its place on disk and asks the server. The first event.
struct Started {
  friend bool operator==(const Started&, const Started&) = default;
};

// A redirect was followed. Once where it leads it is asked there, until that is gone: then the request's URL again.
struct Redirected {
  std::string from = {};
  std::string to = {};
  int http_status = 0;  // 301, 302, 303, 307 or 308
  friend bool operator==(const Redirected&, const Redirected&) = default;
};

// What is going to be fetched, known from the first response or from what an earlier run left. Again after Changed.
struct Planned {
  std::optional<std::uint64_t> total = std::nullopt;  // bytes; unknown for some streams
  std::uint64_t reused = 0;        // bytes that an earlier run claimed; their proofs are checked beside the fetching
  std::uint64_t segment_size = 0;  // bytes; 0 if it can only come as a whole
  std::uint32_t segments = 0;
  std::string validator = {};  // ETag or Last-Modified as the server sent it; empty if none
  bool validator_strong = false;
  friend bool operator==(const Planned&, const Planned&) = default;
};

// A request came to nothing, or its response broke off, and is made again.
struct Retried {
  Error error = {};                   // why
  std::chrono::milliseconds wait{0};  // until then nothing is asked for by whoever met it
  bool left_to_others = false;        // the other connections take over what it was for, without waiting
};

// The proofs of these bytes of an earlier run failed: they are fetched again. Adjacent ones may be told of together.
struct Revoked {
  Range range = {};
  friend bool operator==(const Revoked&, const Revoked&) = default;
};

// The resource is not what it was, and is fetched anew from its beginning.
struct Changed {
  std::string reason = {};  // what it was recognised by
  std::uint64_t lost = 0;   // bytes that were here, of this run or an earlier one
  friend bool operator==(const Changed&, const Changed&) = default;
};

// A decision, told in words for a person: "the server does not serve ranges: ...". Report::notes has most of them.
struct Noted {
  std::string text = {};
  friend bool operator==(const Noted&, const Noted&) = default;
};

struct Event {
  std::uint64_t number = 0;                           // counted from 0 for each task; a gap: some were dropped
  std::chrono::system_clock::time_point moment = {};  // by the calendar, which may be set back
  std::variant<Started, Redirected, Planned, Retried, Revoked, Changed, Noted> what = {};
};

// So many events are kept until they are taken. Beyond that the oldest retry, redirect or note goes, or the oldest of
// all if there is none.
inline constexpr std::size_t kMostEvents = 1000;

}  // namespace segdl
