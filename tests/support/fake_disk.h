// The state behind a FakeFs: names, files, faults and the life of the process that uses it.
//
// Everything is guarded by `mutex`, which the seam's adapters in fake_fs.cpp hold for one operation each. An operation
// begins with enter(); what it does then can't be crossed by a crash.
#pragma once

#include "support/fake_faults.h"
#include "support/fake_fs.h"
#include "support/fake_inode.h"

#include <cstdint>
#include <filesystem>
#include <functional>
#include <map>
#include <memory>
#include <mutex>
#include <optional>
#include <string>
#include <utility>
#include <vector>

namespace segdl::test {

class FakeDisk {
 public:
  // Shared: an unlinked file lives on in its handles, and a removal that is not durable can be undone by a power cut.
  using Inode = std::shared_ptr<FakeInode>;

  // Names that change together, atomically. A null inode is a free name.
  using Change = std::vector<std::pair<std::string, Inode>>;

  explicit FakeDisk(std::filesystem::path directory) : path(std::move(directory)) {}

  std::mutex mutex;
  const std::filesystem::path path;
  FakeFaults faults;
  bool mappable = true;
  bool reservable = true;
  bool exchangeable = true;

  // Counts an operation of a handle that was opened in `life`. Not ok: the operation must not take place. `tear(n)`
  // leaves the first n bytes of a write behind; null for everything else.
  struct Request {
    Op op;
    std::string subject;       // the path, for the error
    std::string line;          // for operations()
    std::uint64_t length = 0;  // of a write
    std::optional<std::uint64_t> offset = std::nullopt;
  };
  Result<void> enter(std::uint64_t life, Request request, const std::function<void(std::uint64_t)>& tear = nullptr);

  std::uint64_t life() const { return life_; }
  bool crashed() const { return crashed_; }
  void crash();
  void begin_life();
  void power_cut(std::uint64_t seed);

  Inode create(FileKind kind);
  Inode find(const std::string& name) const;  // or null
  const std::map<std::string, Inode>& names() const { return names_; }
  void change(Change change);
  void put(const std::string& name, const Inode& inode);  // durable at once
  void sync_names();

  // How many of the pages [begin, end) of this file, from the first on, can be had.
  std::uint64_t grant(const FakeInode& inode, std::uint64_t begin, std::uint64_t end) const;
  void limit_space(std::optional<std::uint64_t> bytes);

 private:
  std::uint64_t used_space() const;  // pages of files that have a name or a handle
  std::vector<Inode> living() const;

  std::map<std::string, Inode> names_;
  std::map<std::string, Inode> durable_names_;
  std::vector<Change> unsynced_;  // from durable_names_ to names_, in order
  std::vector<std::weak_ptr<FakeInode>> inodes_;
  std::optional<std::uint64_t> capacity_;  // in pages
  std::uint64_t next_number_ = 1;
  std::uint64_t life_ = 1;
  bool crashed_ = false;
};

}  // namespace segdl::test
