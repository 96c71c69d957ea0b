// The JSON form of what happens to downloads, object by object: values in, a line of text out. Pure.
//
// doc/json.md has the fields. A line is ASCII: other characters are escaped as JSON does, so that none of them can do
// anything to a terminal. Untrusted text goes through printable() before; only names of files stay exactly what they
// are, as far as JSON can carry them.
#pragma once

#include <segdl/batch.h>

#include <chrono>
#include <filesystem>
#include <optional>
#include <string>

namespace segdl::wire {

// Grows when a field goes or comes to mean something else; new events and fields may come without that.
inline constexpr int kFormat = 1;

using WallTime = std::chrono::system_clock::time_point;

// What became of all downloads.
struct Summary {
  BatchTally tally = {};
  std::chrono::nanoseconds elapsed{0};
  int exit_code = 0;
};

// A failure, in the terms of the program that reports it.
struct Failure {
  const Error& error;
  int exit_code = 0;
  std::string hint = {};  // words for Error::hints
};

std::string hello_line(WallTime);
std::string event_line(const Item&, const Event&);
std::string progress_line(WallTime, const Item&, const Progress&, double bytes_per_second);
// `hint`: words for Report::hints.
std::string done_line(WallTime, const Item&, const Report&, const std::string& hint = {});
std::string skipped_line(WallTime, const Item&, bool repeated);
std::string error_line(WallTime, const Item&, const Failure&);
std::string summary_line(WallTime, const Summary&);

// A name of a file as JSON can carry it: exactly, if it is UTF-8, else printable().
std::string json_name(const std::filesystem::path&);

}  // namespace segdl::wire
