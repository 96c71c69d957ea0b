// The rows of a published output in the table of doc/recovery.md.
#include "core/base/errors.h"
#include "engine/store/existing_output.h"
#include "engine/store/journal/proof.h"
#include "engine/store/recovery.h"

#include <fmt/format.h>

#include <utility>
#include <vector>

namespace segdl::engine {
namespace {

Result<bool> stream_holds(File& output, const Journal& journal, std::uint64_t size, const std::stop_token& stop) {
  const auto metadata = journal.metadata();
  const bool is_whole = metadata && (metadata->stream_complete || metadata->stream_unvouched);
  if (!is_whole || metadata->stream_length != size || stop.stop_requested()) return false;
  return stream_intact(output, *metadata, stop);
}

// Whether it is what decoding has made of what the journal describes.
Result<bool> is_decoded(File& output, const Journal& journal, std::uint64_t size, const std::stop_token& stop) {
  const auto metadata = journal.metadata();
  if (!metadata || !metadata->decoded || metadata->decoded->length != size || stop.stop_requested()) return false;
  auto digest = digest_of_range(output, {0, size});
  if (!digest) return std::move(digest).error();
  return *digest == metadata->decoded->digest;
}

// Never of a journal that still has adopted claims: they may be of the very file that has the output's name.
Result<bool> all_proofs_hold(File& output, const Journal& journal, std::uint64_t size, const std::stop_token& stop) {
  const auto& layout = journal.identity().layout;
  if (!layout) return stream_holds(output, journal, size, stop);
  if (journal.metadata().value_or(Metadata{}).adopted > 0) return false;
  if (layout->total() != size) return false;
  for (std::uint32_t i = 0; i < layout->count(); ++i) {
    if (stop.stop_requested() || !journal.claims(Segment{i})) return false;
    auto holds = proof_holds(output, journal, Segment{i});
    if (!holds || !*holds) return holds;
  }
  return true;
}

// Both names are there, as a death between the rename and the removal of the journal leaves them.
Result<bool> looks_published(Directory& directory, const Names& names) {
  for (const std::string* name : {&names.output, &names.journal}) {
    auto status = directory.status(*name);
    if (!status) return std::move(status).error();
    if (!status->has_value() || (*status)->kind != FileKind::regular) return false;
  }
  return true;
}

struct Opened {
  std::unique_ptr<File> output;
  std::unique_ptr<File> part;  // what holds the lock, if it is there; else the output does
};

// Nothing if what is there can't be opened for that: it is not ours then, or on its way.
Result<std::optional<Opened>> open_locked(Directory& directory, const Names& names) {
  auto has_part = present(directory, names.part);
  if (!has_part) return std::move(has_part).error();
  auto output = directory.open(names.output, *has_part ? OpenMode::read_only : OpenMode::existing);
  auto data = *has_part ? directory.open(names.part, OpenMode::existing) : Result<std::unique_ptr<File>>(nullptr);
  if (!output || !data) return std::optional<Opened>();
  File& locked = *has_part ? **data : **output;
  auto taken = locked.try_lock();
  if (!taken) return std::move(taken).error();
  if (*taken) return std::optional(Opened{std::move(*output), std::move(*data)});
  return make_error(Cause::busy, "lock", directory.path_of(*has_part ? names.part : names.output),
                    "another download of this file is being published");
}

// Whether nothing goes with what has the data's name: it is empty, or the output's second name, or a copy of it.
Result<bool> is_spent(File& part, const FileStatus& output, const Journal& journal, const std::stop_token& stop) {
  const auto status = part.status();
  if (!status) return status.error();
  if (status->size == 0 || status->id == output.id) return true;
  return all_proofs_hold(part, journal, status->size, stop);
}

// Removes what is left beside a published file, its journal last: until then the next run finds what this is.
Result<void> tidy_up(Directory& directory, const Names& names, bool drop_part, bool drop_decoded) {
  auto aside = Journal::load(directory, names.old_journal, OpenMode::read_only);
  if (!aside) return std::move(aside).error();
  const bool ours =
      !std::holds_alternative<Journal::Absent>(*aside) && !std::holds_alternative<Journal::Foreign>(*aside);
  auto step = Journal::drop_leftover(directory, names.journal);
  const auto decoded = drop_decoded ? directory.status(names.decoded) : Result<std::optional<FileStatus>>(std::nullopt);
  if (!decoded) return decoded.error();
  if (step && *decoded && (*decoded)->kind == FileKind::regular) step = directory.remove(names.decoded);
  if (step && drop_part) step = directory.remove(names.part);
  if (step && ours) step = directory.remove(names.old_part);
  if (step && ours) step = directory.remove(names.old_journal);
  return step ? directory.remove(names.journal) : step;
}

}  // namespace

Result<Output> published_as(Directory& directory, const Names& names, const Journal& journal) {
  auto picture = looks_published(directory, names);
  if (!picture) return std::move(picture).error();
  if (!*picture) return Output::other;
  auto output = directory.open(names.output, OpenMode::read_only);
  if (!output) return Output::other;
  auto status = (*output)->status();
  if (!status) return std::move(status).error();
  auto decoded = is_decoded(**output, journal, status->size, {});
  if (decoded && *decoded) return Output::decoded;
  auto whole = all_proofs_hold(**output, journal, status->size, {});
  if (!whole) return std::move(whole).error();
  return *whole ? Output::as_sent : Output::other;
}

Error Published::of_another_url() const {
  return exists(open->directory(), names.output,
                metadata ? "it exists already, and was fetched whole from " + metadata->url
                         : "it exists already, whole, and its journal has lost the URL that it is from");
}

Result<std::unique_ptr<Published>> finish_published(const std::shared_ptr<OpenDirectory>& open, const Names& names,
                                                    const Request& request, const std::stop_token& stop) {
  Directory& directory = open->directory();
  auto picture = looks_published(directory, names);
  if (!picture) return std::move(picture).error();
  if (!*picture) return std::unique_ptr<Published>();
  auto opened = open_locked(directory, names);
  if (!opened) return std::move(opened).error();
  if (!opened->has_value()) return std::unique_ptr<Published>();
  auto loaded = Journal::load(directory, names.journal, OpenMode::read_only);
  if (!loaded) return std::move(loaded).error();
  const auto* journal = std::get_if<std::unique_ptr<Journal>>(&*loaded);
  if (journal == nullptr) return std::unique_ptr<Published>();
  File& output = *(*opened)->output;
  auto status = output.status();
  if (!status) return std::move(status).error();
  auto decoded = is_decoded(output, **journal, status->size, stop);
  if (!decoded) return std::move(decoded).error();
  if (*decoded && !request.decode) {
    if (may_replace_output(request)) return std::unique_ptr<Published>();
    // What was sent is not what has the output's name, and may be beside it still.
    return not_ours(directory, names.output, "it exists already, and is what decoding has made of what was sent",
                    {Hint::decode, Hint::replace_existing, Hint::choose_other_name});
  }
  auto whole = *decoded ? Result<bool>(true) : all_proofs_hold(output, **journal, status->size, stop);
  if (stop.stop_requested()) return cancelled();
  if (!whole) return std::move(whole).error();
  if (!*whole) return std::unique_ptr<Published>();
  const auto& part = (*opened)->part;
  const auto spent = part ? is_spent(*part, *status, **journal, stop) : Result<bool>(false);
  if (stop.stop_requested()) return cancelled();
  if (!spent) return spent.error();
  auto step = output.sync();
  if (step) step = directory.sync();
  if (!step) return std::move(step).error();
  auto published = std::make_unique<Published>(Published{
      open, names, std::move((*opened)->output), (*journal)->identity(), (*journal)->metadata(), *decoded, {}});
  if (part && !*spent) {
    published->notes.push_back(fmt::format("{} is none of this file's, and stays", directory.path_of(names.part)));
  }
  step = tidy_up(directory, names, *spent, !published->metadata || published->metadata->decoding);
  if (!step) published->notes.push_back("what was beside it stays: " + step.error().message());
  ExistingOutput(*open, names.output, request.existing).remember_empty(*published->output);
  return published;
}

}  // namespace segdl::engine
