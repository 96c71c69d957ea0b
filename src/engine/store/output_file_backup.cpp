// OutputFile's way of starting over without losing earlier work too soon; the picture is in output_file.h.
#include "core/base/errors.h"
#include "engine/store/output_file.h"

#include <fmt/format.h>

#include <utility>

namespace segdl::engine {

Result<void> OutputFile::start_over() {
  // A damaged journal can't be asked what it claims.
  const bool worth_keeping = journal_ ? journal_->claimed() > 0 : found_ == Found::start_over;
  auto dropped = drop_decoded();
  if (!dropped) return dropped;
  auto status = data_->status();
  if (!status) return std::move(status).error();
  journal_.reset();
  if (!worth_keeping || status->size == 0 || backup_) {
    found_ = Found::nothing;
    stale_journal_ = true;
    return data_->resize(0);
  }
  auto step = check_room_for_backup();
  if (!step) return step;
  found_ = Found::nothing;
  step = directory_->rename(names_.journal, names_.old_journal, false);
  if (step) step = directory_->sync();
  if (step) step = swap_in_empty_data();
  backup_ = step.ok();
  return step;
}

// Before anything is renamed: what has the name would be taken for the old data by the next run.
Result<void> OutputFile::check_room_for_backup() {
  auto there = directory_->status(names_.old_part);
  if (!there) return std::move(there).error();
  if (!there->has_value()) return {};
  if ((*there)->kind == FileKind::regular && (*there)->size == 0) return directory_->remove(names_.old_part);
  return not_ours(*directory_, names_.old_part, "it is in the way of what is to be set aside");
}

Result<void> OutputFile::swap_in_empty_data() {
  auto empty = new_locked_file(*directory_, names_.old_part);
  if (!empty) return std::move(empty).error();
  auto swapped = directory_->exchange(names_.part, names_.old_part);
  if (!swapped) return std::move(swapped).error();
  if (!*swapped) {
    auto step = directory_->remove(names_.old_part);
    if (step) step = directory_->rename(names_.part, names_.old_part, false);
    if (!step) return step;
    empty = new_locked_file(*directory_, names_.part);
    if (!empty) return std::move(empty).error();
  }
  data_ = std::move(*empty);
  created_data_ = true;
  return {};
}

Result<void> OutputFile::drop_backup() {
  if (!backup_) return {};
  // The marker goes last: until then the next open knows what this is.
  auto step = directory_->remove(names_.old_part);
  if (step) step = directory_->sync();
  if (step) step = directory_->remove(names_.old_journal);
  if (step) backup_ = false;
  return step;
}

// What is set aside keeps its space until the new version has a segment, which it may be too large for.
Error OutputFile::no_room(Error error) const {
  if (!backup_) return error;
  error.hints.emplace_back(Hint::remove_old_version, fmt::format("{} and {}", directory_->path_of(names_.old_part),
                                                                 directory_->path_of(names_.old_journal)));
  return error;
}

Result<void> OutputFile::recover_backup() {
  auto marker = directory_->status(names_.old_journal);
  if (!marker) return std::move(marker).error();
  if (!marker->has_value()) return {};
  auto old = Journal::inspect(*directory_, names_.old_journal);
  if (!old) return std::move(old).error();
  if (const auto* foreign = std::get_if<Journal::Foreign>(&*old)) {
    return not_ours(*directory_, names_.old_journal, foreign->reason);
  }
  auto current = Journal::inspect(*directory_, names_.journal);
  if (!current) return std::move(current).error();
  if (const auto* foreign = std::get_if<Journal::Foreign>(&*current)) {
    return not_ours(*directory_, names_.journal, foreign->reason);
  }
  const auto* journal = std::get_if<std::unique_ptr<Journal>>(&*current);
  if (journal != nullptr && (*journal)->claimed() > 0) {
    backup_ = true;
    return drop_backup();
  }
  return roll_back_backup();
}

Result<void> OutputFile::roll_back_backup() {
  auto step = directory_->remove(names_.journal);
  if (!step) return step;
  auto mine = data_->has_name(names_.old_part);
  if (!mine) return std::move(mine).error();
  auto kept = directory_->status(names_.old_part);
  if (!kept) return std::move(kept).error();
  if (!kept->has_value() || (*kept)->size == 0 || *mine) {
    step = directory_->remove(names_.old_part);
  } else {
    auto data = directory_->open(names_.old_part, OpenMode::existing);
    if (!data) return std::move(data).error();
    auto locked = (*data)->try_lock();
    if (!locked) return std::move(locked).error();
    if (!*locked) {
      return with_hints(
          make_error(Cause::busy, "lock", directory_->path_of(names_.old_part), "another download has it"),
          busy_hints());
    }
    step = directory_->rename(names_.old_part, names_.part, true);
    data_ = std::move(*data);
    created_data_ = false;
  }
  if (step) step = directory_->sync();
  if (step) step = directory_->rename(names_.old_journal, names_.journal, false);
  return step;
}

}  // namespace segdl::engine
