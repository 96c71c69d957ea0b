#include "engine/store/recovery.h"

#include "core/base/errors.h"
#include "engine/store/existing_output.h"
#include "engine/store/unnamed_file.h"

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

// The open, locked data file; null if another try is due because another process renamed or removed it meanwhile.
Result<std::unique_ptr<File>> lock_opened(Directory& directory, const std::string& name, std::unique_ptr<File> file) {
  auto locked = file->try_lock();
  if (!locked) return std::move(locked).error();
  if (!*locked) return busy(directory, name);
  auto mine = file->has_name(name);
  if (!mine) return std::move(mine).error();
  return *mine ? std::move(file) : nullptr;
}

// Checked before anything is made for it, and not of an output that stays: that it exists is all there is to report.
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
    if (*journal) return exists_beside_journal(directory, names);                         // row 10
    return exists(directory, names.output, "it exists already", {Hint::adopt_existing});  // row 12
  }
  auto may = *output && !replace ? Result<void>() : may_be_had(directory, names.output, *output);
  if (!may) return std::move(may).error();
  auto file = directory.open(names.part, *part ? OpenMode::existing : OpenMode::create_new);
  if (file) file = lock_opened(directory, names.part, std::move(*file));
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

class Recovery {
 public:
  // REQUIRES: the request outlives it.
  Recovery(std::shared_ptr<OpenDirectory> open, Names names, const Request& request)
      : open_(std::move(open)), directory_(open_->directory()), names_(std::move(names)), request_(request) {}

  Result<Recovered> run(const std::stop_token& stop) {
    auto expected = expect();
    if (!expected) return std::move(expected).error();
    auto may = expected->fresh ? directory_.may_be_named(names_.output, expected->replaces) : Result<void>();
    if (!may) return std::move(may).error();
    auto fresh = expected->fresh ? take_fresh(*expected) : Result<std::unique_ptr<File>>(nullptr);
    if (!fresh) return std::move(fresh).error();
    std::unique_ptr<OutputFile> found = *fresh ? make({std::move(*fresh), true}) : nullptr;
    if (found) {
      found->existing_.set_replaced(expected->replaces);
      found->looked_ = !expected->lacked;
    }
    constexpr int kTries = 100;  // each lost to another process that published or gave up in between
    for (int attempt = 0; !found && attempt < kTries; ++attempt) {
      auto published = finish_published(open_, names_, request_, stop);  // rows 8 and 9
      if (!published) return std::move(published).error();
      if (*published) return Recovered{nullptr, std::move(*published)};
      auto yields = gives_way(*open_, names_.output, request_.existing);
      if (!yields) return std::move(yields).error();
      auto locked = try_acquire(directory_, names_, *yields);
      if (!locked) return std::move(locked).error();
      if (!locked->file) continue;
      found = make(std::move(*locked));
      auto step = tidy_up(*found);
      if (step) step = apply_table(*found);
      if (!step) found->leave();
      if (!step) return std::move(step).error();
    }
    if (!found) return busy(directory_, names_.part);
    if (expected->link) {
      found->notes_.push_back(fmt::format(
          "{} is a symbolic link: the new file takes its place, and what it leads to stays", found->path()));
    }
    return Recovered{std::move(found)};
  }

 private:
  // What is there before anything is done: only a reason for what to try first.
  struct Expected {
    bool lacked = false;    // none of its names was there a moment ago, but for an output that may be replaced
    bool replaces = false;  // such an output is there
    bool link = false;      // and it is a symbolic link
    bool fresh = false;     // no more than that seems to be there
  };

  Result<Expected> expect() const {
    const bool replace = may_replace_output(request_);
    Expected expected;
    std::optional<FileStatus> output;
    if (replace || !open_->lacked(names_.output)) {
      auto found = directory_.status(names_.output);
      if (!found) return std::move(found).error();
      output = *found;
    }
    const bool replaceable = output && (output->kind == FileKind::regular || output->kind == FileKind::symlink);
    expected.replaces = replace && replaceable;
    expected.link = expected.replaces && output->kind == FileKind::symlink;
    expected.lacked = (expected.replaces || open_->lacked(names_.output)) && open_->lacked(names_.journal) &&
                      open_->lacked(names_.old_journal) && open_->lacked(names_.temporary);
    expected.fresh = !output || expected.replaces;
    if (!expected.replaces || expected.lacked) return expected;
    auto found = anything_there(directory_, names_, true);
    if (!found) return std::move(found).error();
    expected.fresh = !*found;
    return expected;
  }

  // The common cases in as few steps as it can be: nothing of that name is there, or only an output that may be
  // replaced. Null if something is; then nothing was changed, and the table decides.
  Result<std::unique_ptr<File>> take_fresh(const Expected& expected) const {
    auto created = directory_.open(names_.part, OpenMode::create_new);
    if (!created && created.error().cause == Cause::exists) return std::unique_ptr<File>();
    if (!created) return std::move(created).error();
    auto file = lock_opened(directory_, names_.part, std::move(*created));
    if (!file && file.error().cause == Cause::local) static_cast<void>(directory_.remove(names_.part));
    if (!file || !*file || expected.lacked) return file;
    const auto found = anything_there(directory_, names_, expected.replaces);
    const auto leftover = found && !*found ? present(directory_, names_.temporary) : found;
    if (leftover && !*leftover) return file;
    auto removed = directory_.remove(names_.part);
    if (!leftover) return leftover.error();
    return removed ? Result<std::unique_ptr<File>>(nullptr) : std::move(removed).error();
  }

