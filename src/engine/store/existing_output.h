// What has the output's name already, and whether it gives way to the output.
#pragma once

#include <segdl/error.h>
#include <segdl/task.h>

#include "engine/store/directory_cache.h"
#include "seams/file_system.h"

#include <optional>
#include <string>
#include <vector>

namespace segdl::engine {

// Whether a file that has the output's name gives way to it, whatever is in it.
inline bool may_replace_output(const Request& request) {
  return request.existing == Existing::replace || request.existing == Existing::update;
}

// Whether what has the name, if anything, gives way to the output: with Existing::refuse an empty file does, as mktemp
// makes one to keep a name. There is nothing in it that could be lost: it has no length, and reading gives nothing
// either (some file systems have no length for what they make as it is read). None that another process has locked, as
// the data of a download that begins is empty, too; none that another user may have planted; and none that this session
// has published, which is a download's. Cause::local where that can't be found out.
Result<bool> gives_way(const OpenDirectory&, const std::string& name, Existing);

// Cause::exists if what has the name is never replaced, whatever the request is: a directory, a device, a FIFO or a
// socket, or a link to one. A link to a file, or to nothing, may be: the rename puts the output in its place, and what
// it leads to stays.
Result<void> may_be_replaced(Directory&, const std::string& name);

// Of what has the output's name, and stays. `reason` and `more` count where it could be replaced.
Error exists(Directory&, const std::string& name, std::string reason, const Hints& more = {});

// Gives the file the permissions of `mode` and, unless null, the owner and the group of `like`, as far as that can be
// done, and never more to others than that. Bits that are no permissions (set-user-ID) are left out. A group that can't
// be given gets what others have: another group must not get its rights. Returns notes for the user on what
// could not be done; none of it costs the file.
std::vector<std::string> set_access(File&, unsigned mode, const FileStatus* like);

// The file that has the output's name, and is replaced if the request allows that. Used by one thread at a time.
class ExistingOutput {
 public:
  // REQUIRES: both outlive it.
  ExistingOutput(OpenDirectory& open, const std::string& name, Existing existing)
      : open_(open), name_(name), existing_(existing) {}

  // Whether there is one, and it is going to be replaced.
  bool is_replaced() const { return replaced_; }
  void set_replaced(bool replaced) { replaced_ = replaced; }

  // It, if it is a regular file: what it leaves to its successor is its mode and its owner.
  std::optional<FileStatus> file() const;

  // Whether what has the name is to be replaced, right before it: that may be another than when the download began.
  // What came where nothing was, or is no longer empty, is found by the rename. Cause::busy if it is the data of a
  // download under way.
  Result<bool> gives_way_now(bool replace) const;

  // The output has the name: if it is empty, it gives way to no download of this session.
  void remember_empty(File& published);

 private:
  OpenDirectory& open_;
  const std::string& name_;
  const Existing existing_;
  bool replaced_ = false;
};

}  // namespace segdl::engine
