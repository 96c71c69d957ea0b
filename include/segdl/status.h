// What an interrupted download has on disk, read without disturbing it.
#pragma once

#include <segdl/error.h>
#include <segdl/range.h>

#include <cstdint>
#include <filesystem>
#include <optional>
#include <string>
#include <vector>

namespace segdl {

// What the journal of a download says. The claims are what a resume will check and keep; they are not proved here.
// Only where everything is claimed and the output is there, with its size, all of that is read.
// While a download is under way they grow: what is told was true at some moment of the call.
struct DownloadStatus {
  enum class State : std::uint8_t {
    complete,     // the output is there, without a journal (whose it is can't be told) or with one that proves it
    interrupted,  // a journal and its data: the same request continues
    damaged,      // the journal can't be believed: the same request starts over
  };
  State state = State::interrupted;
  std::filesystem::path output = {};
  bool busy = false;           // a process is working on it
  bool journal_left = false;   // complete, but its process died before it removed the journal: the next run does
  std::string url = {};        // where it came from, without secrets
  std::string validator = {};  // as the server sent it; empty if none
  bool validator_strong = false;
  std::string coding = {};  // its Content-Encoding, as in Report::coding
  // Bytes of the output, which is the content of what was sent; all other numbers are of what was sent.
  std::optional<std::uint64_t> decoded = std::nullopt;
  std::optional<std::uint64_t> total = std::nullopt;  // bytes; unknown for some streams
  bool stream = false;                                // can't be continued, only begun again, until it is all claimed
  std::uint64_t segment_size = 0;                     // bytes; 0 for a stream
  std::uint32_t segments = 0;
  std::uint32_t claimed_segments = 0;
  std::uint64_t claimed = 0;       // bytes
  std::vector<Range> claims = {};  // bytes, ascending, adjacent ones joined
  std::vector<Range> holes = {};   // the rest of [0, total)
};

// `output` is the name the download is going to have; that of its .part or .segdl file means the same download, and
// DownloadStatus::output tells which was meant. Errors: Cause::local, also if there is no such download, or none yet: a
// download has a journal from its first response on, and one of at most one segment has none. Thread-safe; takes no
// lock and changes nothing.
Result<DownloadStatus> status(const std::filesystem::path& output);

// The journal of a download to this output, in the same directory. Of a name that is nearly as long as names may be
// there, which the directory is asked for, it is not made by a suffix alone.
std::filesystem::path journal_path(const std::filesystem::path& output);

}  // namespace segdl
