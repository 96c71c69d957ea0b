// A disk that lies at two severities.
//
// It keeps, for every file, the bytes a running process sees (`live`) and those that are surely on the platter
// (`durable`), and the same for the names in its one directory.
// A death of the process keeps what is live. A power cut keeps what is durable and, of the rest, a random part chosen
// by the seed: each 4 KiB page, each length and each prefix of the directory's unsynced changes is chosen
// independently.
//
//   FakeFs disk;
//   disk.crash_at(17);            // the 17th operation does not happen, nor does any after it
//   ... run a download ...
//   disk.kill();                  // or disk.power_cut(seed)
//   ... run it again on what is left ...
//
// A failed sync has the same effect as on Linux: the pages written before it count as clean from then on, so a later
// successful sync proves nothing about them. A write that is made to fail leaves its first half.
//
// What it can do is a FakeKind: file systems differ in how a name is given, and in what a sync of the directory covers.
// Where a rename has no flags it is two operations, at each of which a process dies.
//
// All paths lead to the same directory. Operations are numbered from 1. Thread-safe; stores to a mapping are not
// operations, as in reality.
#pragma once

#include "seams/file_system.h"

#include <chrono>
#include <cstdint>
#include <functional>
#include <map>
#include <memory>
#include <mutex>
#include <optional>
#include <random>
#include <set>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace segdl::test {

inline constexpr std::size_t kFakePage = 4096;

using FakeTime = std::chrono::sys_time<std::chrono::nanoseconds>;

// What a file system can do, and what it keeps.
struct FakeKind {
  std::string_view name = "ext4";
  bool unnamed = true;     // O_TMPFILE
  bool reserves = true;    // fallocate
  bool no_replace = true;  // RENAME_NOREPLACE
  bool exchanges = true;   // RENAME_EXCHANGE
  bool links = true;       // a second name for a file
  bool mappable = true;
  // Whether a synced directory makes the files named in it durable. Without a journal only those that were synced
  // themselves since they have a name are: a file without a link count on disk is removed by the next check of the file
  // system.
  bool journaled = true;
  bool owns = true;  // whether files can be given away
  bool attributes = true;
  bool case_counts = true;                // or a name is found in any case
  bool steady = true;                     // or a file has another number each time
  std::chrono::nanoseconds time_step{1};  // of the times that are set
  std::size_t longest_name = 255;
  unsigned made_with = 0600;  // the mode of a new file
};

// File systems that segdl treats differently. XFS, Btrfs, tmpfs and overlays on them behave like ext4.
inline constexpr FakeKind kExt4{};
inline constexpr FakeKind kExt2{"ext2", true, false, true, false, true, true, false};
inline constexpr FakeKind kVfat{"vfat", false, true, true, false, false, true, false, true, false};
inline constexpr FakeKind kNfs{"nfs", false, false, false, false, true, false, true, true, false};
inline constexpr FakeKind kFuse{"fuse", false, false, false, false, false, false, true, true, false};
inline constexpr FakeKind kUnsteady{"unsteady", true, true, false, false, true, true, true, true, true, true, false};
inline constexpr FakeKind kFakeKinds[] = {kExt4, kExt2, kVfat, kNfs, kFuse, kUnsteady};

// Bytes that can't be read until they are rewritten, or can't be rewritten either.
struct BadSector {
  std::uint64_t begin = 0;
  std::uint64_t end = 0;
  bool for_good = false;
};

// One file's bytes, shared by its names, its handles and its mappings.
struct FakeInode {
  // As ftruncate does it.
  void set_length(std::uint64_t length);
  void make_dirty(std::uint64_t begin, std::uint64_t end);  // bytes
  std::uint64_t first_hole() const;

  std::uint64_t number = 0;
  FileKind kind = FileKind::regular;
  std::vector<std::byte> live;
  std::vector<std::byte> durable;
  std::vector<bool> written;      // pages that are no holes
  std::set<std::uint64_t> dirty;  // pages written since the last sync
  bool stored_to = false;         // perhaps others as well: it has been mapped, or another program was at it
  std::set<std::uint64_t> lost;   // pages whose sync failed, and that were not written since
  std::uint64_t reserved = 0;
  std::uint64_t written_to = 0;  // the end of what takes space
  unsigned mode = 0600;
  std::uint32_t owner = 1000, group = 1000;
  bool may_be_planted = false;
  bool fixed = false;                // immutable: not to be replaced
  std::optional<FakeTime> modified;  // as set, since the last write
  std::uint64_t changes = 0;         // each makes it a nanosecond newer
  std::map<std::string, std::vector<std::byte>> attributes;
  const void* locked_by = nullptr;  // an open handle
  bool named = true;                // has, or had, a name
  bool rooted = false;              // synced since it has one
  std::vector<BadSector> bad;
};

// Counts for all disks of this process together: lives that ended with an injected crash, by the process or by the
// machine, and operations that were made to fail.
struct FakeDamage {
  std::uint64_t kills = 0;
  std::uint64_t power_cuts = 0;
  std::uint64_t failures = 0;
};
FakeDamage fake_damage();

class FakeFs final : public FileSystem {
 public:
  FakeFs() = default;

