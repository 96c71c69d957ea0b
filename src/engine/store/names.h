// The names of a download's files: of its output and of those beside it, and what is reported of what has one of them.
#pragma once

#include <segdl/error.h>
#include <segdl/task.h>

#include "core/store/file_name.h"
#include "core/url/url.h"
#include "seams/file_system.h"

#include <array>
#include <cstddef>
#include <cstdint>
#include <memory>
#include <optional>
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

  // The names of a small file (see may_be_small()) are none of these.
  std::array<const std::string*, 6> all_but_output() const {
    return {&part, &journal, &temporary, &decoded, &old_part, &old_journal};
  }

  // What a small file is called for the moment before it replaces another: NAME.segdl- and the digest of its content
  // (XXH3-64, 16 digits), so that a name and the bytes that go with it prove that they are segdl's.
  std::string small_of(std::uint64_t digest) const;
  bool may_be_small(std::string_view name) const;  // whether that is one of those names

 private:
  std::string small;  // the one of no bytes at all
};

// As segdl::output_name(). REQUIRES: the URL is the request's.
Result<std::string> output_name_of(const Request&, const Url&);
// The name that a server gives a file, made safe. It is none of those beside an output: what a server gives two such
// names could pass for an earlier run's work on another file.
std::string name_from_server(std::string_view foreign);

// Of what another process is at work on.
Error busy(const Directory&, const std::string& name, std::string reason = "another download of this file is running");
// Of what has one of the names that go with an output, and is none of segdl's.
Error not_ours(const Directory&, const std::string& name, std::string reason,
               Hints hints = {Hint::move_away, Hint::choose_other_name});

// Whether anything has the name.
Result<bool> present(Directory&, const std::string& name);
// Whether one of the names is there that make a download anything but fresh. `replaces`: there may be an output.
Result<bool> anything_there(Directory&, const Names&, bool replaces);

// The name that the directory has for what is there under `name`, if that is the same in another case. The system may
// take the two for two files (FUSE on what takes no notice of case), even if their inode numbers are the same: a lock
// under one of them does not exclude a process that has the file under the other. Lists the directory only where case
// does not count. Nothing everywhere else.
Result<std::optional<std::string>> name_in_other_case(Directory&, const std::string& name);

// NAME.part, open and locked.
struct DataFile {
  std::unique_ptr<File> file;
  bool created = false;  // by this run
};

// A new file of that name, locked.
Result<std::unique_ptr<File>> new_locked_file(Directory&, const std::string& name);

}  // namespace segdl::engine
