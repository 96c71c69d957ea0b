#include "engine/store/names.h"

#include "core/base/errors.h"

#include <fmt/format.h>

#include <utility>

namespace segdl::engine {
namespace {

constexpr std::size_t kDigits = 16;  // of the digest in a name

}  // namespace

std::string Names::small_of(std::uint64_t digest) const {
  return small.substr(0, small.size() - kDigits) + fmt::format("{:016x}", digest);
}

bool Names::may_be_small(std::string_view name) const {
  return name.size() == small.size() && has_small_suffix(name) &&
         name.substr(0, small.size() - kDigits) == small.substr(0, small.size() - kDigits);
}

Error busy(const Directory& directory, const std::string& name, std::string reason) {
  return with_hints(make_error(Cause::busy, "lock", directory.path_of(name), std::move(reason)), busy_hints());
}

Error not_ours(const Directory& directory, const std::string& name, std::string reason, Hints hints) {
  return with_hints(make_error(Cause::exists, "keep", directory.path_of(name), std::move(reason)), std::move(hints));
}

Result<bool> present(Directory& directory, const std::string& name) {
  auto status = directory.status(name);
  if (!status) return std::move(status).error();
  return status->has_value();
}

Result<bool> nothing_there(Directory& directory, const Names& names, bool replaces) {
  for (const std::string* name : {&names.output, &names.journal, &names.old_journal}) {
    if (replaces && name == &names.output) continue;
    auto there = present(directory, *name);
    if (!there) return std::move(there).error();
    if (*there) return false;
  }
  return true;
}

Result<std::unique_ptr<File>> new_locked_file(Directory& directory, const std::string& name) {
  auto file = directory.open(name, OpenMode::create_new);
  if (!file) return file;
  auto locked = (*file)->try_lock();
  if (!locked) return std::move(locked).error();
  return *locked ? std::move(file) : busy(directory, name, "another download took it");
}

}  // namespace segdl::engine
