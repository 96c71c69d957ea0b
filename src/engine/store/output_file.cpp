#include "engine/store/output_file.h"

#include "core/base/errors.h"
#include "engine/store/existing_output.h"
#include "engine/store/finish.h"
#include "engine/store/other_case.h"

#include <fmt/format.h>

#include <utility>

namespace segdl::engine {
namespace {

// Of an output with a journal, but not the one that this journal proves.
Error exists_beside_journal(Directory& directory, const Names& names) {
  const std::string journal = directory.path_of(names.journal);
  Error error =
      exists(directory, names.output, fmt::format("it exists already, and is not what its journal {} proves", journal));
  error.hints.emplace_back(Hint::remove_unused_journal, journal);
  return error;
}

Result<bool> present(Directory& directory, const std::string& name) {
  auto status = directory.status(name);
  if (!status) return std::move(status).error();
  return status->has_value();
}

// None of the names that make a place anything but fresh. `replaces`: there may be an output.
Result<bool> nothing_there(Directory& directory, const Names& names, bool replaces) {
  for (const std::string* name : {&names.output, &names.journal, &names.old_journal}) {
    if (replaces && name == &names.output) continue;
    auto there = present(directory, *name);
    if (!there) return std::move(there).error();
    if (*there) return false;
  }
  return true;
}

// The same a moment ago, as far as it is known.
bool had_nothing(const OpenDirectory& open, const Names& names, bool replaces) {
  return (replaces || open.lacked(names.output)) && open.lacked(names.journal) && open.lacked(names.old_journal) &&
         open.lacked(names.temporary);
}

// The open, locked data file; null if another try is due because somebody renamed or removed it meanwhile.
Result<std::unique_ptr<File>> lock_opened(Directory& directory, const std::string& name, std::unique_ptr<File> file) {
  auto locked = file->try_lock();
  if (!locked) return std::move(locked).error();
  if (!*locked) return busy(directory, name);
  auto mine = file->has_name(name);
  if (!mine) return std::move(mine).error();
  return *mine ? std::move(file) : nullptr;
}

Result<std::unique_ptr<File>> lock_file(Directory& directory, const std::string& name, OpenMode mode) {
  auto file = directory.open(name, mode);
  return file ? lock_opened(directory, name, std::move(*file)) : std::move(file);
}

// Asked before anything is made for it, and not of an output that stays: it exists, which is all there is to say.
Result<void> may_be_had(Directory& directory, const std::string& name, bool replaces) {
  auto may = replaces ? may_be_replaced(directory, name) : Result<void>();
  return may ? directory.may_be_named(name, replaces) : may;
}

// One try at the lock. Without a file if another one is due.
Result<DataFile> try_acquire(Directory& directory, const Names& names, bool replace) {
  auto part = present(directory, names.part);
  if (!part) return std::move(part).error();
  auto output = present(directory, names.output);
  if (!output) return std::move(output).error();
  if (*output && !replace && !*part) {
    auto journal = present(directory, names.journal);
    if (!journal) return std::move(journal).error();
    if (*journal) return exists_beside_journal(directory, names);
    return exists(directory, names.output, "it exists already");
  }
  auto may = *output && !replace ? Result<void>() : may_be_had(directory, names.output, *output);
  if (!may) return std::move(may).error();
  auto file = lock_file(directory, names.part, *part ? OpenMode::existing : OpenMode::create_new);
  if (!file) {
    auto now = present(directory, names.part);
    if (now && *now != *part) return DataFile{};  // it came or went between the look and the open
    return std::move(file).error();
  }
  auto other = *file && *part ? name_in_other_case(directory, names.part) : std::optional<std::string>();
  if (!other) return std::move(other).error();
  if (*other) {
    return not_ours(directory, names.part,
                    fmt::format("this directory ignores case, and the file is {}", directory.path_of(**other)),
                    {Hint::use_name_on_disk, Hint::choose_other_name});
  }
  return DataFile{std::move(*file), !*part};
}

}  // namespace

bool can_continue(const Journal& journal) {
  const auto metadata = journal.metadata();
  return journal.identity().layout || (metadata && metadata->stream_complete);
}

// What is there before anything is done: changes nothing, and is only a reason for what to try first.
Result<OutputFile::Expected> OutputFile::expect(const OpenDirectory& open, const Names& names, bool replace) {
  Expected expected;
  Directory& directory = open.directory();
  std::optional<FileStatus> output;
  if (replace || !open.lacked(names.output)) {
    auto found = directory.status(names.output);
    if (!found) return std::move(found).error();
    output = *found;
  }
  const bool replaceable = output && (output->kind == FileKind::regular || output->kind == FileKind::symlink);
  expected.replaces = replace && replaceable;
  expected.link = expected.replaces && output->kind == FileKind::symlink;
  expected.lacked = had_nothing(open, names, expected.replaces);
  expected.fresh = !output || expected.replaces;
  if (!expected.replaces || expected.lacked) return expected;
  auto nothing = nothing_there(directory, names, true);
  if (!nothing) return std::move(nothing).error();
  expected.fresh = *nothing;
  return expected;
}

// The common cases in as few steps as it can be: nothing of that name is there, or only an output that may be replaced.
// False if something is; then nothing was changed, and the table decides.
Result<bool> OutputFile::take_fresh(Directory& directory, const Names& names, const Expected& expected,
                                    std::unique_ptr<File>& data) {
  auto created = directory.open(names.part, OpenMode::create_new);
  if (!created && created.error().cause == Cause::exists) return false;
  if (!created) return std::move(created).error();
  auto file = lock_opened(directory, names.part, std::move(*created));
  if (!file && file.error().cause == Cause::local) static_cast<void>(directory.remove(names.part));
  if (!file) return std::move(file).error();
  if (!*file) return false;
  auto nothing = expected.lacked ? Result<bool>(true) : nothing_there(directory, names, expected.replaces);
  if (!expected.lacked && nothing && *nothing) {
    auto leftover = present(directory, names.temporary);
    nothing = leftover ? Result<bool>(!*leftover) : std::move(leftover);
  }
  if (nothing && *nothing) {
    data = std::move(*file);
    return true;
  }
  auto removed = directory.remove(names.part);
  if (!nothing) return std::move(nothing).error();
  return removed ? Result<bool>(false) : std::move(removed).error();
}

Result<std::unique_ptr<OutputFile>> OutputFile::open(std::shared_ptr<OpenDirectory> open, const std::string& name,
                                                     const Request& request, std::stop_token stop) {
  Directory& directory = open->directory();
  const std::size_t longest = open->longest_name();
  if (name.size() > longest) {
    return with_hints(make_error(Cause::local, "create", name,
                                 fmt::format("a name of {} bytes is too long: at most {}", name.size(), longest)),
                      {Hint::choose_shorter_name});
  }
  const Names names(name, longest);
  auto expected = expect(*open, names, may_replace_output(request));
  if (!expected) return std::move(expected).error();
  auto may = expected->fresh ? directory.may_be_named(name, expected->replaces) : Result<void>();
  if (!may) return std::move(may).error();
  std::unique_ptr<File> fresh;
  auto taken = expected->fresh ? take_fresh(directory, names, *expected, fresh) : Result<bool>(false);
  if (!taken) return std::move(taken).error();
  if (*taken) {
    std::unique_ptr<OutputFile> output_file(
        new OutputFile(std::move(open), names, {std::move(fresh), true}, request.existing));
    output_file->existing_.set_replaced(expected->replaces);
    output_file->looked_ = !expected->lacked;
    if (expected->link) output_file->note_link();
    return output_file;
  }
  constexpr int kTries = 100;  // each lost to another process that published or gave up in between
  for (int attempt = 0; attempt < kTries; ++attempt) {
    auto published = finish_published(directory, names, request, stop);
    if (!published) return std::move(published).error();
    if (published->has_value()) {
      std::unique_ptr<OutputFile> output_file(
          new OutputFile(std::move(open), names, {std::move((*published)->output)}, request.existing));
      output_file->existing_.remember_empty(output_file->data());
      output_file->found_ = Found::finished;
      output_file->published_identity_ = std::move((*published)->identity);
      output_file->published_metadata_ = std::move((*published)->metadata);
      output_file->published_decoded_ = (*published)->decoded;
      output_file->notes_ = std::move((*published)->notes);
      return output_file;
    }
    auto yields = gives_way(*open, names.output, request.existing);
    if (!yields) return std::move(yields).error();
    auto locked = try_acquire(directory, names, *yields);
    if (!locked) return std::move(locked).error();
    if (!locked->file) continue;
    std::unique_ptr<OutputFile> output_file(
        new OutputFile(std::move(open), names, std::move(*locked), request.existing));
    auto examined = Journal::drop_leftover(directory, names.journal);
    if (examined && !output_file->data_.created) output_file->drop_small();
    if (examined) examined = output_file->backup_.recover(output_file->data_);
    if (examined) examined = output_file->examine(request);
    if (!examined) {
      output_file->leave();
      return std::move(examined).error();
    }
    if (expected->link) output_file->note_link();
    return output_file;
  }
  return busy(directory, names.part);
}

void OutputFile::note_link() {
  notes_.push_back(
      fmt::format("{} is a symbolic link: the new file takes its place, and what it leads to stays", path()));
}

Error OutputFile::of_another_url() const {
  return exists(*directory_, names_.output,
                published_metadata_ ? "it exists already, and was fetched whole from " + published_metadata_.file->url
                                    : "it exists already, whole, and its journal has lost the URL that it is from");
}

Result<void> OutputFile::examine(const Request& request) {
  auto output = present(*directory_, names_.output);
  if (!output) return std::move(output).error();
  auto yields = *output ? gives_way(*open_, names_.output, request.existing) : Result<bool>(true);
  if (!yields) return std::move(yields).error();
  if (!*yields) return exists(*directory_, names_.output, "it exists already");
  existing_.set_replaced(*output);
  for (const std::string* name : {&names_.output, &names_.journal}) {
    auto may = may_be_replaced(*directory_, *name);
    if (!may) return may;
  }
  auto status = data_.file->status();
  if (!status) return std::move(status).error();
  return examine_journal(request, status->size);
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

Result<void> OutputFile::examine_journal(const Request& request, std::uint64_t data_size) {
  auto noted = note_journal({});
  if (!noted) return noted;
  auto loaded = Journal::load(*directory_, names_.journal);
  if (!loaded) return std::move(loaded).error();
  if (std::holds_alternative<Journal::Absent>(*loaded)) {
    if (data_size == 0) return {};
    return not_ours(*directory_, names_.part, "it has no journal, so it is not segdl's to continue");
  }
  if (const auto* foreign = std::get_if<Journal::Foreign>(&*loaded)) {
    return not_ours(*directory_, names_.journal, foreign->reason);
  }
  found_ = Found::start_over;
  if (const auto* damaged = std::get_if<Journal::Damaged>(&*loaded)) {
    notes_.push_back(fmt::format("the journal {} is damaged ({}): starting over", directory_->path_of(names_.journal),
                                 damaged->reason));
    return drop_unmarked_decoded();
  }
  journal_ = std::move(std::get<std::unique_ptr<Journal>>(*loaded));
  const auto metadata = journal_->metadata();
  journal_token_ = metadata ? metadata->owner_token : Token{};
  if (!metadata) {
    auto dropped = drop_unmarked_decoded();
    if (!dropped) return dropped;
  }
  if (data_.created) {
    notes_.push_back(fmt::format("{} is gone: starting over", directory_->path_of(names_.part)));
    auto removed = decoded_.drop();  // without its journal it would be nobody's
    if (removed) removed = directory_->remove(names_.journal);
    if (!removed) return removed;
    journal_.reset();
    found_ = Found::nothing;
  } else if (request.resume && can_continue(*journal_)) {
    found_ = Found::resumable;
  }
  return {};
}

// Before it gets a journal, a place that was taken for fresh by what was known of the directory is looked at as any.
Result<void> OutputFile::look_again() {
  if (looked_) return {};
  auto nothing = nothing_there(*directory_, names_, existing_.is_replaced());
  if (!nothing) return std::move(nothing).error();
  looked_ = *nothing;
  return looked_ ? Result<void>() : exists(*directory_, names_.output, "it, or its journal, has come meanwhile");
}

Result<void> OutputFile::make_room_for_journal() {
  auto status = data_.file->status();
  if (!status) return std::move(status).error();
  if (status->size != 0) {
    auto emptied = data_.file->resize(0);
    if (!emptied) return emptied;
  }
  return {};
}

Result<void> OutputFile::begin(const JournalIdentity& identity, const Metadata& metadata) {
  auto ready = look_again();
  if (ready) ready = make_room_for_journal();
  if (!ready) return ready;
  const std::uint64_t length = identity.layout ? identity.layout->total() : identity.stream_total.value_or(0);
  if (length > 0) {
    auto reserved = data_.file->reserve(length);
    if (!reserved) return backup_.explain(std::move(reserved).error());
  }
  auto journal =
      Journal::create(*directory_, names_.journal, identity, metadata, {Journal::BackEnd::automatic, stale_journal_});
  if (!journal) return backup_.explain(std::move(journal).error());
  journal_ = std::move(*journal);
  found_ = Found::nothing;
  stale_journal_ = false;
  auto noted = note_journal(metadata.owner_token);
  return noted && identity.layout ? data_.file->resize(length) : noted;
}

Result<void> OutputFile::start_over() {
  // A damaged journal can't be asked what it claims.
  const bool worth_keeping = journal_ ? journal_->claimed() > 0 : found_ == Found::start_over;
  auto dropped = decoded_.drop();
  if (!dropped) return dropped;
  auto status = data_.file->status();
  if (!status) return std::move(status).error();
  journal_.reset();
  found_ = Found::nothing;
  if (worth_keeping && status->size > 0 && !backup_.exists()) return backup_.set_aside(data_);
  stale_journal_ = true;
  return data_.file->resize(0);
}

Result<void> OutputFile::note_journal(const Token& token) {
  journal_token_ = token;
  auto status = directory_->status(names_.journal);
  if (!status) return std::move(status).error();
  journal_id_ = status->has_value() ? (*status)->id : FileId{};
  return {};
}

}  // namespace segdl::engine
