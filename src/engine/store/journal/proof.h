// What proves a claim: the bytes that are there hash to the digest beside it. And what shows that they may not be.
#pragma once

#include <segdl/error.h>
#include <segdl/range.h>

#include "engine/store/journal/journal.h"
#include "seams/file_system.h"

#include <atomic>
#include <cstddef>
#include <cstdint>
#include <optional>
#include <span>
#include <stop_token>
#include <vector>

namespace segdl::engine {

// The XXH3-64 of that part. Nothing if it is not there: the file is shorter, or the disk can't give it back.
// Cause::cancelled after a stop request.
Result<std::optional<std::uint64_t>> digest_of_range(File&, Range, const std::stop_token& = {});

// Whether the segment's bytes in `data` hash to its proof. Reads in pieces of 256 KiB; a short read, and one of what
// the disk can't give back, is false: that is not there. Any other error of a read proves nothing, and is the result.
Result<bool> proof_holds(File& data, const Journal&, Segment);

// Whether the file's first bytes are those of the stream that the facts describe.
Result<bool> stream_intact(File& data, const Metadata&, const std::stop_token&);

// The claimed segments whose proof fails, in order. Reads with a thread for each processor.
Result<std::vector<Segment>> find_damaged(File& data, const Journal&, const std::stop_token&);

// Whether the file is exactly these bytes. What the disk can't give back is not there.
Result<bool> holds_exactly(File& data, std::span<const std::byte> bytes);

// So many times what was damaged is fetched again before it is an error.
inline constexpr unsigned kMaxRepairs = 3;

// Whether what was written is still in the file, looked at before the file gets its name. Thread-safe.
//
// A download relies on no other program's writing to its file. That can be broken from outside: a cleaning job cuts
// NAME.part to nothing, a tool writes into it, a disk loses a page. What leaves a trace is found at no cost:
//
//   the length      a file that was cut is shorter until its last byte is written, so it is looked at right before that
//                   write, at each checkpoint and at the end
//   holes           what was cut off and not written since, or punched
//   its names       one, unless another program has made a link to write through
//
// A trace is never an error, for it may be a false alarm (a file system that leaves zeros out, a backup's link). It is
// the reason to hash everything again and compare it with its proofs; what fails is revoked and fetched again. Bytes
// replaced in place leave no trace: Request::verify hashes everything without one.
class Watch {
 public:
  // REQUIRES: the file outlives this object.
  explicit Watch(File& data) : data_(data) {}

  // Looks for traces, where the file should have this length: one call to the system.
  void look(std::uint64_t length);
  // Where all of it should be written as well: two more, which cost what the file has extents.
  void look_at_whole(std::uint64_t length);

  bool found_traces() const { return traces_; }

 private:
  File& data_;
  std::atomic<bool> traces_ = false;
};

}  // namespace segdl::engine
