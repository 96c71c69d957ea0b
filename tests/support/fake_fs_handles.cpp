#include "support/fake_fs_handles.h"

#include <algorithm>
#include <string>
#include <utility>

namespace segdl::test {
namespace {

constexpr std::size_t kNameMax = 255;
constexpr std::uint64_t kSizeMax = std::uint64_t{1} << 40;  // what a vector can be asked for

Error no_space(const std::string& operation, const std::string& name) {
  return make_error(Cause::local, operation, name, "No space left on device");
}

std::optional<Error> bad_name(const std::string& operation, const std::string& name) {
  if (name.size() <= kNameMax) return std::nullopt;
  return make_error(Cause::local, operation, name, "File name too long");
}

}  // namespace

Result<void> FakeMapping::sync() {
  const std::lock_guard lock(disk_.mutex_);
  if (auto error = disk_.begin(life_, "sync-mapping", "sync-mapping " + name_)) return *error;
  // A journal is mapped whole, so what is not mapped does not matter.
  FakeFs::sync(*inode_);
  return {};
}

FakeFile::~FakeFile() {
  const std::lock_guard lock(disk_.mutex_);
  if (inode_->locked_by == this) inode_->locked_by = nullptr;
}

Result<FileStatus> FakeFile::status() {
  const std::lock_guard lock(disk_.mutex_);
  if (auto error = disk_.begin(life_, "status", "status " + name_)) return *error;
  return disk_.status_of(*inode_);
}

Result<std::size_t> FakeFile::read_at(std::uint64_t offset, std::span<std::byte> into) {
  const std::lock_guard lock(disk_.mutex_);
  if (auto error = disk_.begin(life_, "read", "read " + name_)) return *error;
  if (offset > kSizeMax) return make_error(Cause::local, "read", name_, "Invalid argument");
  if (offset >= inode_->live.size()) return std::size_t{0};
  const std::size_t count = std::min<std::uint64_t>(into.size(), inode_->live.size() - offset);
  if (const BadSector* bad = bad_sector(offset, count)) {
    Error error = make_error(Cause::local, "read", name_, "Input/output error");
    error.offset = std::max(offset, bad->begin);
    error.remedy = Remedy::refetch;
    return error;
  }
  std::copy_n(inode_->live.begin() + static_cast<std::ptrdiff_t>(offset), count, into.begin());
  return count;
}

std::uint64_t FakeFile::first_hole() {
  const std::lock_guard lock(disk_.mutex_);
  return disk_.holes_seen_ ? inode_->first_hole() : inode_->live.size();
}

Result<void> FakeFile::write_at(std::uint64_t offset, std::span<const std::byte> bytes) {
  const std::lock_guard lock(disk_.mutex_);
  const bool tears = disk_.torn_ && disk_.crash_at_ == disk_.operations_ + 1 && life_ == disk_.life_ && !disk_.frozen_;
  const auto half = bytes.first(bytes.size() / 2);
  if (tears) put(offset, half);
  auto error =
      disk_.begin(life_, "write", "write " + name_ + " " + std::to_string(offset) + "+" + std::to_string(bytes.size()));
  if (error && error->cause == Cause::local) put(offset, half);
  if (error) return *error;
  if (bytes.empty()) return {};
  if (auto no = refused(offset, bytes.size())) return *no;
  if (auto no = unwritable(offset, bytes.size())) return *no;
  const std::uint64_t room = disk_.room_for(*inode_);
  if (offset + bytes.size() <= room) {
    put(offset, bytes);
    disk_.wrote(name_, *inode_);
    return {};
  }
  const std::uint64_t fits = room > offset ? room - offset : 0;
  put(offset, bytes.first(fits));
  Error full = no_space("write", name_);
  full.offset = offset + fits;
  return full;
}

const BadSector* FakeFile::bad_sector(std::uint64_t offset, std::uint64_t size) const {
  for (const BadSector& sector : inode_->bad) {
    if (sector.begin < offset + size && offset < sector.end) return &sector;
  }
  return nullptr;
}

// What is written is readable again, a whole page of it at least: less than a page would have to be read before.
std::optional<Error> FakeFile::unwritable(std::uint64_t offset, std::uint64_t size) {
  std::vector<BadSector>& bad = inode_->bad;
  std::erase_if(bad, [=](const BadSector& sector) {
    return !sector.for_good && offset <= sector.begin && sector.end <= offset + size;
  });
  if (bad_sector(offset, size) == nullptr) return std::nullopt;
  Error error = make_error(Cause::local, "write", name_, "Input/output error");
  error.offset = offset;
  return error;
}

// Why these bytes can't be written, if they can't.
std::optional<Error> FakeFile::refused(std::uint64_t offset, std::uint64_t size) const {
  if (writable_ && offset <= kSizeMax && size <= kSizeMax - offset) return std::nullopt;
  Error error = make_error(Cause::local, "write", name_, writable_ ? "Invalid argument" : "Bad file descriptor");
  error.offset = offset;
  return error;
}

void FakeFile::put(std::uint64_t offset, std::span<const std::byte> bytes) {
  if (bytes.empty()) return;
  const std::uint64_t end = offset + bytes.size();
  if (inode_->live.size() < end) inode_->make_dirty(inode_->live.size(), end);
  if (inode_->live.size() < end) inode_->live.resize(end);
  inode_->written_to = std::max(inode_->written_to, end);
  inode_->make_dirty(offset, end);
  inode_->modified.reset();
  ++inode_->changes;
  std::copy(bytes.begin(), bytes.end(), inode_->live.begin() + static_cast<std::ptrdiff_t>(offset));
  inode_->written.resize(std::max<std::size_t>(inode_->written.size(), (end + kFakePage - 1) / kFakePage));
  for (std::uint64_t page = offset / kFakePage; page * kFakePage < end; ++page) {
    inode_->lost.erase(page);
    inode_->written[page] = true;
  }
}

Result<bool> FakeFile::reserve(std::uint64_t length) {
  const std::lock_guard lock(disk_.mutex_);
  if (auto error = disk_.begin(life_, "reserve", "reserve " + name_)) return *error;
  if (!disk_.kind_.reserves) return false;
  if (length > disk_.room_for(*inode_)) return no_space("reserve", name_);
  inode_->reserved = std::max(inode_->reserved, length);
  return true;
}

Result<void> FakeFile::resize(std::uint64_t length) {
  const std::lock_guard lock(disk_.mutex_);
  if (auto error = disk_.begin(life_, "resize", "resize " + name_ + " " + std::to_string(length))) return *error;
  if (!writable_ || length > kSizeMax) return make_error(Cause::local, "resize", name_, "Invalid argument");
  inode_->set_length(length);
  return {};
}

Result<void> FakeFile::sync() {
  const std::lock_guard lock(disk_.mutex_);
  if (auto error = disk_.begin(life_, "sync", "sync " + name_)) {
    if (error->cause == Cause::local) FakeFs::lose_dirty(*inode_);
    return *error;
  }
  FakeFs::sync(*inode_);
  return {};
}

Result<bool> FakeFile::has_name(const std::string& name) {
  const std::lock_guard lock(disk_.mutex_);
  if (auto error = disk_.begin(life_, "status", "status " + name)) return *error;
  const auto found = disk_.find(name);
  return found != disk_.image_.live.end() && found->second == inode_;
}

Result<bool> FakeFile::try_lock() {
  const std::lock_guard lock(disk_.mutex_);
  if (auto error = disk_.begin(life_, "lock", "lock " + name_)) return *error;
  if (!writable_) return make_error(Cause::local, "lock", name_, "Bad file descriptor");
  if (inode_->locked_by != nullptr && inode_->locked_by != this) return false;
  inode_->locked_by = this;
  return true;
}

Result<bool> FakeFile::locked_by_another() {
  const std::lock_guard lock(disk_.mutex_);
  if (auto error = disk_.begin(life_, "look-at-lock", "look-at-lock " + name_)) return *error;
  return inode_->locked_by != nullptr && inode_->locked_by != this;
}

Result<std::unique_ptr<Mapping>> FakeFile::map(std::uint64_t length) {
  const std::lock_guard lock(disk_.mutex_);
  if (auto error = disk_.begin(life_, "map", (disk_.kind_.mappable ? "map " : "no-map ") + name_)) return *error;
  if (!disk_.kind_.mappable) return std::unique_ptr<Mapping>();
  if (!writable_) return make_error(Cause::local, "map", name_, "Permission denied");
  if (length == 0 || length > inode_->live.size()) return make_error(Cause::local, "map", name_, "Invalid argument");
  // A touch of what can't be read is a SIGBUS as well.
  if (bad_sector(0, length) != nullptr) return make_error(Cause::local, "map", name_, "Bus error");
  // A store into a hole of a full disk would be a SIGBUS, which a test does not survive: it is reported here.
  if (length > disk_.room_for(*inode_)) return no_space("map", name_);
  inode_->written_to = std::max(inode_->written_to, length);
  inode_->stored_to = true;
  return std::unique_ptr<Mapping>(std::make_unique<FakeMapping>(disk_, life_, inode_, name_, length));
}

Result<void> FakeFile::give_name(const std::string& name) {
  const std::lock_guard lock(disk_.mutex_);
  if (auto error = disk_.begin(life_, "give-name", "give-name " + name)) return *error;
  if (auto bad = bad_name("create", name)) return *bad;
  if (!disk_.image_.live.emplace(name, inode_).second)
    return make_error(Cause::exists, "write", name, "it exists already");
  disk_.changed_directory();
  inode_->named = true;
  name_ = name;
  return {};
}

Result<void> FakeFile::sync_name() {
  const std::lock_guard lock(disk_.mutex_);
  if (auto error = disk_.begin(life_, "sync-name", "sync-name " + name_)) return *error;
  inode_->rooted = true;
  return {};
}

Result<void> FakeStream::write(std::span<const std::byte> bytes, const Until&) {
  const std::lock_guard lock(disk_.mutex_);
  if (auto error = disk_.begin(life_, "put", "put " + name_ + " " + std::to_string(bytes.size()))) return *error;
  inode_->live.insert(inode_->live.end(), bytes.begin(), bytes.end());
  return {};
}

Result<std::unique_ptr<Stream>> FakeDirectory::open_stream(const std::string& name, const Until&) {
  const std::lock_guard lock(disk_.mutex_);
  if (auto error = disk_.begin(life_, "open-stream", "open-stream " + name)) return *error;
  const auto found = disk_.image_.live.find(name);
  if (found == disk_.image_.live.end()) return std::unique_ptr<Stream>();
  if (found->second->kind == FileKind::directory)
    return make_error(Cause::exists, "write to", name, "it is a directory");
  if (found->second->kind != FileKind::other) return std::unique_ptr<Stream>();
  return std::unique_ptr<Stream>(std::make_unique<FakeStream>(disk_, life_, found->second, name));
}

Result<std::unique_ptr<NamelessFile>> FakeDirectory::create_unnamed(const std::string&) {
  const std::lock_guard lock(disk_.mutex_);
  if (auto error = disk_.begin(life_, "create-unnamed", "create-unnamed")) return *error;
  if (!disk_.kind_.unnamed) return std::unique_ptr<NamelessFile>();
  auto inode = std::make_shared<FakeInode>();
  inode->number = disk_.next_inode_++;
  inode->mode = disk_.default_mode();
  inode->named = false;
  return std::unique_ptr<NamelessFile>(std::make_unique<FakeFile>(disk_, life_, std::move(inode), "(unnamed)", true));
}

Result<std::unique_ptr<File>> FakeDirectory::open(const std::string& name, OpenMode mode) {
  const std::lock_guard lock(disk_.mutex_);
  if (auto error = disk_.begin(life_, "open", "open " + name)) return *error;
  if (auto bad = bad_name("open", name)) return *bad;
  auto found = disk_.find(name);
  if (mode == OpenMode::read_target && found != disk_.image_.live.end() && found->second->kind == FileKind::symlink) {
    found = disk_.find("target");
  }
  const bool there = found != disk_.image_.live.end();
  if (there && (mode == OpenMode::create_new || found->second->kind != FileKind::regular))
    return make_error(Cause::exists, "write", name, "it exists already");
  const bool reads = mode == OpenMode::read_only || mode == OpenMode::read_target;
  if (!there && (mode == OpenMode::existing || reads)) {
    return make_error(Cause::local, "open", name, "No such file or directory");
  }
  if (!there) {
    auto inode = std::make_shared<FakeInode>();
    inode->number = disk_.next_inode_++;
    inode->mode = disk_.kind_.made_with;
    found = disk_.image_.live.emplace(name, std::move(inode)).first;
    disk_.changed_directory();
  }
  return std::unique_ptr<File>(std::make_unique<FakeFile>(disk_, life_, found->second, name, !reads));
}

Result<std::optional<FileStatus>> FakeDirectory::status(const std::string& name) {
  const std::lock_guard lock(disk_.mutex_);
  if (auto error = disk_.begin(life_, "status", "status " + name)) return *error;
  if (auto bad = bad_name("look at", name)) return *bad;
  const auto found = disk_.find(name);
  if (found == disk_.image_.live.end()) return std::optional<FileStatus>();
  return std::optional(disk_.status_of(*found->second));
}

Result<void> FakeDirectory::may_be_named(const std::string& name, bool replaces) {
  const std::lock_guard lock(disk_.mutex_);
  const auto found = disk_.image_.live.find(name);
  const bool fixed = replaces && found != disk_.image_.live.end() && found->second->fixed;
  return fixed ? make_error(Cause::local, "replace", name, "it is immutable") : Result<void>();
}

Result<std::optional<std::vector<std::string>>> FakeDirectory::names(std::size_t most) {
  const std::lock_guard lock(disk_.mutex_);
  if (auto error = disk_.begin(life_, "list", "list")) return *error;
  std::vector<std::string> names;
  for (const auto& [name, inode] : disk_.image_.live) names.push_back(name);
  return names.size() <= most ? std::optional(std::move(names)) : std::nullopt;
}

Result<void> FakeDirectory::rename(const std::string& from, const std::string& to, bool replace) {
  const std::lock_guard lock(disk_.mutex_);
  if (!replace && !disk_.kind_.no_replace && disk_.kind_.links) return rename_by_link(from, to);
  if (auto error = disk_.begin(life_, "rename", "rename " + from + " " + to)) return *error;
  if (auto bad = bad_name("rename to", to)) return *bad;
  auto& names = disk_.image_.live;
  const auto found = names.find(from);
  if (found == names.end()) return make_error(Cause::local, "rename", from, "No such file or directory");
  if (!replace && names.contains(to)) return make_error(Cause::exists, "write", to, "it exists already");
  const auto target = names.find(to);
  if (target == found) return {};
  if (target != names.end() && target->second->fixed) {
    return make_error(Cause::local, "rename to", to, "Operation not permitted");
  }
  if (target != names.end() && target->second->kind == FileKind::directory) {
    return make_error(Cause::local, "rename to", to, "Is a directory");
  }
  names[to] = found->second;
  names.erase(found);
  disk_.changed_directory();
  return {};
}

// REQUIRES: the disk's mutex is held.
Result<void> FakeDirectory::rename_by_link(const std::string& from, const std::string& to) {
  auto& names = disk_.image_.live;
  if (auto error = disk_.begin(life_, "link", "link " + from + " " + to)) return *error;
  const auto found = names.find(from);
  if (found == names.end()) return make_error(Cause::local, "rename", from, "No such file or directory");
  if (!names.emplace(to, found->second).second) return make_error(Cause::exists, "write", to, "it exists already");
  disk_.changed_directory();
  if (auto error = disk_.begin(life_, "unlink", "unlink " + from)) {
    if (error->cause != Cause::local) return *error;
    names.erase(to);
    disk_.changed_directory();
    return *error;
  }
  names.erase(from);
  disk_.changed_directory();
  return {};
}

Result<bool> FakeDirectory::exchange(const std::string& a, const std::string& b) {
  const std::lock_guard lock(disk_.mutex_);
  if (auto error = disk_.begin(life_, "exchange", "exchange " + a + " " + b)) return *error;
  if (!disk_.kind_.exchanges) return false;
  auto& names = disk_.image_.live;
  if (!names.contains(a) || !names.contains(b))
    return make_error(Cause::local, "exchange", a, "No such file or directory");
  std::swap(names[a], names[b]);
  disk_.changed_directory();
  return true;
}

Result<void> FakeDirectory::remove(const std::string& name) {
  const std::lock_guard lock(disk_.mutex_);
  if (auto error = disk_.begin(life_, "remove", "remove " + name)) return *error;
  auto& names = disk_.image_.live;
  const auto found = disk_.find(name);
  if (found == names.end()) return {};
  if (found->second->kind == FileKind::directory) return make_error(Cause::local, "remove", name, "Is a directory");
  names.erase(found);
  disk_.changed_directory();
  return {};
}

Result<void> FakeDirectory::sync() {
  const std::lock_guard lock(disk_.mutex_);
  if (auto error = disk_.begin(life_, "sync-directory", "sync-directory")) return *error;
  disk_.image_.history = {disk_.image_.live};
  return {};
}

}  // namespace segdl::test
