#include "support/fake_file.h"

#include "io/system_error.h"

#include <fmt/format.h>
#include <sys/mman.h>

#include <algorithm>
#include <cerrno>
#include <limits>
#include <system_error>
#include <utility>

namespace segdl::test {
namespace {

constexpr std::uint64_t kMaxSize = std::numeric_limits<std::int64_t>::max();

// What every handle knows: the disk, the file, and the life it was opened in.
struct Handle {
  std::shared_ptr<FakeDisk> disk;
  FakeDisk::Inode inode;
  std::string name;
  std::uint64_t life;

  Result<void> enter(Op op, std::string line) const {
    return disk->enter(life, {op, fake_path(*disk, name), std::move(line)});
  }

  Error error(int number, const char* operation, std::optional<std::uint64_t> offset = std::nullopt) const {
    return io::file_error(number, operation, fake_path(*disk, name), offset);
  }
};

class FakeMapping final : public Mapping {
 public:
  FakeMapping(Handle handle, std::span<std::byte> bytes) : handle_(std::move(handle)), bytes_(bytes) {
    handle_.inode->mapped(bytes.size());
  }

  ~FakeMapping() override {
    const std::lock_guard lock(handle_.disk->mutex);
    if (handle_.life == handle_.disk->life()) handle_.inode->unmapped();
    ::munmap(bytes_.data(), bytes_.size());
  }

  FakeMapping(const FakeMapping&) = delete;
  FakeMapping& operator=(const FakeMapping&) = delete;

  std::span<std::byte> bytes() override { return bytes_; }

  Result<void> sync() override {
    const std::lock_guard lock(handle_.disk->mutex);
    auto entered = handle_.enter(Op::map_sync, "map-sync " + handle_.name);
    if (entered) handle_.inode->sync_mapped(bytes_.size());
    return entered;
  }

 private:
  Handle handle_;
  std::span<std::byte> bytes_;
};

class FakeFile final : public File {
 public:
  FakeFile(Handle handle, OpenMode mode) : handle_(std::move(handle)), writable_(mode != OpenMode::read_only) {
    ++inode().handles;
  }

  ~FakeFile() override {
    const std::lock_guard lock(handle_.disk->mutex);
    if (handle_.life != handle_.disk->life()) return;
    --inode().handles;
    if (inode().lock_owner == this) inode().lock_owner = nullptr;
  }

  FakeFile(const FakeFile&) = delete;
  FakeFile& operator=(const FakeFile&) = delete;

  Result<FileStatus> status() override {
    const std::lock_guard lock(handle_.disk->mutex);
    auto entered = handle_.enter(Op::status, "status " + name());
    if (!entered) return std::move(entered).error();
    return inode().status();
  }

  Result<std::size_t> read_at(std::uint64_t offset, std::span<std::byte> into) override {
    const std::lock_guard lock(handle_.disk->mutex);
    auto entered = disk().enter(
        handle_.life,
        {Op::read, path(), fmt::format("read {} {}+{}", name(), offset, into.size()), into.size(), offset});
    if (!entered) return std::move(entered).error();
    if (offset > kMaxSize) return handle_.error(EINVAL, "read", offset);
    return inode().live().read(offset, into);
  }

  Result<void> write_at(std::uint64_t offset, std::span<const std::byte> bytes) override {
    const std::lock_guard lock(handle_.disk->mutex);
    const auto put = [&](std::uint64_t count) { return write_granted(offset, bytes.first(count)); };
    auto entered = disk().enter(
        handle_.life,
        {Op::write, path(), fmt::format("write {} {}+{}", name(), offset, bytes.size()), bytes.size(), offset}, put);
    if (!entered) return entered;
    if (!writable_) return handle_.error(EBADF, "write", offset);
    if (offset > kMaxSize - std::min<std::uint64_t>(bytes.size(), kMaxSize))
      return handle_.error(EFBIG, "write", offset);
    const std::uint64_t done = put(bytes.size());
    if (done < bytes.size()) return handle_.error(ENOSPC, "write", offset + done);
    return {};
  }

  Result<bool> reserve(std::uint64_t length) override {
    const std::lock_guard lock(handle_.disk->mutex);
    auto entered = handle_.enter(Op::reserve, fmt::format("reserve {} {}", name(), length));
    if (!entered) return std::move(entered).error();
    if (!disk().reservable) return false;
    if (!writable_) return handle_.error(EBADF, "reserve");
    if (length > kMaxSize) return handle_.error(EFBIG, "reserve");
    if (!take_space(0, pages_of(length))) return handle_.error(ENOSPC, "reserve");
    return true;
  }

