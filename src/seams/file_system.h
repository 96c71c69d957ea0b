// Seam: files and directories.
//
// Small enough that a fake can lie about all of it: it counts operations, forgets what was not synced, and dies at any
// one of them.
// A name is always one component inside an open Directory; no path is ever resolved twice. No operation follows a
// symbolic link in its last component.
// Errors are Cause::local (operation, path, offset, the system's message) and Remedy::stop unless documented otherwise.
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

// Identifies a file on this machine (stat(2): st_dev, st_ino).
struct FileId {
  std::uint64_t device = 0;
  std::uint64_t inode = 0;
  friend bool operator==(const FileId&, const FileId&) = default;
};

struct FileStatus {
  FileId id;
  FileKind kind = FileKind::regular;
  std::uint64_t size = 0;
  std::uint64_t links = 1;  // number of its names
  unsigned mode = 0;        // permissions only
  std::uint32_t owner = 0;
  std::uint32_t group = 0;
  std::chrono::sys_time<std::chrono::nanoseconds> modified{};  // time of the last change of its content, or as set
  bool may_be_planted = false;  // another user's, where any user may put one (as in /tmp); of an open file: when opened
};

// The attributes of a file to change; absent ones stay as they are.
struct FileChange {
  struct Owner {
    std::uint32_t owner;
    std::uint32_t group;
  };
  std::optional<Owner> owner = std::nullopt;    // fchown
  std::optional<unsigned> mode = std::nullopt;  // fchmod
  // Time of the last change of its content, as listings show it (futimens), as finely as the file system keeps times; a
  // later write sets it to the present.
  std::optional<std::chrono::sys_time<std::chrono::nanoseconds>> modified = std::nullopt;
};

// A shared, writable mapping of a file's first bytes. Stores reach the file without a call; they survive the death of
// the process and, after sync(), of the machine. A store raises SIGBUS if another program truncates the file.
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

  // Fills `into` from `offset`; the count is short only at the end of the file. Bytes that the disk can't return (EIO
  // and the like) are Remedy::refetch: they may be readable once rewritten.
  virtual Result<std::size_t> read_at(std::uint64_t offset, std::span<std::byte> into) = 0;

  // The offset of the first byte that was not written since the file was created or truncated there (SEEK_HOLE); the
  // file's length if there is none, or if the file system does not report holes.
  // Reserved space counts as not written. A file system that leaves out zeros on disk may report written zeros as a
  // hole.
  virtual std::uint64_t first_hole() = 0;

  // Writes all of `bytes`, or fails with `offset` set; then any part of them may have been written.
  virtual Result<void> write_at(std::uint64_t offset, std::span<const std::byte> bytes) = 0;

  // Reserves space so that `[0, length)` can be written without running out of it; the file's length does not change
  // (fallocate with FALLOC_FL_KEEP_SIZE). False if this file system cannot promise that.
  virtual Result<bool> reserve(std::uint64_t length) = 0;

  virtual Result<void> resize(std::uint64_t length) = 0;  // ftruncate
  virtual Result<void> sync() = 0;                        // fdatasync: data, and the length if it changed

  // Starts to write to disk what sync() will wait for, and waits for nothing (sync_file_range): many files are synced
  // sooner that way. Promises nothing.
  virtual void start_sync() = 0;

  virtual Result<void> change(const FileChange&) = 0;  // in the order of its members, up to the first error

  // A small value that stays with the file under this name, also when the file is renamed, until it is set again; it
  // changes no time (fsetxattr, in the namespace "user"). An error if the file system has none, or no room for it.
  virtual Result<void> set_attribute(const std::string& name, std::span<const std::byte> value) = 0;
  // Nothing if there is none, or it can't be read.
  virtual std::optional<std::vector<std::byte>> attribute(const std::string& name) = 0;

  // An exclusive lock on the open file description (F_OFD_SETLK, or the best available substitute), released when the
  // File is destroyed or its process dies. False if another open description, in this process or another, has it.
  // REQUIRES: the Directory still exists.
  virtual Result<bool> try_lock() = 0;

  // Whether another open description has that lock (F_OFD_GETLK); takes nothing.
  virtual Result<bool> locked_by_another() = 0;

  // Null if shared mappings of this file can't be trusted: on NFS, CIFS, FUSE and the like (fstatfs). REQUIRES: the
  // file is at least `length` bytes long; length > 0.
  virtual Result<std::unique_ptr<Mapping>> map(std::uint64_t length) = 0;

  // Whether the name, in the directory in which the file was opened, is one of this file's. If inode numbers do not
  // show that, a time that is set and restored does.
  // Cause::local if nothing shows it: what is published must be what was proved.
  // REQUIRES: the Directory still exists, and nothing is written to the file meanwhile.
  virtual Result<bool> has_name(const std::string& name) = 0;
};

// A file of Directory::create_unnamed().
class NamelessFile : public File {
 public:
  // Gives it this name in its directory, once. Cause::exists if the name is taken; then nothing changes.
  // Remedy::refetch if the file system has no links to name it by: its bytes must go to a file of another kind.
  // REQUIRES: the Directory still exists.
  virtual Result<void> give_name(const std::string& name) = 0;

