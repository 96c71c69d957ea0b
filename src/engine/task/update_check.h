// Whether a file that is there is what the server has.
//
//   checksum given   the file hashes to it                                            no request
//   receipt, ETag    304, or a body with that very ETag                               If-None-Match
//   receipt, date    the same date, and the file's size as the total                  the first byte
//   no receipt       the file's time is the date, and its size the total              the first byte
//
// A date is compared by us, with the head of a response: a server answers If-Modified-Since with 304 also where the
// resource has become an older one, and does not say how long it is. What differs, or can't be compared, is fetched;
// what was answered to the question is the first of the download, where it is of use. A file that is to be continued,
// or has another of our names beside it, is no business of this: the recovery table decides (recovery.h). No lock is
// needed: nothing is changed, and what is there is looked at through one open file.
#pragma once

#include <segdl/error.h>

#include "engine/store/output_file.h"
#include "engine/task/task_context.h"

#include <cstdint>
#include <optional>

namespace segdl::engine {

// The file that may stay as it is, if there is one.
struct Unchanged {
  std::uint64_t size;
  bool strong;  // a strong validator has shown it
};
Result<std::optional<Unchanged>> find_unchanged(TaskContext&, Directory&);

// Whether an earlier run has left all of a version that the server no longer has, beside a file that may be newer: to
// continue it takes no request that would show it. What is of another URL is compared anyway (J8), and a checksum
// decides in the end.
Result<bool> is_whole_and_outdated(TaskContext&, OutputFile&);

}  // namespace segdl::engine
