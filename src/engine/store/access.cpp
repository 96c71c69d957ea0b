#include "engine/store/access.h"

#include <utility>

namespace segdl::engine {
namespace {

constexpr unsigned kPermissions = 0777;
constexpr unsigned kGroup = 0070;
constexpr unsigned kOthers = 0007;
constexpr unsigned kAccessOfOthers = 0066;  // to read and write it, and of its group

}  // namespace

// The group comes first, as its rights are to be that group's from the beginning. The owner comes last: from then on
// only that may set the mode, unless this process has CAP_FOWNER, and one may have CAP_CHOWN without it.
std::vector<std::string> set_access(File& file, unsigned mode, const FileStatus* like) {
  std::vector<std::string> remarks;
  auto mine = file.status();
  const FileStatus wanted = like != nullptr && mine ? *like : mine ? *mine : FileStatus{};
  mode &= kPermissions;
  auto owned = mine && mine->group != wanted.group
                   ? file.change({.owner = FileChange::Owner{mine->owner, wanted.group}})
                   : Result<void>();
  const std::uint32_t group = owned || !mine ? wanted.group : mine->group;
  if (!owned) mode &= ~kGroup | (mode & kOthers) << 3U;
  const auto set = file.change({.mode = mode});
  const auto has = set ? Result<FileStatus>(FileStatus{}) : file.status();
  if (!set && (!has || (has->mode & ~mode & kAccessOfOthers) != 0)) {
    remarks.push_back("its permissions are wider than intended, as its mode can't be set: " + set.error().message());
  }
  if (mine && mine->owner != wanted.owner) {
    auto given = file.change({.owner = FileChange::Owner{wanted.owner, group}});
    if (!given) owned = std::move(given);
  }
  if (!owned) remarks.push_back("it does not get the owner of what it replaces: " + owned.error().message());
  return remarks;
}

}  // namespace segdl::engine
