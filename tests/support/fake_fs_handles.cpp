#include "support/fake_fs_handles.h"

#include <algorithm>
#include <string>
#include <utility>

namespace segdl::test {
namespace {

FileStatus status_of(const FakeInode& inode) { return {{1, inode.number}, FileKind::regular, inode.live.size()}; }

constexpr std::size_t kNameMax = 255;

}  // namespace

Result<void> FakeMapping::sync() {
  const std::lock_guard lock(disk_.mutex_);
  if (auto error = disk_.begin(life_, "sync-mapping", "sync-mapping " + name_)) return *error;
  // The length is the file's, not the mapping's to make durable; everything in a journal's length is mapped.
  FakeFs::Image whole{{{name_, inode_}}, {}};
  inode_->durable = FakeFs::copy(whole).live.at(name_)->live;
  return {};
}

FakeFile::~FakeFile() {
  const std::lock_guard lock(disk_.mutex_);
  if (inode_->locked_by == this) inode_->locked_by = nullptr;
}

Result<FileStatus> FakeFile::status() {
  const std::lock_guard lock(disk_.mutex_);
  if (auto error = disk_.begin(life_, "status", "status " + name_)) return *error;
  return status_of(*inode_);
}

Result<std::size_t> FakeFile::read_at(std::uint64_t offset, std::span<std::byte> into) {
  const std::lock_guard lock(disk_.mutex_);
  if (auto error = disk_.begin(life_, "read", "read " + name_)) return *error;
  if (offset >= inode_->live.size()) return std::size_t{0};
  const std::size_t count = std::min<std::uint64_t>(into.size(), inode_->live.size() - offset);
  std::copy_n(inode_->live.begin() + static_cast<std::ptrdiff_t>(offset), count, into.begin());
  return count;
}

std::optional<Error> FakeFile::no_room(std::uint64_t takes) {
  const std::uint64_t mine = std::max(inode_->reserved, inode_->written_to);
  if (takes <= mine || disk_.used() - mine + takes <= disk_.capacity_) return std::nullopt;
  return fake_error(Cause::local, "write", name_, "No space left on device");
}

Result<void> FakeFile::write_at(std::uint64_t offset, std::span<const std::byte> bytes) {
  const std::lock_guard lock(disk_.mutex_);
  const bool tears = disk_.torn_ && disk_.crash_at_ == disk_.operations_ + 1 && life_ == disk_.life_ && !disk_.frozen_;
  auto error = tears ? std::nullopt
                     : disk_.begin(life_, "write", "write " + name_ + " " + std::to_string(offset) + "+" + std::to_string(bytes.size()));
  if (error) return *error;
  if (tears) bytes = bytes.first(bytes.size() / 2);
  if (auto full = no_room(offset + bytes.size())) return *full;
  if (inode_->live.size() < offset + bytes.size()) inode_->live.resize(offset + bytes.size());
  inode_->written_to = std::max(inode_->written_to, offset + bytes.size());
  std::copy(bytes.begin(), bytes.end(), inode_->live.begin() + static_cast<std::ptrdiff_t>(offset));
  if (tears) return *disk_.begin(life_, "write", "write " + name_);
  return {};
}

Result<bool> FakeFile::reserve(std::uint64_t length) {
  const std::lock_guard lock(disk_.mutex_);
  if (auto error = disk_.begin(life_, "reserve", "reserve " + name_)) return *error;
  if (auto full = no_room(length)) return *full;
  inode_->reserved = std::max(inode_->reserved, length);
  return true;
}

Result<void> FakeFile::resize(std::uint64_t length) {
  const std::lock_guard lock(disk_.mutex_);
  if (auto error = disk_.begin(life_, "resize", "resize " + name_ + " " + std::to_string(length))) return *error;
  inode_->live.resize(length);
  inode_->written_to = std::min(inode_->written_to, length);
  if (length == 0) inode_->reserved = 0;
  return {};
}

Result<void> FakeFile::sync() {
  const std::lock_guard lock(disk_.mutex_);
  if (auto error = disk_.begin(life_, "sync", "sync " + name_)) return *error;
  inode_->durable = inode_->live;
  return {};
}

Result<void> FakeFile::set_mode(unsigned mode) {
  const std::lock_guard lock(disk_.mutex_);
  if (auto error = disk_.begin(life_, "set-mode", "set-mode " + name_)) return *error;
  inode_->mode = mode;
  return {};
}

Result<bool> FakeFile::try_lock() {
  const std::lock_guard lock(disk_.mutex_);
  if (auto error = disk_.begin(life_, "lock", "lock " + name_)) return *error;
  if (inode_->locked_by != nullptr && inode_->locked_by != this) return false;
  inode_->locked_by = this;
  return true;
}

Result<bool> FakeFile::locked_by_another() {
  const std::lock_guard lock(disk_.mutex_);
  if (auto error = disk_.begin(life_, "look-at-lock", "look-at-lock " + name_)) return *error;
  return inode_->locked_by != nullptr && inode_->locked_by != this;
}

Result<bool> FakeFile::mappable() {
  const std::lock_guard lock(disk_.mutex_);
  if (auto error = disk_.begin(life_, "mappable", "mappable " + name_)) return *error;
  return disk_.mappable_;
}

Result<std::unique_ptr<Mapping>> FakeFile::map(std::uint64_t length) {
  const std::lock_guard lock(disk_.mutex_);
  if (auto error = disk_.begin(life_, "map", "map " + name_)) return *error;
  return std::unique_ptr<Mapping>(std::make_unique<FakeMapping>(disk_, life_, inode_, name_, length));
}

Result<std::unique_ptr<File>> FakeDirectory::open(const std::string& name, OpenMode mode) {
  const std::lock_guard lock(disk_.mutex_);
  if (auto error = disk_.begin(life_, "open", "open " + name)) return *error;
  if (name.size() > kNameMax) return fake_error(Cause::local, "open", name, "File name too long");
  auto found = disk_.image_.live.find(name);
  const bool there = found != disk_.image_.live.end();
  if (there && mode == OpenMode::create_new) return fake_error(Cause::exists, "keep", name, "it exists already");
  if (!there && (mode == OpenMode::existing || mode == OpenMode::read_only)) {
    return fake_error(Cause::local, "open", name, "No such file or directory");
  }
  if (!there) {
    auto inode = std::make_shared<FakeInode>();
    inode->number = disk_.next_inode_++;
    found = disk_.image_.live.emplace(name, std::move(inode)).first;
    disk_.changed_directory();
  }
  return std::unique_ptr<File>(std::make_unique<FakeFile>(disk_, life_, found->second, name));
}

Result<std::optional<FileStatus>> FakeDirectory::status(const std::string& name) {
  const std::lock_guard lock(disk_.mutex_);
  if (auto error = disk_.begin(life_, "status", "status " + name)) return *error;
  const auto found = disk_.image_.live.find(name);
  if (found == disk_.image_.live.end()) return std::optional<FileStatus>();
  return std::optional(status_of(*found->second));
}

Result<void> FakeDirectory::rename(const std::string& from, const std::string& to, bool replace) {
  const std::lock_guard lock(disk_.mutex_);
  if (auto error = disk_.begin(life_, "rename", "rename " + from + " " + to)) return *error;
  auto& names = disk_.image_.live;
  const auto found = names.find(from);
  if (found == names.end()) return fake_error(Cause::local, "rename", from, "No such file or directory");
  if (!replace && names.contains(to)) return fake_error(Cause::exists, "keep", to, "it exists already");
  names[to] = found->second;
  names.erase(found);
  disk_.changed_directory();
  return {};
}

Result<bool> FakeDirectory::exchange(const std::string& a, const std::string& b) {
  const std::lock_guard lock(disk_.mutex_);
  if (auto error = disk_.begin(life_, "exchange", "exchange " + a + " " + b)) return *error;
  auto& names = disk_.image_.live;
  if (!names.contains(a) || !names.contains(b)) return fake_error(Cause::local, "exchange", a, "No such file or directory");
  std::swap(names[a], names[b]);
  disk_.changed_directory();
  return true;
}

Result<void> FakeDirectory::remove(const std::string& name) {
  const std::lock_guard lock(disk_.mutex_);
  if (auto error = disk_.begin(life_, "remove", "remove " + name)) return *error;
  if (disk_.image_.live.erase(name) > 0) disk_.changed_directory();
  return {};
}

Result<void> FakeDirectory::sync() {
  const std::lock_guard lock(disk_.mutex_);
  if (auto error = disk_.begin(life_, "sync-directory", "sync-directory")) return *error;
  disk_.image_.history = {disk_.image_.live};
  return {};
}

}  // namespace segdl::test
