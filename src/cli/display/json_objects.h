// What --json prints, object by object: values in, a line of text out. Pure. doc/json.md has the fields.
//
// A line is ASCII: characters beyond it are escaped as JSON does, so that none of them can do anything to a terminal.
// Foreign text goes through printable() before; only names of files stay exactly what they are, as far as JSON can
// carry them.
#pragma once

#include <segdl/event.h>
#include <segdl/task.h>

#include <chrono>
#include <cstdint>
#include <filesystem>
#include <optional>
#include <string>

namespace segdl::cli {

// Grows when a field goes or comes to mean something else; new events and fields may come without that.
inline constexpr int kJsonFormat = 1;

using WallTime = std::chrono::system_clock::time_point;

// The download that a line is about.
struct JsonSubject {
  std::uint64_t id = 0;               // 1 for the first URL of the command, 2 for the second; 0: none
  std::string list_line = {};         // FILE:LINE; empty: on the command line
  std::string url = {};               // as given
  std::filesystem::path output = {};  // empty: not known
};

// What became of all downloads.
struct JsonSummary {
  std::uint64_t done = 0;
  std::uint64_t skipped = 0;
  std::uint64_t repeated = 0;
  std::uint64_t unchanged = 0;
  std::uint64_t failed = 0;
  std::uint64_t interrupted = 0;
  std::uint64_t bytes = 0;    // of the files done
  std::uint64_t fetched = 0;  // of those, received in this run
  std::chrono::nanoseconds elapsed{0};
  int exit_code = 0;
};

struct JsonProgress {
  Progress progress = {};
  double speed = 0;  // bytes/s
};

std::string hello_line(WallTime);
std::string event_line(const JsonSubject&, const Event&);
std::string progress_line(WallTime, const JsonSubject&, const JsonProgress&);
std::string done_line(WallTime, const JsonSubject&, const Report&);
std::string skipped_line(WallTime, const JsonSubject&, bool repeated);
std::string error_line(WallTime, const JsonSubject&, const Error&, int exit_code);
std::string summary_line(WallTime, const JsonSummary&);

// A name of a file as JSON can carry it: exactly, if it is UTF-8, else printable().
std::string json_name(const std::filesystem::path&);

}  // namespace segdl::cli
