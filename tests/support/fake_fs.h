// FakeFs: a disk in memory that counts, lies, fills up and dies on demand.
//
// Every file has two contents: the *live* one (what the page cache holds and read_at() sees) and the *durable* one
// (what a machine death leaves). write_at(), resize() and stores into a mapping change the live content; File::sync()
// makes all of it durable, Mapping::sync() that of the mapped pages. Names are live and durable too: creations,
// renames, exchanges and removals are durable after Directory::sync(), and before that only as a prefix of their order.
// A file's sync() says nothing about its name.
//
// A process's life ends at the k-th operation (crash_at) or at once (kill, power_cut). From the crash on the disk is
// frozen: stores into mappings are lost and every operation fails with Cause::internal, "crashed", so that the engine
// can unwind. The test then says what kind of death it was, and a new life begins on a healthy disk:
//
//   FakeFs disk;
//   disk.crash_at(7);
//   run(disk);                              // fails: crashed
//   disk.kill();                            // or disk.power_cut(seed)
//   run(disk);                              // the rerun
//   CHECK(disk.get("movie.mkv") == movie);
//
// A failed sync has the meaning it has on Linux: the pages written before it are clean from then on without being
// durable, and a later sync that succeeds says nothing about them. (Pages of mappings are written out by every sync.)
//
// One directory, flat. Names of handles in operations() are those they were opened under. Thread-safe; contents
// live in memfds, so what the engine stores into a mapping is read by the kernel and never races with a test's read.
#pragma once

#include "seams/file_system.h"

#include <cstddef>
#include <cstdint>
#include <filesystem>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

namespace segdl::test {

// What can be counted and made to fail: each a function of the seam. mappable(), path_of() and default_mode() are free.
enum class Op : std::uint8_t {
  open_directory,
  open,
  status,  // of a File or a name
  read,
  write,
  reserve,
  resize,
  sync,
  set_mode,
  lock,  // try_lock() and locked_by_another()
  map,
  map_sync,
  rename,
  exchange,
  remove,
  dir_sync,
};

enum class Times : std::uint8_t { once, always };

class FakeDisk;

class FakeFs final : public FileSystem {
 public:
  // `path` is the one directory there is.
  explicit FakeFs(std::filesystem::path path = ".");
  ~FakeFs() override;

  Result<std::unique_ptr<Directory>> open_directory(const std::filesystem::path&) override;
  unsigned default_mode() override { return 0644; }

  // --- Death. All counts are from the call on, and 1-based.

  // The k-th operation is the last: it has no effect, except that a write leaves its first `torn` bytes behind.
  void crash_at(std::uint64_t k, std::uint64_t torn = 0);
  bool crashed() const;

  // The process died: what was live when it crashed (or is, if it did not crash) stays. Locks and handles are gone, armed
  // crashes and failures too, and the operations are counted and listed anew.
  void kill();

  // The machine died, perhaps long after the process: every page and length that was not synced stays or reverts on its own, and of the
  // unsynced changes to names a prefix stays. Seed 0 reverts everything; equal seeds do equal damage. Otherwise like kill().
  void power_cut(std::uint64_t seed);

  // --- Failure.

  // The k-th operation of this kind fails with an errno value, and with `always` all after it. A write that fails so has
  // written its first half; nothing else has an effect.
  void fail(Op op, std::uint64_t k, int number, Times times = Times::once);

  // Whether an armed failure has happened since it was armed; fault loops end when it has not.
  bool failed() const;
  void heal();  // forgets armed failures and crashes that have not happened

  // Limits the space left; pages that were reserved or written before have theirs. A mapping takes its pages' space when it is made.
  // No value: there is no limit.
  void free_space(std::optional<std::uint64_t> bytes);

  void set_mappable(bool);   // what File::mappable() answers; true at first
  void set_reservable(bool); // whether reserve() works or answers false; true at first
  void set_exchangeable(bool);  // whether exchange() works or answers false; true at first

  // --- A look from outside: no operations, and they see the live content.

  std::vector<std::string> names() const;  // sorted
  std::optional<std::vector<std::byte>> get(const std::string& name) const;
  std::optional<unsigned> mode(const std::string& name) const;
  void put(const std::string& name, std::span<const std::byte> bytes);  // a new file of that name, durable
  void put(const std::string& name, std::string_view text);
  void put_special(const std::string& name, FileKind kind);  // anything but regular
  void flip_byte(const std::string& name, std::uint64_t offset);  // live and durable

  // What this life has asked for, in order: "create a.part", "write a.part 0+65536", "sync a.part", "rename a.part a", "sync-dir".
  // Operations that an armed failure struck end in " failed"; the one that crashed and those after it are missing.
  std::vector<std::string> operations() const;

  // How many there were, reads and looks included; the one that crashed counts, those after it do not.
  std::uint64_t operation_count() const;

 private:
  std::shared_ptr<FakeDisk> disk_;  // shared: handles of a dead process may outlive this
};

}  // namespace segdl::test
