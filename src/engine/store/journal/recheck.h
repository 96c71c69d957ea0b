// Whether what was written is still in the file, looked at before the file gets its name.
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
#pragma once

#include <segdl/error.h>

#include "engine/store/journal/journal.h"
#include "seams/file_system.h"

#include <atomic>
#include <cstddef>
#include <cstdint>
#include <span>
#include <stop_token>
#include <vector>

namespace segdl::engine {

class OutputFile;

// So many times what was damaged is fetched again before it is an error.
inline constexpr unsigned kMaxRepairs = 3;

// Remembers every trace. Thread-safe.
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

// One time through what is missing of a resource.
struct Pass {
  OutputFile& output_file;
  Watch watch;          // for as long as its bytes are written
  bool proved = false;  // every claim was re-hashed just before
};

// The claimed segments whose proof fails, in order. Reads with a thread for each processor.
Result<std::vector<Segment>> find_damaged(File& data, const Journal&, const std::stop_token&);

// Whether the file is exactly these bytes. What the disk can't give back is not there.
Result<bool> holds_exactly(File& data, std::span<const std::byte> bytes);

}  // namespace segdl::engine
