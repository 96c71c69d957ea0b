// The file of a resource of one segment: it has no name until it is published, and a death leaves nothing of it.
//
//   nothing of the name     remove the empty NAME.part      give the file the name NAME
//   a file to be replaced   give it NAME.segdl-DIGEST       rename that to NAME        remove NAME.part
//   no links to name it by  copy it to NAME.part            publish that with a journal, as any stream
//
// In this order a death leaves no output with an empty NAME.part beside it, but in the second line one beside the name
// that proves to be segdl's: the next run removes both. The steps are taken for many files together (publisher.h).
// Used by one thread at a time.
#pragma once

#include <segdl/error.h>
#include <segdl/task.h>

#include "engine/store/names.h"
#include "seams/file_system.h"

#include <cstddef>
#include <cstdint>
#include <memory>
#include <span>
#include <string>
#include <utility>

namespace segdl::engine {

class OutputFile;

class UnnamedFile {
 public:
  // Null if the file system has no such files. REQUIRES: the output file outlives it, and is fresh.
  static Result<std::unique_ptr<UnnamedFile>> create(OutputFile&);

  // All of the resource.
  Result<void> write(std::span<const std::byte> bytes);
  File& file() { return *file_; }

  // Publishing it, once it is synced: gives it the output's name, then syncs what of the name is kept with the file.
  // The caller syncs the directory.
  Result<void> give_name(Sync);
  Result<void> sync_name();

  // Takes the name back, unless another file has got it since. An error where an older file had it, which is gone.
  // REQUIRES: give_name() gave it.
  Result<void> take_name_back();

 private:
  UnnamedFile(OutputFile& output_file, std::unique_ptr<NamelessFile> file)
      : output_file_(output_file), file_(std::move(file)) {}

  Result<void> replace(Sync);
  Result<void> link(const std::string& name);
  Result<void> publish_copy(Sync);

  OutputFile& output_file_;
  std::unique_ptr<NamelessFile> file_;
  std::uint64_t digest_ = 0;
};

// Removes what a death has left under a name of Names::small_of(), if it is called after its own content; what can't be
// removed costs no download.
void remove_left_small(Directory&, const Names&, const std::string& name);

}  // namespace segdl::engine