  Result<std::unique_ptr<Directory>> open_directory(const std::filesystem::path&) override;
  Result<void> make_directories(const std::filesystem::path&) override { return {}; }  // the one there is
  unsigned default_mode() override { return 0644; }
  std::vector<std::string> take_lacking() override { return {}; }
  std::uint64_t may_open() override { return 1'000'000; }

  // How many operations this life has had.
  std::uint64_t operations() const;
  // What they were: "write a.part 0+65536", "sync a.part", "rename a.part a", "sync-directory", ...
  std::vector<std::string> log() const;

  // The k-th operation of this life and all after it fail; the disk stays as it was before. With `torn`, a write leaves
  // its first half.
  void crash_at(std::uint64_t operation, bool torn = false);
  // The k-th operation of this life fails with these words, and with `always` every later one of its kind as well.
  void fail_at(std::uint64_t operation, std::string reason, bool always = false);
  // The n-th from 1 of this kind in this life ("sync", "write", ...), and with `always` every one after it.
  void fail_kind(const std::string& kind, std::uint64_t nth, std::string reason, bool always = false);
  // Another program does this to a file, once, right after the n-th write under that name in this life; "(unnamed)" for
  // those without one. It must not call the disk, but for meddle_again().
  void meddle(const std::string& name, std::uint64_t nth_write, std::function<void(FakeInode&)> what);
  void meddle_again(const std::string& name, std::uint64_t nth_write, std::function<void(FakeInode&)> what);
  bool fired() const;  // whether an injected fault has happened

  // The process is dead: what was live stays, handles and locks are gone, a new life begins.
  void kill();
  // The machine is dead. Equal seeds do equal damage; 0 does all there can be: whatever is not durable is gone.
  void power_cut(std::uint64_t seed);

  void set_capacity(std::uint64_t bytes);
  void set_kind(const FakeKind&);
  void set_holes_seen(bool value);  // false: File::first_hole() reports the length
  // From here on these bytes of the file are unreadable (EIO); with `for_good` they can't be written either.
  void make_unreadable(const std::string& name, BadSector);

  // The disk as seen by the user between two lives.
  std::vector<std::string> names() const;
  std::optional<std::vector<std::byte>> get(const std::string& name) const;
  bool has_pattern(const std::string& name, std::uint64_t seed, std::uint64_t size) const;
  std::optional<unsigned> mode(const std::string& name) const;
  std::optional<std::pair<std::uint32_t, std::uint32_t>> owner(const std::string& name) const;  // and group
  void set_access(const std::string& name, unsigned mode, std::uint32_t owner, std::uint32_t group);
  std::optional<FakeTime> modified(const std::string& name) const;
  void set_modified(const std::string& name, FakeTime);
  void plant(const std::string& name);  // it is another user's, in a directory that any user may write to
  void put(const std::string& name, std::vector<std::byte> bytes);
  void put_special(const std::string& name, FileKind kind);  // a symlink to "target", a directory, a FIFO
  void fix(const std::string& name);
  // Makes a hole, of whole pages.
  void punch(const std::string& name, std::uint64_t begin, std::uint64_t end);
  void flip(const std::string& name, std::uint64_t offset);
  void erase(const std::string& name);
  void move(const std::string& from, const std::string& to);
  void link(const std::string& from, const std::string& to);

 private:
  friend class FakeDirectory;
  friend class FakeFile;
  friend class FakeMapping;
  friend class FakeStream;
  using Inode = std::shared_ptr<FakeInode>;  // shared: a file lives while it has a name or a handle
  using Names = std::map<std::string, Inode>;

  struct Image {
    Names live;
    std::vector<Names> history;  // the directory after each change since its last sync; history.front() is durable
  };

  // Counts an operation of a life; an error if it is to fail. REQUIRES: mutex_ held.
  std::optional<Error> begin(std::uint64_t life, const std::string& kind, const std::string& words);
  void changed_directory() { image_.history.push_back(image_.live); }
  void drop_rootless(Names&, std::mt19937_64&, bool all) const;
  std::uint64_t room_for(const FakeInode&) const;  // how far it can reach on this disk
  static Image copy(const Image&);
  void wrote(const std::string& name, FakeInode&);  // runs the other program if it is due
  FileStatus status_of(const FakeInode&);
  Names::iterator find(const std::string& name);
  static void sync(FakeInode&);  // everything except `lost`
  static void lose_dirty(FakeInode&);
  void freeze();
  void new_life(Image);

  mutable std::mutex mutex_;
  Image image_{{}, {Names{}}};
  std::optional<Image> frozen_;  // the disk at the moment of the crash
  std::uint64_t life_ = 1;
  std::uint64_t operations_ = 0;
  std::uint64_t next_inode_ = 100;
  std::map<std::string, std::uint64_t> kinds_;
  std::vector<std::string> log_;
  std::uint64_t crash_at_ = 0;
  bool torn_ = false;
  bool fired_ = false;
  std::uint64_t fail_at_ = 0;
  std::string fail_reason_;
  bool fail_always_ = false;
  std::string failing_kind_;
  std::uint64_t failing_nth_ = 0;
  std::string meddled_;
  std::uint64_t meddled_writes_ = 0;  // writes left before it happens
  std::function<void(FakeInode&)> meddling_;
  std::uint64_t capacity_ = ~std::uint64_t{0};
  FakeKind kind_;
  bool holes_seen_ = true;
};

}  // namespace segdl::test