  // Makes the part of the name that is kept with the file durable: its link count. To be called after give_name() and
  // before Directory::sync().
  // A file that was synced before it had a name has no link on disk, and without a journal the next check of the file
  // system removes it. Does nothing if the directory's sync is known to be enough.
  virtual Result<void> sync_name() = 0;
};

// The end of a wait for another process: a stop request (Cause::cancelled), or the download's time limit, if it has one
// (Cause::network, as for the network).
struct Until {
  std::stop_token stop;
  std::optional<Instant> deadline = std::nullopt;
};

// A sequential output: a pipe, a terminal, another character device. Closed on destruction.
class Stream {
 public:
  virtual ~Stream() = default;

  // Writes all of `bytes`, however long the reader takes, until `last`. Cause::cancelled after a stop request.
  virtual Result<void> write(std::span<const std::byte> bytes, const Until& last) = 0;
};

enum class OpenMode : std::uint8_t {
  existing,     // read and write; must exist
  read_only,    // must exist
  read_target,  // the same, for the target of a symbolic link of that name; may_be_planted also if the link may be
  create,       // read and write; created with mode 0600 if absent
  create_new,   // created with mode 0600, whatever the umask; Cause::exists if anything has the name
};

// An open directory. Thread-safe.
class Directory {
 public:
  virtual ~Directory() = default;

  // Opens a regular file. Anything else under the name (symlink, FIFO, device, directory) is Cause::exists; it is
  // neither touched nor waited for. A missing file is Cause::local.
  virtual Result<std::unique_ptr<File>> open(const std::string& name, OpenMode) = 0;

  // Opens what the name leads to, through symbolic links, if it is a FIFO (waits for its reader until `last`), a
  // terminal or another character device, or a descriptor that this process was given (/dev/stdout).
  // Null if nothing is there, or a regular file.
  // Cause::exists, and nothing is written, if it is a directory, a block device, a socket, or a descriptor that an exec
  // would close and that is thus not meant for others.
  virtual Result<std::unique_ptr<Stream>> open_stream(const std::string& name, const Until& last) = 0;

  // A new file without a name: it disappears with its last handle unless it is given one (O_TMPFILE). Its mode is
  // FileSystem::default_mode(). Null if the file system has no such files. `meant_for` is its name in errors.
  virtual Result<std::unique_ptr<NamelessFile>> create_unnamed(const std::string& meant_for) = 0;

  // The status of what has the name (lstat), or nothing. For a link to something other than a regular file, `kind` is
  // that of its target: replacing the link would take away the name of a directory or a device.
  virtual Result<std::optional<FileStatus>> status(const std::string& name) = 0;

  // All names in it, in no order; nothing if there are more than `most`, or if this user may not list them. Names that
  // are added or removed meanwhile may be missing.
  virtual Result<std::optional<std::vector<std::string>>> names(std::size_t most) = 0;

  // Renames `from` to `to`; with `replace` atomically. Without `replace`, Cause::exists if `to` is taken; then nothing
  // changes. That is done:
  // - by RENAME_NOREPLACE;
  // - where that is not supported, by link and unlink, between which a death leaves both names;
  // - where there are no links either, by a check and a plain rename, which replaces what gets the name in between.
  virtual Result<void> rename(const std::string& from, const std::string& to, bool replace) = 0;

  // Atomically swaps two names (RENAME_EXCHANGE). False if the file system can't.
  virtual Result<bool> exchange(const std::string& a, const std::string& b) = 0;

  virtual Result<void> remove(const std::string& name) = 0;  // of a regular file; absent is not an error
  virtual Result<void> sync() = 0;                           // makes renames and removals durable

  // Whether that path leads to this very directory: it may have been renamed, and another created in its place.
  virtual bool is_at(const std::filesystem::path&) = 0;

  // Cause::local if a file of this directory can't be given that name for a reason that shows only at the rename: the
  // directory is append-only; or, with `replaces`, what has the name is immutable, append-only or another user's in a
  // sticky directory.
  // Success promises nothing.
  virtual Result<void> may_be_named(const std::string& name, bool replaces) = 0;

  // The limit of a name's length in bytes, at most 255 (statfs: f_namelen).
  virtual std::size_t longest_name() = 0;

  // The path of `name` as the user would write it; for messages.
  virtual std::string path_of(const std::string& name) const = 0;
};

class FileSystem {
 public:
  virtual ~FileSystem() = default;
  virtual Result<std::unique_ptr<Directory>> open_directory(const std::filesystem::path&) = 0;

  // Creates each missing directory of the path, with mode 0777 less the umask, and syncs it and its parent: files put
  // into it must not be lost with it.
  virtual Result<void> make_directories(const std::filesystem::path&) = 0;

  // The mode a new file gets by default: 0666 less the process's umask.
  virtual unsigned default_mode() = 0;

  // The number of further descriptors that this process may open (RLIMIT_NOFILE).
  virtual std::uint64_t may_open() = 0;

  // What was found missing since the last call, and what is done instead: sentences for the user, each reported once.
  virtual std::vector<std::string> take_lacking() = 0;
};

}  // namespace segdl
