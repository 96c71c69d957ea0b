// Place's way of publishing the content of what is coded, in place of the data.
#include "engine/base/errors.h"
#include "engine/store/place.h"

#include <fmt/format.h>

#include <utility>

namespace segdl::engine {

Result<void> Place::look_for_decoded() {
  const auto facts = journal_ ? journal_->facts() : std::nullopt;
  if (facts && facts->decoding) return {};
  const auto there = directory_->status(names_.decoded);
  if (!there) return there.error();
  if (!there->has_value()) return {};
  return not_ours(*directory_, names_.decoded, "it is in the way of what is to be decoded");
}

// The mark first, and on disk: what is found under that name without it is somebody else's.
Result<File*> Place::begin_decoded() {
  auto free = look_for_decoded();
  if (!free) return std::move(free).error();
  Facts facts = journal_->facts().value_or(Facts{});
  facts.decoding = true;
  facts.decoded.reset();
  auto step = journal_->set_facts(facts);
  if (step) step = journal_->sync();
  if (step) step = directory_->remove(names_.decoded);
  if (!step) return std::move(step).error();
  auto file = directory_->open(names_.decoded, OpenMode::create_new);
  if (!file) return std::move(file).error();
  decoded_ = std::move(*file);
  return decoded_.get();
}

Result<void> Place::finish_decoded(const DecodedOutput& decoded, Sync sync) {
  auto step = sync != Sync::none ? decoded_->sync() : Result<void>();
  Facts facts = journal_->facts().value_or(Facts{});
  facts.decoding = true;
  facts.decoded = decoded;
  if (step) step = journal_->set_facts(facts);
  return step && sync != Sync::none ? journal_->sync() : step;
}

// Durably gone before it is nobody's: what comes back with a power cut would be in the way for ever.
Result<void> Place::drop_decoded() {
  auto facts = journal_ ? journal_->facts() : std::nullopt;
  if (!facts || !facts->decoding) return {};
  const auto mine = decoded_ ? has_decoded_name() : Result<bool>(true);
  if (!mine) return mine.error();
  decoded_.reset();
  auto step = *mine ? directory_->remove(names_.decoded) : Result<void>();
  if (step && *mine) step = directory_->sync();
  if (!step) return step;
  facts->decoding = false;
  facts->decoded.reset();
  return journal_->set_facts(*facts);
}

// Beside a journal that has lost its facts, which alone tell whose it is. It goes with that journal, as the data does:
// what stayed would be in the way for ever, and what is lost is made again of the data.
Result<void> Place::drop_unmarked_decoded() {
  const auto there = directory_->status(names_.decoded);
  if (!there) return there.error();
  if (!there->has_value() || (*there)->kind != FileKind::regular) return {};
  notes_.push_back(
      fmt::format("{} goes with a journal that has lost its facts: removed", directory_->path_of(names_.decoded)));
  auto step = directory_->remove(names_.decoded);
  return step ? directory_->sync() : step;
}

// Whether the name is still that of what this run has decoded.
Result<bool> Place::has_decoded_name() { return decoded_->has_name(names_.decoded); }

Result<void> Place::publish_decoded(bool replace, Sync sync) {
  const auto locked = data_->has_name(names_.part);
  if (!locked) return locked.error();
  if (!*locked) return data_lost();
  const auto mine = has_decoded_name();
  if (!mine) return mine.error();
  if (!*mine) {
    auto dropped = drop_decoded();
    if (!dropped) return dropped;
    return with_hints(make_error(Cause::local, Remedy::stop, "publish", path(),
                                 fmt::format("{} was removed or replaced", directory_->path_of(names_.decoded))),
                      {Hint::run_again});
  }
  auto step = give_output_name(names_.decoded, replace, sync);
  if (!step) return step;
  note_empty(*decoded_);
  step = drop_aside();
  if (step) step = directory_->remove(names_.part);
  if (step) step = remove_journal();
  if (!step) notes_.push_back("the file is complete, but what was beside it stays: " + step.error().message());
  return {};
}

}  // namespace segdl::engine
