// Seam: files and directories.
//
// Small enough that a fake can lie about all of it: it counts operations, forgets what was not synced, and dies at any
// one of them. A name is always one component inside an open Directory; no path is ever looked up twice. No operation
// follows a symbolic link in its last component. Errors are Cause::local (operation, path, offset, the system's words)
// and Remedy::stop unless a function says otherwise.
#pragma once

#include <segdl/error.h>

#include "seams/clock.h"

#include <chrono>
#include <cstddef>
#include <cstdint>
#include <filesystem>
#include <memory>
#include <optional>
#include <span>
#include <stop_token>
#include <string>
#include <vector>

namespace segdl {

enum class FileKind : std::uint8_t { regular, directory, symlink, other };

// What identifies a file on this machine (stat(2): st_dev, st_ino).
struct FileId {
  std::uint64_t device = 0;
  std::uint64_t inode = 0;
  friend bool operator==(const FileId&, const FileId&) = default;
};

struct FileStatus {
  FileId id;
  FileKind kind = FileKind::regular;
  std::uint64_t size = 0;
  std::uint64_t links = 1;  // how many names it has
  unsigned mode = 0;        // permissions only
  std::uint32_t owner = 0;
  std::uint32_t group = 0;
  std::chrono::sys_time<std::chrono::nanoseconds> modified{};  // when its content was last changed, or as it was set
  bool may_be_planted = false;  // another user's, where anybody may put one (as in /tmp); of an open file: when opened
};

// What of a file is to be changed; what is absent stays as it is.
struct FileChange {
  struct Owner {
    std::uint32_t owner;
    std::uint32_t group;
  };
  std::optional<Owner> owner = std::nullopt;    // fchown
  std::optional<unsigned> mode = std::nullopt;  // fchmod
  // When its content was last changed, as listings show it (futimens), as finely as the file system keeps times; a
  // later write sets it to the present.
  std::optional<std::chrono::sys_time<std::chrono::nanoseconds>> modified = std::nullopt;
};

// A shared, writable mapping of a file's first bytes. Stores reach the file without a call; they survive the death of
// the process and, after sync(), of the machine. A store raises SIGBUS if somebody shortens the file.
class Mapping {
 public:
  virtual ~Mapping() = default;
  virtual std::span<std::byte> bytes() = 0;  // valid for the life of the mapping
  virtual Result<void> sync() = 0;           // msync(MS_SYNC)
};

// An open regular file. Closed on destruction. Concurrent reads and writes of different ranges are safe.
class File {
 public:
  virtual ~File() = default;

  virtual Result<FileStatus> status() = 0;

  // Fills `into` from `offset`; the count is short only at the end of the file. Bytes that the disk can't give back
  // (EIO and the like) are Remedy::refetch: written anew they may be readable again.
  virtual Result<std::size_t> read_at(std::uint64_t offset, std::span<std::byte> into) = 0;

  // Where the first byte lies that nothing was written to since the file was created or cut there, or the file's length
  // if there is none (SEEK_HOLE); reserved space counts as not written. The length as well where the file system can't
  // tell; one that leaves out zeros on disk may call written zeros a hole.
  virtual std::uint64_t first_hole() = 0;

  // Writes all of `bytes`, or fails with `offset` set; then any part of them may have been written.
  virtual Result<void> write_at(std::uint64_t offset, std::span<const std::byte> bytes) = 0;

  // Makes sure that `[0, length)` can be written without running out of space; the file's length does not change
  // (fallocate with FALLOC_FL_KEEP_SIZE). False if this file system cannot promise that.
  virtual Result<bool> reserve(std::uint64_t length) = 0;

  virtual Result<void> resize(std::uint64_t length) = 0;  // ftruncate
  virtual Result<void> sync() = 0;                        // fdatasync: data, and the length if it changed

  // Begins to write to disk what sync() will wait for, and waits for nothing (sync_file_range): many files are synced
  // sooner that way. Promises nothing.
  virtual void start_sync() = 0;

  virtual Result<void> change(const FileChange&) = 0;  // in the order of its members, up to the first error

  // A small value that stays with the file under this name, whatever the file is called, until it is set again; it
  // changes no time (fsetxattr, in the namespace "user"). An error where the file system has none, or no room for it.
  virtual Result<void> set_attribute(const std::string& name, std::span<const std::byte> value) = 0;
  // Nothing if it has none, or none that can be read.
  virtual std::optional<std::vector<std::byte>> attribute(const std::string& name) = 0;

  // An exclusive lock on the open file description (F_OFD_SETLK, or the next best that there is), given up when the
  // File is destroyed or its process dies. False if another open description, in this process or another, has it.
  // REQUIRES: the Directory still lives.
  virtual Result<bool> try_lock() = 0;

  // Whether another open description has that lock (F_OFD_GETLK); takes nothing.
  virtual Result<bool> locked_by_another() = 0;

  // Null where shared mappings of this file can't be trusted: on NFS, CIFS, FUSE and the like (fstatfs). REQUIRES: the
  // file is at least `length` bytes long; length > 0.
  virtual Result<std::unique_ptr<Mapping>> map(std::uint64_t length) = 0;

  // Whether the name, in the directory that it was opened in, is one of this file's. Where the numbers of files do not
  // tell it is shown by a time that is set and set back. Cause::local where nothing tells: what is published must be
  // what was proved. REQUIRES: the Directory still lives, and nothing is written to the file meanwhile.
  virtual Result<bool> has_name(const std::string& name) = 0;
};

// A file of Directory::create_unnamed().
class NamelessFile : public File {
 public:
  // Gives it this name in its directory, once. Cause::exists if anything has the name; then nothing changes.
  // Remedy::refetch where there are no links to give it by: its bytes belong into a file of another kind. REQUIRES: the
  // Directory still lives.
  virtual Result<void> give_name(const std::string& name) = 0;

