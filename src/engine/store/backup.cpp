#include "engine/store/backup.h"

#include "engine/store/journal/journal.h"

#include <fmt/format.h>

#include <memory>
#include <utility>

namespace segdl::engine {
namespace {

// An error where what has the name is none of segdl's.
Result<Journal::Loaded> inspect_own(Directory& directory, const std::string& name) {
  auto found = Journal::load(directory, name, OpenMode::read_only);
  const auto* foreign = found ? std::get_if<Journal::Foreign>(&*found) : nullptr;
  return foreign != nullptr ? not_ours(directory, name, foreign->reason) : std::move(found);
}

}  // namespace

Result<void> Backup::set_aside(DataFile& data) {
  auto step = make_room();
  if (step) step = directory_.rename(names_.journal, names_.old_journal, false);
  if (step) step = directory_.sync();
  if (step) step = swap_in_empty(data);
  exists_ = step.ok();
  return step;
}

// Before anything is renamed: what has the name would be taken for the old data by the next run.
Result<void> Backup::make_room() {
  auto there = directory_.status(names_.old_part);
  if (!there) return std::move(there).error();
  if (!there->has_value()) return {};
  if ((*there)->kind == FileKind::regular && (*there)->size == 0) return directory_.remove(names_.old_part);
  return not_ours(directory_, names_.old_part, "it is in the way of what is to be set aside");
}

Result<void> Backup::swap_in_empty(DataFile& data) {
  auto empty = new_locked_file(directory_, names_.old_part);
  if (!empty) return std::move(empty).error();
  auto swapped = directory_.exchange(names_.part, names_.old_part);
  if (!swapped) return std::move(swapped).error();
  if (!*swapped) {
    auto step = directory_.remove(names_.old_part);
    if (step) step = directory_.rename(names_.part, names_.old_part, false);
    if (!step) return step;
    empty = new_locked_file(directory_, names_.part);
    if (!empty) return std::move(empty).error();
  }
  data = {std::move(*empty), true};
  return {};
}

Result<void> Backup::drop() {
  if (!exists_) return {};
  // The marker goes last: until then the next run knows what this is.
  auto step = directory_.remove(names_.old_part);
  if (step) step = directory_.sync();
  if (step) step = directory_.remove(names_.old_journal);
  if (step) exists_ = false;
  return step;
}

Error Backup::explain(Error error) const {
  if (!exists_) return error;
  error.hints.emplace_back(Hint::remove_old_version, fmt::format("{} and {}", directory_.path_of(names_.old_part),
                                                                 directory_.path_of(names_.old_journal)));
  return error;
}

Result<void> Backup::recover(DataFile& data) {
  auto marker = present(directory_, names_.old_journal);
  if (!marker) return std::move(marker).error();
  if (!*marker) return {};
  auto old = inspect_own(directory_, names_.old_journal);
  if (!old) return std::move(old).error();
  auto current = inspect_own(directory_, names_.journal);
  if (!current) return std::move(current).error();
  const auto* journal = std::get_if<std::unique_ptr<Journal>>(&*current);
  exists_ = journal != nullptr && (*journal)->claimed() > 0;
  return exists_ ? drop() : roll_back(data);
}

Result<void> Backup::roll_back(DataFile& data) {
  auto step = directory_.remove(names_.journal);
  if (!step) return step;
  auto mine = data.file->has_name(names_.old_part);
  if (!mine) return std::move(mine).error();
  auto kept = directory_.status(names_.old_part);
  if (!kept) return std::move(kept).error();
  if (!kept->has_value() || (*kept)->size == 0 || *mine) {
    step = directory_.remove(names_.old_part);
  } else {
    auto old = directory_.open(names_.old_part, OpenMode::existing);
    if (!old) return std::move(old).error();
    auto locked = (*old)->try_lock();
    if (!locked) return std::move(locked).error();
    if (!*locked) return busy(directory_, names_.old_part, "another download has it");
    step = directory_.rename(names_.old_part, names_.part, true);
    data = {std::move(*old), false};
  }
  if (step) step = directory_.sync();
  if (step) step = directory_.rename(names_.old_journal, names_.journal, false);
  return step;
}

}  // namespace segdl::engine
