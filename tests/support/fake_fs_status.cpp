// What FakeFs keeps of a file beside its bytes: names, mode, owner, time, attributes.
#include "support/fake_fs.h"
#include "support/fake_fs_handles.h"

#include <strings.h>

#include <algorithm>
#include <utility>

namespace segdl::test {
namespace {

FakeTime time_of(const FakeInode& inode) {
  constexpr FakeTime kMade{std::chrono::seconds(1'600'000'000)};
  return inode.modified.value_or(kMade + std::chrono::nanoseconds(inode.changes));
}

}  // namespace

FakeFs::Names::iterator FakeFs::find(const std::string& name) {
  const auto exactly = image_.live.find(name);
  if (exactly != image_.live.end() || kind_.case_counts) return exactly;
  return std::find_if(image_.live.begin(), image_.live.end(),
                      [&name](const auto& entry) { return ::strcasecmp(entry.first.c_str(), name.c_str()) == 0; });
}

FileStatus FakeFs::status_of(const FakeInode& inode) {
  const auto names = std::count_if(image_.live.begin(), image_.live.end(),
                                   [&inode](const auto& entry) { return entry.second.get() == &inode; });
  return {{1, kind_.steady ? inode.number : next_inode_++},
          inode.kind,
          inode.live.size(),
          static_cast<std::uint64_t>(names),
          inode.mode,
          inode.owner,
          inode.group,
          time_of(inode),
          inode.may_be_planted};
}

std::optional<unsigned> FakeFs::mode(const std::string& name) const {
  const std::lock_guard lock(mutex_);
  const auto found = image_.live.find(name);
  return found == image_.live.end() ? std::nullopt : std::optional(found->second->mode);
}

std::optional<FakeTime> FakeFs::modified(const std::string& name) const {
  const std::lock_guard lock(mutex_);
  const auto found = image_.live.find(name);
  return found == image_.live.end() ? std::nullopt : found->second->modified;
}

void FakeFs::set_modified(const std::string& name, FakeTime time) {
  const std::lock_guard lock(mutex_);
  image_.live.at(name)->modified = time;
}

void FakeFs::fix(const std::string& name) {
  const std::lock_guard lock(mutex_);
  image_.live.at(name)->fixed = true;
}

void FakeFs::plant(const std::string& name) {
  const std::lock_guard lock(mutex_);
  image_.live.at(name)->may_be_planted = true;
}

std::optional<std::pair<std::uint32_t, std::uint32_t>> FakeFs::owner(const std::string& name) const {
  const std::lock_guard lock(mutex_);
  const auto found = image_.live.find(name);
  if (found == image_.live.end()) return std::nullopt;
  return std::pair(found->second->owner, found->second->group);
}

void FakeFs::set_access(const std::string& name, unsigned mode, std::uint32_t owner, std::uint32_t group) {
  const std::lock_guard lock(mutex_);
  FakeInode& inode = *image_.live.at(name);
  inode.mode = mode;
  inode.owner = owner;
  inode.group = group;
}

Result<void> FakeFile::change(const FileChange& wanted) {
  auto step = wanted.owner ? set_owner(*wanted.owner) : Result<void>();
  if (step && wanted.mode) step = set_mode(*wanted.mode);
  return step && wanted.modified ? set_modified(*wanted.modified) : step;
}

Result<void> FakeFile::set_mode(unsigned mode) {
  const std::lock_guard lock(disk_.mutex_);
  if (auto error = disk_.begin(life_, "set-mode", "set-mode " + name_)) return *error;
  // It may give files away (CAP_CHOWN), and no more than that: of another's it can't set the mode.
  if (inode_->owner != FakeInode{}.owner)
    return make_error(Cause::local, "set the mode of", name_, "Operation not permitted");
  inode_->mode = mode;
  return {};
}

Result<void> FakeFile::set_owner(const FileChange::Owner& owner) {
  const std::lock_guard lock(disk_.mutex_);
  if (auto error = disk_.begin(life_, "set-owner", "set-owner " + name_)) return *error;
  if (!disk_.kind_.owns) return make_error(Cause::local, "set the owner of", name_, "Operation not permitted");
  inode_->owner = owner.owner;
  inode_->group = owner.group;
  return {};
}

Result<void> FakeFile::set_modified(FakeTime time) {
  const std::lock_guard lock(disk_.mutex_);
  if (auto error = disk_.begin(life_, "set-time", "set-time " + name_)) return *error;
  inode_->modified = time - time.time_since_epoch() % disk_.kind_.time_step;
  return {};
}

Result<void> FakeFile::set_attribute(const std::string& name, std::span<const std::byte> value) {
  const std::lock_guard lock(disk_.mutex_);
  if (auto error = disk_.begin(life_, "set-attribute", "set-attribute " + name_)) return *error;
  if (!disk_.kind_.attributes) return make_error(Cause::local, "set an attribute of", name_, "Operation not supported");
  if ((inode_->mode & 0200U) == 0) return make_error(Cause::local, "set an attribute of", name_, "Permission denied");
  inode_->attributes[name].assign(value.begin(), value.end());
  return {};
}

std::optional<std::vector<std::byte>> FakeFile::attribute(const std::string& name) {
  const std::lock_guard lock(disk_.mutex_);
  if (disk_.begin(life_, "attribute", "attribute " + name_)) return std::nullopt;
  const auto found = inode_->attributes.find(name);
  return found == inode_->attributes.end() ? std::nullopt : std::optional(found->second);
}

}  // namespace segdl::test