  // After give_name(), and before Directory::sync(): makes durable what of the name is kept with the file, its link
  // count. A file that was synced before it had a name has none on disk, and without a journal the next check of the
  // file system throws it away. Does nothing where the directory's sync is known to be enough.
  virtual Result<void> sync_name() = 0;
};

// When a wait for another process ends: by a stop request (Cause::cancelled), or at the download's time limit, if it
// has one (Cause::network, as that of the network is).
struct Until {
  std::stop_token stop;
  std::optional<Instant> deadline = std::nullopt;
};

// What can be written to in order only: a pipe, a terminal, another character device. Closed on destruction.
class Stream {
 public:
  virtual ~Stream() = default;

  // Writes all of `bytes`, however long its reader takes before `last`. Cause::cancelled after a stop request.
  virtual Result<void> write(std::span<const std::byte> bytes, const Until& last) = 0;
};

enum class OpenMode : std::uint8_t {
  existing,     // read and write; must exist
  read_only,    // must exist
  read_target,  // the same, of what a symbolic link of that name leads to; may_be_planted also if the link may be
  create,       // read and write; created with mode 0600 if absent
  create_new,   // created with mode 0600, whatever the umask; Cause::exists if anything has the name
};

// An open directory. Thread-safe.
class Directory {
 public:
  virtual ~Directory() = default;

  // Opens a regular file. Anything else under the name (symlink, FIFO, device, directory) is Cause::exists and is not
  // touched, nor waited for. An absent file is Cause::local.
  virtual Result<std::unique_ptr<File>> open(const std::string& name, OpenMode) = 0;

  // Opens what the name leads to, symbolic links followed, where that is no regular file: a FIFO, whose reader is
  // waited for until `last`, a terminal or another character device, or whatever is behind a descriptor that this
  // process was given (/dev/stdout). Null where nothing is there, or a regular file. A directory, a block device, a
  // socket or a descriptor that an exec would close, as one that is not meant for others, is Cause::exists: nothing is
  // written to it.
  virtual Result<std::unique_ptr<Stream>> open_stream(const std::string& name, const Until& last) = 0;

  // A new file that has no name: it goes away with its last handle unless it is given one (O_TMPFILE). Its mode
  // is FileSystem::default_mode(). Null where the file system has no such files. `meant_for` is what errors call it.
  virtual Result<std::unique_ptr<NamelessFile>> create_unnamed(const std::string& meant_for) = 0;

  // What has the name (lstat), or nothing. Of a link to what is no regular file, `kind` is that of what it leads to:
  // whoever replaced the link would take away the name of a directory or a device.
  virtual Result<std::optional<FileStatus>> status(const std::string& name) = 0;

  // All names in it, in no order; nothing if there are more than `most`, or if this user may not list them. Names that
  // come or go meanwhile may or may not be among them.
  virtual Result<std::optional<std::vector<std::string>>> names(std::size_t most) = 0;

  // Gives `from` the name `to`, atomically with `replace`. With `replace` false anything already named `to` is
  // Cause::exists, and nothing changes: by RENAME_NOREPLACE; where that is not supported by link and unlink, between
  // which a death leaves both names; and where there are no links either by a look at `to` and a plain rename, which
  // replaces what gets the name in between.
  virtual Result<void> rename(const std::string& from, const std::string& to, bool replace) = 0;

  // Atomically swaps two names (RENAME_EXCHANGE). False where the file system can't.
  virtual Result<bool> exchange(const std::string& a, const std::string& b) = 0;

  virtual Result<void> remove(const std::string& name) = 0;  // of a regular file; absent is not an error
  virtual Result<void> sync() = 0;                           // makes renames and removals durable

  // Whether that path leads to this very directory: it may have been renamed, and another made in its place.
  virtual bool is_at(const std::filesystem::path&) = 0;

  // Cause::local if a file of this directory can't be given that name, for a reason that no error shows before the
  // rename: the directory is append-only; or, with `replaces`, what has the name is immutable, append-only or another
  // user's in a sticky directory. Success promises nothing.
  virtual Result<void> may_be_named(const std::string& name, bool replaces) = 0;

  // How many bytes a name in it may have, at most 255 (statfs: f_namelen).
  virtual std::size_t longest_name() = 0;

  // The path of `name` as a person would write it; for messages.
  virtual std::string path_of(const std::string& name) const = 0;
};

class FileSystem {
 public:
  virtual ~FileSystem() = default;
  virtual Result<std::unique_ptr<Directory>> open_directory(const std::filesystem::path&) = 0;

  // Makes each directory of the path that is missing, with mode 0777 less the umask, and syncs it and the one that it
  // is in: what is put into it must not be lost with it.
  virtual Result<void> make_directories(const std::filesystem::path&) = 0;

  // The mode a new file gets by default: 0666 less the process's umask.
  virtual unsigned default_mode() = 0;

  // How many descriptors this process may open beyond those that are open (RLIMIT_NOFILE).
  virtual std::uint64_t may_open() = 0;

  // What was found missing since the last call, and what is done instead: sentences for people, each told once.
  virtual std::vector<std::string> take_lacking() = 0;
};

}  // namespace segdl
