#include "engine/store/output_file.h"

#include "core/base/errors.h"

#include <fmt/format.h>

namespace segdl::engine {

// Before it gets a journal, a place that was taken for fresh by what was known of the directory is looked at as any.
Result<void> OutputFile::look_again() {
  if (looked_) return {};
  auto found = anything_there(directory_, names_, existing_.is_replaced());
  if (!found) return std::move(found).error();
  looked_ = !*found;
  return looked_ ? Result<void>() : exists(directory_, names_.output, "it, or its journal, has come meanwhile");
}

Result<void> OutputFile::begin(const JournalIdentity& identity, const Metadata& metadata) {
  auto ready = look_again();
  if (!ready) return ready;
  auto status = data_.file->status();
  if (!status) return std::move(status).error();
  if (status->size != 0) ready = data_.file->resize(0);
  if (!ready) return ready;
  const std::uint64_t length = identity.resource.total.value_or(0);
  if (length > 0) {
    auto reserved = data_.file->reserve(length);
    if (!reserved) return backup_.explain(std::move(reserved).error());
  }
  auto journal = Journal::create(directory_, names_.journal, {identity, metadata}, stale_journal_);
  if (!journal) return backup_.explain(std::move(journal).error());
  journal_ = std::move(*journal);
  state_ = State::begun;
  stale_journal_ = false;
  auto noted = note_journal(metadata.owner_token);
  return noted && identity.layout ? data_.file->resize(length) : noted;
}

Result<void> OutputFile::start_over() {
  // What a damaged journal claims can't be read.
  const bool worth_keeping = journal_ ? journal_->claimed() > 0 : state_ == State::unusable;
  auto dropped = decoded_.drop();
  if (!dropped) return dropped;
  auto status = data_.file->status();
  if (!status) return std::move(status).error();
  journal_.reset();
  state_ = State::begun;
  if (worth_keeping && status->size > 0 && !backup_.exists()) return backup_.set_aside(data_);
  stale_journal_ = true;
  return data_.file->resize(0);
}

Result<void> OutputFile::note_journal(const Token& token) {
  journal_token_ = token;
  auto status = directory_.status(names_.journal);
  if (!status) return std::move(status).error();
  journal_id_ = status->has_value() ? (*status)->id : FileId{};
  return {};
}

// Unless another download to the directory, or another program, has put its own in its place.
Result<void> OutputFile::remove_journal() {
  const auto named = directory_.status(names_.journal);
  if (!named) return named.error();
  if (!named->has_value()) return {};
  return (*named)->id == journal_id_ || has_our_token() ? directory_.remove(names_.journal) : Result<void>();
}

// What identifies it where the numbers of files do not.
bool OutputFile::has_our_token() const {
  if (journal_token_ == Token{}) return false;
  const auto loaded = Journal::load(directory_, names_.journal, OpenMode::read_only);
  const auto* journal = loaded ? std::get_if<std::unique_ptr<Journal>>(&*loaded) : nullptr;
  const auto metadata = journal != nullptr ? (*journal)->metadata() : std::nullopt;
  return metadata && metadata->owner_token == journal_token_;
}

// A journal without its data is of no use to the next run.
Error OutputFile::data_lost() {
  auto removed = decoded_.drop();  // without its journal it would be no download's
  if (removed) removed = remove_journal();
  if (!removed) return std::move(removed).error();
  journal_.reset();
  return with_hints(make_error(Cause::local, "publish", path(),
                               fmt::format("{} was removed or replaced, and what had arrived went with it",
                                           directory_.path_of(names_.part))),
                    {Hint::move_away_and_retry});
}

Error OutputFile::decoded_lost() {
  auto dropped = decoded_.drop();
  if (!dropped) return std::move(dropped).error();
  return with_hints(make_error(Cause::local, "publish", path(),
                               fmt::format("{} was removed or replaced", directory_.path_of(names_.decoded))),
                    {Hint::run_again});
}

Result<void> OutputFile::publish(bool replace, Sync sync) {
  auto mine = data_.file->has_name(names_.part);
  if (!mine) return std::move(mine).error();
  if (!*mine) return data_lost();
  File* const decoded = decoded_.file();
  auto named = decoded != nullptr ? decoded_.has_its_name() : Result<bool>(true);
  if (!named) return std::move(named).error();
  if (!*named) return decoded_lost();
  // By a link that a death has left.
  auto has_it = decoded == nullptr ? data_.file->has_name(names_.output) : Result<bool>(false);
  if (!has_it) return std::move(has_it).error();
  auto step = give_output_name(decoded != nullptr ? names_.decoded : names_.part, replace, sync, *has_it);
  if (!step) return step;
  existing_.remember_empty(decoded != nullptr ? *decoded : *data_.file);
  step = backup_.drop();
  if (step) step = decoded != nullptr ? directory_.remove(names_.part) : decoded_.drop();
  if (step) step = remove_journal();
  if (!step) notes_.push_back("the file is complete, but what was beside it stays: " + step.error().message());
  return {};
}

// `has_it`: the output's name is one of its names already.
Result<void> OutputFile::give_output_name(const std::string& from, bool replace, Sync sync, bool has_it) {
  auto replaces = has_it ? Result<bool>(replace) : existing_.gives_way_now(replace);
  if (!replaces) return std::move(replaces).error();
  auto step = directory_.rename(from, names_.output, *replaces);
  if (!step && step.error().cause == Cause::local) {
    step.error().hints = {{Hint::publish_later, directory_.path_of(names_.part)}};
  }
  if (!step || sync == Sync::none) return step;
  step = directory_.sync();
  if (step) return step;
  step.error().reason += fmt::format("; {} is complete, but may not outlast a power cut", path());
  step.error().hints = {Hint::run_again};
  return step;
}

void OutputFile::leave() {
  if (journal_) return;
  if (stale_journal_) {
    // Only of what is empty, and is so on disk: data without a journal would be no download's, now or after a power
    // cut.
    const auto emptied = data_.file->status();
    if (!emptied || emptied->size != 0) return;
    auto step = data_.file->sync();
    if (step) step = remove_journal();
    if (!step) return;
  }
  const auto journal = data_.created ? Result<bool>(false) : present(directory_, names_.journal);
  if (!journal || *journal) return;
  const auto status = data_.file->status();
  const auto mine = data_.file->has_name(names_.part);
  if (!status || !mine || !*mine || status->size != 0) return;
  static_cast<void>(directory_.remove(names_.part).ok());
}

}  // namespace segdl::engine
