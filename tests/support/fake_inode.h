// One file of a FakeFs: what is live, what is durable, and which pages lie between. Guarded by the mutex of its disk.
#pragma once

#include "seams/file_system.h"
#include "support/fake_bytes.h"

#include <cstdint>
#include <functional>
#include <optional>
#include <set>
#include <span>

namespace segdl::test {

class FakeInode {
 public:
  FakeInode(std::uint64_t number, FileKind kind) : number_(number), kind_(kind) {}

  FileStatus status() const { return {{1, number_}, kind_, live_.size()}; }
  FakeBytes& live() { return live_; }
  unsigned mode = 0600;

  // Both contents at once; no space is asked for.
  void set_contents(std::span<const std::byte> bytes);
  void flip_byte(std::uint64_t offset);

  void write(std::uint64_t offset, std::span<const std::byte> bytes);
  void resize(std::uint64_t size);
  void sync();
  void sync_mapped(std::uint64_t length);

  // A sync that failed: what was written before is clean now, and lost unless it is written again or luck has it.
  void lose_dirty();

  // --- Space, in pages.
  std::uint64_t space() const { return reserved_ + beyond_.size(); }
  std::uint64_t missing_space(std::uint64_t begin, std::uint64_t end) const;  // of the pages [begin, end)
  void take_space(std::uint64_t begin, std::uint64_t end);

  // --- A process and its end.
  const void* lock_owner = nullptr;
  unsigned handles = 0;
  void mapped(std::uint64_t length);
  void unmapped() { --mappings_; }

  // Keeps the live content as it is at this moment, whatever mappings still store.
  void freeze();
  void end_life();                                     // the frozen content is live again
  void power_cut(const std::function<bool()>& stays);  // after end_life()

 private:
  std::uint64_t number_;
  FileKind kind_;
  FakeBytes live_;
  FakeBytes durable_;
  std::optional<FakeBytes> frozen_;
  std::set<std::uint64_t> dirty_;   // pages that the next sync writes out
  std::set<std::uint64_t> lost_;    // pages whose sync failed: not durable, but clean
  std::uint64_t mapped_pages_ = 0;  // pages below have been mapped once: they may be dirty at any time
  unsigned mappings_ = 0;
  std::uint64_t reserved_ = 0;      // pages below have their space
  std::set<std::uint64_t> beyond_;  // and so have these, at or above `reserved_`
};

}  // namespace segdl::test