  Result<void> resize(std::uint64_t length) override {
    const std::lock_guard lock(handle_.disk->mutex);
    auto entered = handle_.enter(Op::resize, fmt::format("resize {} {}", name(), length));
    if (!entered) return entered;
    if (!writable_ || length > kMaxSize) return handle_.error(EINVAL, "resize");
    inode().resize(length);
    return {};
  }

  Result<void> sync() override {
    const std::lock_guard lock(handle_.disk->mutex);
    auto entered = handle_.enter(Op::sync, "sync " + name());
    if (entered) {
      inode().sync();
    } else if (entered.error().cause == Cause::local) {
      inode().lose_dirty();
    }
    return entered;
  }

  Result<void> set_mode(unsigned mode) override {
    const std::lock_guard lock(handle_.disk->mutex);
    auto entered = handle_.enter(Op::set_mode, fmt::format("set-mode {} {:o}", name(), mode));
    if (entered) inode().mode = mode;
    return entered;
  }

  Result<bool> try_lock() override {
    const std::lock_guard lock(handle_.disk->mutex);
    auto entered = handle_.enter(Op::lock, "lock " + name());
    if (!entered) return std::move(entered).error();
    if (!writable_) return handle_.error(EBADF, "lock");
    if (inode().lock_owner != nullptr && inode().lock_owner != this) return false;
    inode().lock_owner = this;
    return true;
  }

  Result<bool> locked_by_another() override {
    const std::lock_guard lock(handle_.disk->mutex);
    auto entered = handle_.enter(Op::lock, "look-lock " + name());
    if (!entered) return std::move(entered).error();
    return inode().lock_owner != nullptr && inode().lock_owner != this;
  }

  Result<bool> mappable() override {
    const std::lock_guard lock(handle_.disk->mutex);
    return disk().mappable;
  }

  Result<std::unique_ptr<Mapping>> map(std::uint64_t length) override {
    const std::lock_guard lock(handle_.disk->mutex);
    auto entered = handle_.enter(Op::map, fmt::format("map {} {}", name(), length));
    if (!entered) return std::move(entered).error();
    if (!writable_) return handle_.error(EACCES, "map");
    if (length == 0 || length > inode().live().size()) return handle_.error(EINVAL, "map");
    // A real store into a hole of a full disk is a SIGBUS: to be told before, not survived.
    if (!take_space(0, pages_of(length))) return handle_.error(ENOSPC, "map");
    void* address = ::mmap(nullptr, length, PROT_READ | PROT_WRITE, MAP_SHARED, inode().live().descriptor(), 0);
    if (address == MAP_FAILED) throw std::system_error(errno, std::generic_category(), "mmap");
    const std::span bytes(static_cast<std::byte*>(address), length);
    return std::unique_ptr<Mapping>(std::make_unique<FakeMapping>(handle_, bytes));
  }

 private:
  FakeDisk& disk() { return *handle_.disk; }
  FakeInode& inode() { return *handle_.inode; }
  const std::string& name() const { return handle_.name; }
  std::string path() const { return fake_path(*handle_.disk, handle_.name); }

  bool take_space(std::uint64_t begin, std::uint64_t end) {
    if (disk().grant(inode(), begin, end) < end - begin) return false;
    inode().take_space(begin, end);
    return true;
  }

  // As much as there is space for.
  std::uint64_t write_granted(std::uint64_t offset, std::span<const std::byte> bytes) {
    if (bytes.empty()) return 0;
    const std::uint64_t first = offset / kFakePage;
    const std::uint64_t end = (first + disk().grant(inode(), first, pages_of(offset + bytes.size()))) * kFakePage;
    const std::uint64_t count = end > offset ? std::min<std::uint64_t>(bytes.size(), end - offset) : 0;
    inode().write(offset, bytes.first(count));
    return count;
  }

  Handle handle_;
  bool writable_;
};

}  // namespace

std::string fake_path(const FakeDisk& disk, const std::string& name) {
  return disk.path == "." ? name : (disk.path / name).string();
}

std::unique_ptr<File> make_fake_file(std::shared_ptr<FakeDisk> disk, FakeDisk::Inode inode, std::string name,
                                     OpenMode mode) {
  const std::uint64_t life = disk->life();
  return std::make_unique<FakeFile>(Handle{std::move(disk), std::move(inode), std::move(name), life}, mode);
}

}  // namespace segdl::test
