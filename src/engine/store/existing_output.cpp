#include "engine/store/existing_output.h"

#include "core/base/errors.h"
#include "engine/store/names.h"

#include <cstddef>
#include <span>
#include <utility>

namespace segdl::engine {
namespace {

constexpr unsigned kPermissions = 0777;
constexpr unsigned kGroup = 0070;
constexpr unsigned kOthers = 0007;
constexpr unsigned kAccessOfOthers = 0066;  // to read and write it, and of its group

Hints existing_hints() { return {Hint::replace_existing, Hint::skip_existing, Hint::choose_other_name}; }

// Why what has the name is never replaced; null if it may be.
Result<const char*> never_replaced(Directory& directory, const std::string& name) {
  auto status = directory.status(name);
  if (!status) return std::move(status).error();
  if (!status->has_value()) return nullptr;
  if ((*status)->kind == FileKind::directory) return "it is a directory, or a link to one";
  if ((*status)->kind == FileKind::other) return "it is a device, a FIFO or a socket, or a link to one";
  return nullptr;
}

Result<bool> holds_nothing(File& file) {
  auto status = file.status();
  if (!status) return std::move(status).error();
  if (status->size != 0 || status->may_be_planted) return false;
  auto locked = file.locked_by_another();
  if (!locked) return std::move(locked).error();
  std::byte first{};
  auto read = file.read_at(0, std::span(&first, 1));
  if (!read) return std::move(read).error();
  return !*locked && *read == 0;
}

// Whether it is the data of a download under way. What can't be opened is none of segdl's.
bool is_locked(Directory& directory, const std::string& name) {
  auto file = directory.open(name, OpenMode::read_only);
  const auto locked = file ? (*file)->locked_by_another() : Result<bool>(false);
  return locked && *locked;
}

}  // namespace

Result<bool> gives_way(const OpenDirectory& open, const std::string& name, Existing existing) {
  if (existing != Existing::refuse) return existing != Existing::skip;
  auto status = open.directory().status(name);
  if (!status) return std::move(status).error();
  if (!status->has_value() || (*status)->kind != FileKind::regular || (*status)->size != 0) return false;
  if (open.empty_outputs().has(name, **status)) return false;
  const auto file = open.directory().open(name, OpenMode::read_only);
  auto nothing = file ? holds_nothing(**file) : file.error();
  if (nothing || nothing.error().cause == Cause::exists) return nothing && *nothing;
  return with_hints(std::move(nothing).error(), existing_hints());  // what can't be read is not known to be empty
}

Result<void> may_be_replaced(Directory& directory, const std::string& name) {
  const auto stays = never_replaced(directory, name);
  if (!stays) return stays.error();
  return *stays == nullptr ? Result<void>() : exists(directory, name, *stays);
}

Error exists(Directory& directory, const std::string& name, std::string reason, const Hints& more) {
  const auto stays = never_replaced(directory, name);
  if (stays && *stays != nullptr) return not_ours(directory, name, *stays);
  Hints hints = existing_hints();
  hints.insert(hints.end(), more.begin(), more.end());
  return not_ours(directory, name, std::move(reason), std::move(hints));
}

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

std::optional<FileStatus> ExistingOutput::file() const {
  const auto output = open_.directory().status(name_);
  if (!output || !output->has_value() || (*output)->kind != FileKind::regular) return std::nullopt;
  return **output;
}

Result<bool> ExistingOutput::gives_way_now(bool replace) const {
  if (!replace && !replaced_) return false;
  if (is_locked(open_.directory(), name_)) return busy(open_.directory(), name_);
  auto may = may_be_replaced(open_.directory(), name_);
  return may ? gives_way(open_, name_, existing_) : Result<bool>(std::move(may).error());
}

void ExistingOutput::remember_empty(File& published) {
  const auto status = published.status();
  if (status && status->size == 0) open_.empty_outputs().add(name_, *status);
}

}  // namespace segdl::engine
