// OutputFile's way of publishing the content of what is coded, in place of the data.
#include "core/base/errors.h"
#include "engine/store/output_file.h"

#include <fmt/format.h>

#include <utility>

namespace segdl::engine {

Result<void> OutputFile::look_for_decoded() {
  const auto metadata = journal_ ? journal_->metadata() : std::nullopt;
  if (metadata && metadata->decoding) return {};
  const auto there = directory_->status(names_.decoded);
  if (!there) return there.error();
  if (!there->has_value()) return {};
  return not_ours(*directory_, names_.decoded, "it is in the way of what is to be decoded");
}

// The mark first, and on disk: what is found under that name without it is somebody else's.
Result<File*> OutputFile::begin_decoded() {
  auto free = look_for_decoded();
  if (!free) return std::move(free).error();
  Metadata metadata = journal_->metadata().value_or(Metadata{});
  metadata.decoding = true;
  metadata.decoded.reset();
  auto step = journal_->set_metadata(metadata);
  if (step) step = journal_->sync();
  if (step) step = directory_->remove(names_.decoded);
  if (!step) return std::move(step).error();
  auto file = directory_->open(names_.decoded, OpenMode::create_new);
  if (!file) return std::move(file).error();
  decoded_ = std::move(*file);
  return decoded_.get();
}

Result<void> OutputFile::finish_decoded(const DecodedOutput& decoded, Sync sync) {
  auto step = sync != Sync::none ? decoded_->sync() : Result<void>();
  Metadata metadata = journal_->metadata().value_or(Metadata{});
  metadata.decoding = true;
  metadata.decoded = decoded;
  if (step) step = journal_->set_metadata(metadata);
  return step && sync != Sync::none ? journal_->sync() : step;
}

// Durably gone before it is nobody's: what comes back with a power cut would be in the way for ever.
Result<void> OutputFile::drop_decoded() {
  auto metadata = journal_ ? journal_->metadata() : std::nullopt;
  if (!metadata || !metadata->decoding) return {};
  const auto mine = decoded_ ? has_decoded_name() : Result<bool>(true);
  if (!mine) return mine.error();
  decoded_.reset();
  auto step = *mine ? directory_->remove(names_.decoded) : Result<void>();
  if (step && *mine) step = directory_->sync();
  if (!step) return step;
  metadata->decoding = false;
  metadata->decoded.reset();
  return journal_->set_metadata(*metadata);
}

// Beside a journal that has lost its facts, which alone tell whose it is. It goes with that journal, as the data does:
// what stayed would be in the way for ever, and what is lost is made again of the data.
Result<void> OutputFile::drop_unmarked_decoded() {
  const auto there = directory_->status(names_.decoded);
  if (!there) return there.error();
  if (!there->has_value() || (*there)->kind != FileKind::regular) return {};
  notes_.push_back(
      fmt::format("{} goes with a journal that has lost its facts: removed", directory_->path_of(names_.decoded)));
  auto step = directory_->remove(names_.decoded);
  return step ? directory_->sync() : step;
}

// Whether the name is still that of what this run has decoded.
Result<bool> OutputFile::has_decoded_name() { return decoded_->has_name(names_.decoded); }

Result<void> OutputFile::publish_decoded(bool replace, Sync sync) {
  const auto locked = data_.file->has_name(names_.part);
  if (!locked) return locked.error();
  if (!*locked) return data_lost();
  const auto mine = has_decoded_name();
  if (!mine) return mine.error();
  if (!*mine) {
    auto dropped = drop_decoded();
    if (!dropped) return dropped;
    return with_hints(make_error(Cause::local, "publish", path(),
                                 fmt::format("{} was removed or replaced", directory_->path_of(names_.decoded))),
                      {Hint::run_again});
  }
  auto step = give_output_name(names_.decoded, replace, sync);
  if (!step) return step;
  existing_.remember_empty(*decoded_);
  step = backup_.drop();
  if (step) step = directory_->remove(names_.part);
  if (step) step = remove_journal();
  if (!step) notes_.push_back("the file is complete, but what was beside it stays: " + step.error().message());
  return {};
}

}  // namespace segdl::engine
