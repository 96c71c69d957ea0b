#include "engine/store/decoded_file.h"

#include <utility>

namespace segdl::engine {

Result<void> DecodedFile::may_begin() const {
  const auto metadata = journal_ ? journal_->metadata() : std::nullopt;
  if (metadata && metadata->decoding) return {};
  const auto there = directory_.status(names_.decoded);
  if (!there) return there.error();
  if (!there->has_value()) return {};
  return not_ours(directory_, names_.decoded, "it is in the way of what is to be decoded");
}

// The mark first, and on disk: what is found under that name without it is another program's.
Result<File*> DecodedFile::begin() {
  auto free = may_begin();
  if (!free) return std::move(free).error();
  Metadata metadata = journal_->metadata().value_or(Metadata{});
  metadata.decoding = true;
  metadata.decoded.reset();
  auto step = journal_->set_metadata(metadata);
  if (step) step = journal_->sync();
  if (step) step = directory_.remove(names_.decoded);
  if (!step) return std::move(step).error();
  auto file = directory_.open(names_.decoded, OpenMode::create_new);
  if (!file) return std::move(file).error();
  file_ = std::move(*file);
  return file_.get();
}

Result<void> DecodedFile::finish(const DecodedOutput& decoded, Sync sync) {
  auto step = sync != Sync::none ? file_->sync() : Result<void>();
  Metadata metadata = journal_->metadata().value_or(Metadata{});
  metadata.decoding = true;
  metadata.decoded = decoded;
  if (step) step = journal_->set_metadata(metadata);
  return step && sync != Sync::none ? journal_->sync() : step;
}

// Durably gone before its mark is: what comes back with a power cut would be in the way for ever.
Result<void> DecodedFile::drop() {
  auto metadata = journal_ ? journal_->metadata() : std::nullopt;
  if (!metadata || !metadata->decoding) return {};
  const auto mine = file_ ? has_its_name() : Result<bool>(true);
  if (!mine) return mine.error();
  file_.reset();
  auto step = *mine ? directory_.remove(names_.decoded) : Result<void>();
  if (step && *mine) step = directory_.sync();
  if (!step) return step;
  metadata->decoding = false;
  metadata->decoded.reset();
  return journal_->set_metadata(*metadata);
}

}  // namespace segdl::engine