  std::unique_ptr<OutputFile> make(DataFile data) const {
    return std::unique_ptr<OutputFile>(new OutputFile(open_, names_, std::move(data), request_.existing));
  }

  // What a death has left in between two of the states that the table has.
  Result<void> tidy_up(OutputFile& found) const {
    auto step = Journal::drop_leftover(directory_, names_.journal);
    if (step && !found.data_.created) remove_left_small_files(found);
    return step ? found.backup_.recover(found.data_) : step;
  }

  // The table, by its rows: what is locked is there, and the output is not the journal's.
  Result<void> apply_table(OutputFile& found) const {
    auto output = present(directory_, names_.output);
    if (!output) return std::move(output).error();
    auto yields = *output ? gives_way(*open_, names_.output, request_.existing) : Result<bool>(true);
    if (!yields) return std::move(yields).error();
    if (!*yields) {
      auto journal = present(directory_, names_.journal);
      if (!journal) return std::move(journal).error();
      return exists(directory_, names_.output, "it exists already",
                    *journal ? Hints() : Hints{Hint::adopt_existing});  // rows 11 and 12
    }
    found.existing_.set_replaced(*output);
    for (const std::string* name : {&names_.output, &names_.journal}) {
      auto may = may_be_replaced(directory_, *name);
      if (!may) return may;
    }
    auto data = found.data().status();
    if (!data) return std::move(data).error();
    auto noted = found.note_journal({});
    if (!noted) return noted;
    auto loaded = Journal::load(directory_, names_.journal);
    if (!loaded) return std::move(loaded).error();
    if (std::holds_alternative<Journal::Absent>(*loaded)) {
      if (data->size == 0) return {};  // rows 1 and 2
      return not_ours(directory_, names_.part, "it has no journal, so it is not segdl's to continue",
                      {Hint::move_away, Hint::choose_other_name, Hint::adopt_existing});  // row 3
    }
    if (const auto* foreign = std::get_if<Journal::Foreign>(&*loaded)) {
      return not_ours(directory_, names_.journal, foreign->reason);  // row 6
    }
    found.state_ = OutputFile::State::unusable;
    if (const auto* damaged = std::get_if<Journal::Damaged>(&*loaded)) {  // row 5
      found.notes_.push_back(fmt::format("the journal {} is damaged ({}): starting over",
                                         directory_.path_of(names_.journal), damaged->reason));
      return drop_unmarked_decoded(found);
    }
    found.journal_ = std::move(std::get<std::unique_ptr<Journal>>(*loaded));
    const auto metadata = found.journal_->metadata();
    found.journal_token_ = metadata ? metadata->owner_token : OutputFile::Token{};
    auto dropped = metadata ? Result<void>() : drop_unmarked_decoded(found);
    if (!dropped) return dropped;
    if (found.data_.created) return drop_journal(found);                                                // row 7
    if (request_.resume && can_continue(*found.journal_)) found.state_ = OutputFile::State::resumable;  // row 4
    return {};
  }

  Result<void> drop_journal(OutputFile& found) const {
    found.notes_.push_back(fmt::format("{} is gone: starting over", directory_.path_of(names_.part)));
    auto removed = found.decoded_.drop();  // without its journal it would be no download's
    if (removed) removed = directory_.remove(names_.journal);
    if (!removed) return removed;
    found.journal_.reset();
    found.state_ = OutputFile::State::fresh;
    return {};
  }

  // Beside a journal that has lost its facts, which alone show whose it is. It goes with that journal, as the data
  // does: what stayed would be in the way for ever, and what is lost is made again of the data.
  Result<void> drop_unmarked_decoded(OutputFile& found) const {
    const auto there = directory_.status(names_.decoded);
    if (!there) return there.error();
    if (!there->has_value() || (*there)->kind != FileKind::regular) return {};
    found.notes_.push_back(
        fmt::format("{} goes with a journal that has lost its facts: removed", directory_.path_of(names_.decoded)));
    auto step = directory_.remove(names_.decoded);
    return step ? directory_.sync() : step;
  }

  // Of a small file that was to replace another, as far as that can be: a death leaves it beside both others.
  void remove_left_small_files(const OutputFile& found) const {
    const auto status = found.data().status();
    if (!status || status->size != 0) return;
    const auto output = directory_.status(names_.output);
    if (!output || !output->has_value()) return;
    for (const std::string& name : open_->small_names()) {
      if (names_.may_be_small(name)) remove_left_small(directory_, names_, name);
    }
  }

  const std::shared_ptr<OpenDirectory> open_;
  Directory& directory_;
  const Names names_;
  const Request& request_;
};

Result<Recovered> recover(std::shared_ptr<OpenDirectory> open, const std::string& name, const Request& request,
                          std::stop_token stop) {
  const std::size_t longest = open->longest_name();
  if (name.size() > longest) {
    return with_hints(make_error(Cause::local, "create", name,
                                 fmt::format("a name of {} bytes is too long: at most {}", name.size(), longest)),
                      {Hint::choose_shorter_name});
  }
  return Recovery(std::move(open), Names(name, longest), request).run(stop);
}

}  // namespace segdl::engine
