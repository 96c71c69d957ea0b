#include "io/fs/syncs_links.h"

#include "io/base/retried.h"

#include <fmt/format.h>

#include <linux/magic.h>
#include <sys/stat.h>
#include <sys/sysmacros.h>
#include <sys/vfs.h>

#include <cstdint>
#include <filesystem>
#include <string>
#include <system_error>

namespace segdl::io {

bool syncs_links(int descriptor) {
  struct ::statfs system {};
  struct ::stat file {};
  if (retried([&] { return ::fstatfs(descriptor, &system); }) != 0) return false;
  if (retried([&] { return ::fstat(descriptor, &file); }) != 0) return false;
  switch (static_cast<std::uint32_t>(system.f_type)) {
    case XFS_SUPER_MAGIC:
    case BTRFS_SUPER_MAGIC:
    case F2FS_SUPER_MAGIC:
    case TMPFS_MAGIC:
      return true;
    case EXT2_SUPER_MAGIC:
      break;
    default:
      return false;
  }
  std::error_code none;
  const auto number = fmt::format("/sys/dev/block/{}:{}", gnu_dev_major(file.st_dev), gnu_dev_minor(file.st_dev));
  const auto device = std::filesystem::read_symlink(number, none).filename().string();
  const std::string journal = "/proc/fs/jbd2/" + device + "-8";  // the inode of the journal (ext4's EXT4_JOURNAL_INO)
  return !device.empty() && std::filesystem::exists(journal, none);
}

}  // namespace segdl::io
