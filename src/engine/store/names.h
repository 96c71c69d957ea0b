// The names that a download's files have beside its output, and what is reported of what has one of them.
#pragma once

#include <segdl/error.h>

#include "core/store/file_name.h"
#include "seams/file_system.h"

#include <cstddef>
#include <cstdint>
#include <memory>
#include <string>
#include <string_view>

namespace segdl::engine {

struct Names {
  // `longest`: Directory::longest_name(). A name that leaves no room for a suffix is shortened in all but `output`.
  explicit Names(const std::string& name, std::size_t longest = kMaxMadeName)
      : output(name),
        part(name_beside(name, ".part", longest)),
        journal(name_beside(name, ".segdl", longest)),
        temporary(name_beside(name, ".segdl.new", longest)),
        decoded(name_beside(name, ".part.out", longest)),
        old_part(name_beside(name, ".part.old", longest)),
        old_journal(name_beside(name, ".segdl.old", longest)),
        small(name_beside(name, ".segdl-2d06800538d394c2", longest)) {}
  std::string output, part, journal, temporary, decoded, old_part, old_journal;

  // What a small file is called for the moment before it replaces another: NAME.segdl- and the digest of its content
  // (XXH3-64, 16 digits), so that a name and the bytes that go with it prove that they are segdl's.
  std::string small_of(std::uint64_t digest) const;
  bool may_be_small(std::string_view name) const;  // whether that is one of those names

 private:
  std::string small;  // the one of no bytes at all
};

// The hints where another process is at work on a name, and where what has it is not to be replaced.
inline Hints busy_hints() { return {Hint::wait_for_other, Hint::choose_other_name}; }
inline Hints move_hints() { return {Hint::move_away, Hint::choose_other_name}; }
// Of what another process is at work on.
Error busy(const Directory&, const std::string& name, std::string reason = "another download of this file is running");
// Of what has one of the names that go with an output, and is none of segdl's.
Error not_ours(const Directory&, const std::string& name, std::string reason, Hints hints = move_hints());

// Whether anything has the name.
Result<bool> present(Directory&, const std::string& name);
// Whether none of those names is there that make a download anything but fresh. `replaces`: there may be an output.
Result<bool> nothing_there(Directory&, const Names&, bool replaces);

// NAME.part, open and locked.
struct DataFile {
  std::unique_ptr<File> file;
  bool created = false;  // by this run
};

// A new file of that name, locked.
Result<std::unique_ptr<File>> new_locked_file(Directory&, const std::string& name);

}  // namespace segdl::engine
