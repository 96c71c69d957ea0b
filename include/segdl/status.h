// What a download has on disk, read without locking or changing it.
#pragma once

#include <segdl/error.h>
#include <segdl/range.h>

#include <cstdint>
#include <filesystem>
#include <optional>
#include <string>
#include <vector>

#pragma GCC visibility push(default)
namespace segdl {

// The state of a download, from its journal.
//
// The claims are what a resume will check and keep; they are not proved here.
// The data is read only if everything is claimed and the output exists with the right size.
// While a download is running its claims grow: the result was true at some moment of the call.
struct DownloadStatus {
  enum class State : std::uint8_t {
    complete,     // the output exists with a journal that proves it, or without one: who created it is unknown then
    interrupted,  // a journal and its data: the same request continues
    damaged,      // the journal is corrupt: the same request starts over
  };
  State state = State::interrupted;
  std::filesystem::path output = {};
  bool busy = false;           // a process is working on it
  bool journal_left = false;   // complete, but the process died before removing the journal: the next run does
  std::string url = {};        // its URL, without secrets
  std::string validator = {};  // as the server sent it; empty if none
  bool validator_strong = false;
  std::string coding = {};  // its Content-Encoding, as in Report::coding
  // Bytes of the output, which is the content of what was sent; all other numbers are of what was sent.
  std::optional<std::uint64_t> decoded = std::nullopt;
  std::optional<std::uint64_t> total = std::nullopt;  // bytes; unknown for some streams
  bool stream = false;                                // can't be resumed, only restarted, until all of it is claimed
  std::uint64_t segment_size = 0;                     // bytes; 0 for a stream
  std::uint32_t segments = 0;
  std::uint32_t claimed_segments = 0;
  std::uint64_t claimed = 0;       // bytes
  std::vector<Range> claims = {};  // bytes, ascending, adjacent ones joined
  std::vector<Range> holes = {};   // the rest of [0, total)
};

// `output` is the path the download has or is going to have. The path of its .part or .segdl file stands for the same
// download; DownloadStatus::output is the output's.
//
// Takes no lock and changes nothing. Thread-safe.
// Errors: Cause::local, also if there is no such download, or none yet: a download has a journal from its first
// response on, and one of at most one segment never has one.
Result<DownloadStatus> status(const std::filesystem::path& output);

// The journal of a download to this output, in the same directory.
// Usually the name with a suffix. A name near the limit of the directory, which is looked up, is shortened first.
std::filesystem::path journal_path(const std::filesystem::path& output);

}  // namespace segdl
#pragma GCC visibility pop
