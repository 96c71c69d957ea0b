// OutputFile's way of giving the output its name, and of leaving when there is none to give.
#include "core/base/xxh3.h"
#include "core/store/layout.h"

#include "core/base/errors.h"
#include "engine/store/access.h"
#include "engine/store/existing_output.h"
#include "engine/store/finish.h"
#include "engine/store/output_file.h"

#include <fmt/format.h>

#include <utility>
#include <vector>

namespace segdl::engine {
namespace {

constexpr std::size_t kDigits = 16;  // of the digest in a name

// Whether it is the data of a download under way. What can't be opened is none of segdl's.
bool is_locked(Directory& directory, const std::string& name) {
  auto file = directory.open(name, OpenMode::read_only);
  if (!file) return false;
  const auto locked = (*file)->locked_by_another();
  return locked && *locked;
}

}  // namespace

// Unless another download to the directory, or another program, has put its own in its place.
Result<void> OutputFile::remove_journal() {
  const auto named = directory_->status(names_.journal);
  if (!named) return named.error();
  if (!named->has_value()) return {};
  return (*named)->id == journal_id_ || has_our_token() ? directory_->remove(names_.journal) : Result<void>();
}

// What tells it where the numbers of files do not.
bool OutputFile::has_our_token() const {
  if (journal_token_ == Token{}) return false;
  const auto loaded = Journal::inspect(*directory_, names_.journal);
  const auto* journal = loaded ? std::get_if<std::unique_ptr<Journal>>(&*loaded) : nullptr;
  const auto metadata = journal != nullptr ? (*journal)->metadata() : std::nullopt;
  return metadata && metadata->owner_token == journal_token_;
}

// A journal without its data is of no use to the next run.
Error OutputFile::data_lost() {
  auto removed = drop_decoded();  // without its journal it would be nobody's
  if (removed) removed = remove_journal();
  if (!removed) return std::move(removed).error();
  journal_.reset();
  return with_hints(make_error(Cause::local, "publish", path(),
                               fmt::format("{} was removed or replaced, and what had arrived went with it",
                                           directory_->path_of(names_.part))),
                    {Hint::move_away_and_retry});
}

Result<void> OutputFile::publish(bool replace, Sync sync) {
  auto mine = data_->has_name(names_.part);
  if (!mine) return std::move(mine).error();
  if (!*mine) return data_lost();
  auto named = data_->has_name(names_.output);  // by a link that a death has left
  if (!named) return std::move(named).error();
  auto step = give_output_name(names_.part, replace, sync, *named);
  if (!step) return step;
  note_empty(*data_);
  step = drop_backup();
  if (step) step = drop_decoded();
  if (step) step = remove_journal();
  if (!step) notes_.push_back("the file is complete, but what was beside it stays: " + step.error().message());
  return {};
}

// `has_it`: the output's name is one of its names already.
Result<void> OutputFile::give_output_name(const std::string& from, bool replace, Sync sync, bool has_it) {
  auto replaces = has_it ? Result<bool>(replace) : replaces_now(replace);
  if (!replaces) return std::move(replaces).error();
  auto step = directory_->rename(from, names_.output, *replaces);
  if (!step && step.error().cause == Cause::local) {
    step.error().hints = {{Hint::publish_later, directory_->path_of(names_.part)}};
  }
  if (!step || sync == Sync::none) return step;
  step = directory_->sync();
  if (step) return step;
  step.error().reason += fmt::format("; {} is complete, but may not outlast a power cut", path());
  step.error().hints = {Hint::run_again};
  return step;
}

// Whether what has the output's name is to be replaced. Right before it: that may be another than when the place was
// opened. What came where nothing was, or is no longer empty, is found by the rename.
Result<bool> OutputFile::replaces_now(bool replace) {
  if (!replace && !replaces_) return false;
  if (is_locked(*directory_, names_.output)) return busy(*directory_, names_.output);
  auto may = may_be_replaced(*directory_, names_.output);
  return may ? gives_way(*open_, names_.output, existing_) : Result<bool>(std::move(may).error());
}

void OutputFile::note_empty(File& published) {
  const auto status = published.status();
  if (status && status->size == 0) open_->empty_outputs().add(names_.output, *status);
}

std::optional<FileStatus> OutputFile::replaced() {
  const auto output = directory_->status(names_.output);
  if (!output || !output->has_value() || (*output)->kind != FileKind::regular) return std::nullopt;
  return **output;
}

std::string Names::small_of(std::uint64_t digest) const {
  return small.substr(0, small.size() - kDigits) + fmt::format("{:016x}", digest);
}

bool Names::may_be_small(std::string_view name) const {
  return name.size() == small.size() && has_small_suffix(name) &&
         name.substr(0, small.size() - kDigits) == small.substr(0, small.size() - kDigits);
}

Result<bool> OutputFile::prepare_small() {
  auto file = directory_->create_unnamed(names_.output);
  if (!file) return std::move(file).error();
  small_ = std::move(*file);
  return small_ != nullptr;
}

Result<void> OutputFile::hold_small(std::span<const std::byte> bytes) {
  auto step = small_->write_at(0, bytes);
  small_held_ = step.ok();
  small_digest_ = digest_of(bytes);
  return step;
}

// A death leaves what it is called meanwhile beside an empty data file, and drop_small() removes it.
Result<void> OutputFile::replace_by_small(Sync sync) {
  const std::string name = names_.small_of(small_digest_);
  auto replaces = replaces_now(true);
  if (!replaces) return std::move(replaces).error();
  auto step = link_small(name);
  if (!step) return step;
  // Before the rename: where a directory's sync does not cover link counts a power cut would cost the old file as well.
  if (sync != Sync::none) step = small_->sync_name();
  if (step) step = directory_->rename(name, names_.output, *replaces);
  const auto removed = directory_->remove(step ? names_.part : name);
  static_cast<void>(removed.ok());  // what stays is empty, or proves to be segdl's: the next run removes it
  return step;
}

// What a death has left under that name goes. Of what is somebody's, or can't be removed, the output has no need: it is
// then published as where there are no links.
Result<void> OutputFile::link_small(const std::string& name) {
  auto step = small_->give_name(name);
  if (step || step.error().cause != Cause::exists) return step;
  drop_small(name);
  step = small_->give_name(name);
  if (!step && step.error().cause == Cause::exists) step.error().remedy = Remedy::refetch;  // as a copy
  return step;
}

// Removes what a death has left of a small file that was to replace another, as far as it can. It leaves that beside
// both others.
void OutputFile::drop_small() {
  const auto status = data_->status();
  if (!status || status->size != 0) return;
  const auto output = directory_->status(names_.output);
  if (!output || !output->has_value()) return;
  for (const std::string& name : open_->small_names()) {
    if (names_.may_be_small(name)) drop_small(name);
  }
}

// If it is called after its own content.
void OutputFile::drop_small(const std::string& name) {
  auto file = directory_->open(name, OpenMode::read_only);
  const auto left = file ? (*file)->status() : Result<FileStatus>(FileStatus{});
  if (!file || !left || left->may_be_planted || left->size > kMaxSegmentSize) return;
  const auto digest = digest_of_range(**file, {0, left->size});
  if (!digest || !digest->has_value() || names_.small_of(**digest) != name) return;
  const auto removed = directory_->remove(name);
  static_cast<void>(removed.ok());  // what can't be removed costs no download
}

Result<void> OutputFile::name_small(Sync sync) {
  auto status = data_->status();
  if (!status) return std::move(status).error();
  auto mine = data_->has_name(names_.part);
  if (!mine) return std::move(mine).error();
  if (replaces_ && !*mine) return data_lost();
  // In this order a death leaves nothing or the output, never the output with an empty data file beside it.
  auto step = *mine && !replaces_ ? directory_->remove(names_.part) : Result<void>();
  if (step) step = replaces_ ? replace_by_small(sync) : small_->give_name(names_.output);
  if (step) note_empty(*small_);
  return !step && step.error().remedy == Remedy::refetch ? name_copy(sync) : step;
}

// Where files without a name are to be had, but no links to give them one (a sandbox may forbid those): with a journal,
// as any stream, so that a death leaves nothing that is nobody's.
Result<void> OutputFile::name_copy(Sync sync) {
  auto status = small_->status();
  if (!status) return std::move(status).error();
  std::vector<std::byte> bytes(status->size);
  auto got = small_->read_at(0, bytes);
  if (!got) return std::move(got).error();
  auto file = replaces_ ? Result<std::unique_ptr<File>>(nullptr) : new_locked_file(*directory_, names_.part);
  if (!file) return std::move(file).error();
  if (*file) data_ = std::move(*file);
  JournalIdentity identity;
  identity.stream_total = status->size;
  Metadata metadata;
  metadata.stream_complete = true;
  metadata.stream_length = status->size;
  metadata.stream_digest = small_digest_;
  auto step = begin(identity, metadata);
  if (step) step = data_->write_at(0, bytes);
  if (!step) return step;
  static_cast<void>(data_->set_modified(status->modified).ok());
  const auto receipt = small_->attribute(kReceipt);
  if (receipt) static_cast<void>(data_->set_attribute(kReceipt, *receipt).ok());
  for (std::string& remark : set_access(*data_, status->mode, &*status)) notes_.push_back(std::move(remark));
  if (sync != Sync::none) step = data_->sync();
  if (step) step = publish(replaces_, sync);
  replaces_ = true;  // by a rename, which can't be taken back
  return step;
}

Result<void> OutputFile::unname_small() {
  if (replaces_) return make_error(Cause::local, "take back", path(), "it was renamed");
  const auto mine = small_->has_name(names_.output);
  if (!mine) return mine.error();
  return *mine ? directory_->remove(names_.output) : Result<void>();
}

void OutputFile::leave() {
  if (journal_ || found_ == Found::finished) return;
  if (stale_journal_) {
    // Only of what is empty, and is so on disk: data without a journal would be nobody's, now or after a power cut.
    const auto emptied = data_->status();
    if (!emptied || emptied->size != 0) return;
    auto step = data_->sync();
    if (step) step = remove_journal();
    if (!step) return;
  }
  if (!created_data_) {
    const auto journal = directory_->status(names_.journal);
    if (!journal || journal->has_value()) return;
  }
  const auto status = data_->status();
  const auto mine = data_->has_name(names_.part);
  if (!status || !mine || !*mine || status->size != 0) return;
  const auto removed = directory_->remove(names_.part);
  static_cast<void>(removed.ok());
}

}  // namespace segdl::engine
