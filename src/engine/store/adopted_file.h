// A file that another tool left, of which a download takes what is there: aria2's, wget's, curl's, a browser's.
//
// Nothing shows which of its bytes are the resource's: the tool's own notes are not read, and it may be of another
// version. So what is taken is vouched for by the request's checksum alone, in the end. What is left out is what was
// surely not written yet: a segment that the file does not have whole, and, from the file's first hole on, every
// segment that shows a gap. Tools that fetch in several places simultaneously leave such gaps, as holes or as zeros.
//
//   the file:   ##########..#####...   # written, . hole
//   taken:      >>>>>>>>    >>>>       whole segments without a gap
//
// A file without holes may have been filled with zeros in advance, or have them in its content. So all of it is taken
// first; where the checksum is not met then, the segments that show a gap are fetched before the others are blamed. A
// segment that is left out without need costs its transfer, one that is taken without right shows in the end. The file
// is only read. Used by one thread.
#pragma once

#include <segdl/error.h>
#include <segdl/task.h>

#include "core/store/layout.h"
#include "engine/store/names.h"
#include "seams/file_system.h"

#include <cstddef>
#include <cstdint>
#include <filesystem>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <utility>

namespace segdl::engine {

// Whether part of a segment may not have been written: a page of zeros, or zeros at an end of it.
bool shows_gap(std::span<const std::byte>);

class AdoptedFile {
 public:
  // Cause::usage if it can't be read, is empty or no regular file, or is one of those that the download of these names
  // writes to: of those only the output may be adopted, which stays until it is replaced.
  static Result<AdoptedFile> open(FileSystem&, const std::filesystem::path&, Directory& output, const Names&);

  // So many bytes of the resource, at most, are taken: a number of whole segments from the first one on.
  std::uint64_t end_in(const Layout&) const;

  // Fills `into` with that segment of it. False if it does not have all of it, or it was not written.
  Result<bool> read(Range, std::span<std::byte> into);

 private:
  AdoptedFile(std::unique_ptr<File> file, std::uint64_t size)
      : file_(std::move(file)), size_(size), first_hole_(file_->first_hole()) {}

  std::unique_ptr<File> file_;
  std::uint64_t size_;
  std::uint64_t first_hole_;
};

// Whether the file that the request adopts is its output.
bool adopts_output(FileSystem&, const Request&, const std::string& name);

// The request as one to update its output, if it adopts that and would refuse to replace it.
std::optional<Request> adopting_output(FileSystem&, const Request&, const std::string& name);

}  // namespace segdl::engine
