#include "io/fs/file_system_kind.h"

#include "io/base/retried.h"

#include <fmt/format.h>

#include <linux/magic.h>
#include <sys/sysmacros.h>
#include <sys/vfs.h>

#include <algorithm>
#include <cstdint>
#include <filesystem>
#include <optional>
#include <string>
#include <system_error>

namespace segdl::io {
namespace {

constexpr std::uint32_t kZfs = 0x2fc12fc1;
constexpr std::uint32_t kRemote[] = {
    NFS_SUPER_MAGIC, SMB_SUPER_MAGIC, FUSE_SUPER_MAGIC, V9FS_MAGIC, AFS_SUPER_MAGIC, CODA_SUPER_MAGIC,
    // CIFS, SMB2, kAFS, Ceph, OCFS2
    0xff534d42, 0xfe534d42, 0x6b414653, 0x00c36400, 0x7461636f,
    // GFS2, Lustre, GPFS, PanFS, OrangeFS, BeeGFS, VirtualBox, VMware
    0x01161970, 0x0bd00bd0, 0x47504653, 0xaad7aaea, 0x20030528, 0x19830326, 0x786f4256, 0xbacbacbc};

// Nothing if that can't be determined.
std::optional<std::uint32_t> type_of(int descriptor) {
  struct ::statfs system {};
  if (retried([&] { return ::fstatfs(descriptor, &system); }) != 0) return std::nullopt;
  return static_cast<std::uint32_t>(system.f_type);
}

// Whether an ext2, ext3 or ext4 has a journal on its own device.
bool has_journal(int descriptor) {
  const auto file = status_of(descriptor);
  if (!file) return false;
  std::error_code none;
  const auto number = fmt::format("/sys/dev/block/{}:{}", gnu_dev_major(file->st_dev), gnu_dev_minor(file->st_dev));
  const auto device = std::filesystem::read_symlink(number, none).filename().string();
  const std::string journal = "/proc/fs/jbd2/" + device + "-8";  // the inode of the journal (ext4's EXT4_JOURNAL_INO)
  return !device.empty() && std::filesystem::exists(journal, none);
}

}  // namespace

bool is_on_fuse(int descriptor) { return type_of(descriptor) == FUSE_SUPER_MAGIC; }

bool maps_well(int descriptor) {
  const auto type = type_of(descriptor);
  return type && std::ranges::find(kRemote, *type) == std::end(kRemote);
}

bool finds_holes_slowly(int descriptor) { return type_of(descriptor) == kZfs; }

bool syncs_links(int descriptor) {
  const auto type = type_of(descriptor);
  if (type == XFS_SUPER_MAGIC || type == BTRFS_SUPER_MAGIC || type == F2FS_SUPER_MAGIC || type == TMPFS_MAGIC) {
    return true;
  }
  return type == EXT2_SUPER_MAGIC && has_journal(descriptor);
}

}  // namespace segdl::io
