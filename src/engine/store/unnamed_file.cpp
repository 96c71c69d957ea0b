#include "engine/store/unnamed_file.h"

#include "core/base/xxh3.h"
#include "core/store/layout.h"
#include "engine/store/journal/proof.h"
#include "engine/store/output_file.h"

#include "core/base/errors.h"

#include <vector>

namespace segdl::engine {

Result<std::unique_ptr<UnnamedFile>> UnnamedFile::create(OutputFile& output_file) {
  auto file = output_file.directory().create_unnamed(output_file.names().output);
  if (!file) return std::move(file).error();
  return *file ? std::unique_ptr<UnnamedFile>(new UnnamedFile(output_file, std::move(*file))) : nullptr;
}

Result<void> UnnamedFile::write(std::span<const std::byte> bytes) {
  digest_ = digest_of(bytes);
  return file_->write_at(0, bytes);
}

Result<void> UnnamedFile::give_name(Sync sync) {
  const Names& names = output_file_.names();
  auto mine = output_file_.data().has_name(names.part);
  if (!mine) return std::move(mine).error();
  ExistingOutput& existing = output_file_.existing();
  Result<void> step;
  if (existing.is_replaced()) {
    if (!*mine) return output_file_.data_lost();
    step = replace(sync);
  } else {
    if (*mine) step = output_file_.directory().remove(names.part);
    if (step) step = file_->give_name(names.output);
  }
  if (step) existing.remember_empty(*file_);
  return !step && step.error().remedy == Remedy::refetch ? publish_copy(sync) : step;
}

Result<void> UnnamedFile::replace(Sync sync) {
  Directory& directory = output_file_.directory();
  const Names& names = output_file_.names();
  const std::string name = names.small_of(digest_);
  auto replaces = output_file_.existing().gives_way_now(true);
  if (!replaces) return std::move(replaces).error();
  auto step = link(name);
  if (!step) return step;
  // Before the rename: where a directory's sync does not cover link counts a power cut would cost the old file as well.
  if (sync != Sync::none) step = file_->sync_name();
  if (step) step = directory.rename(name, names.output, *replaces);
  // What stays is empty, or proves to be segdl's: the next run removes it.
  static_cast<void>(directory.remove(step ? names.part : name).ok());
  return step;
}

// What a death has left under that name is removed. Where another program's file has it, or it can't be removed, the
// output is published as where there are no links.
Result<void> UnnamedFile::link(const std::string& name) {
  auto step = file_->give_name(name);
  if (step || step.error().cause != Cause::exists) return step;
  remove_left_small(output_file_.directory(), output_file_.names(), name);
  step = file_->give_name(name);
  if (!step && step.error().cause == Cause::exists) step.error().remedy = Remedy::refetch;  // as a copy
  return step;
}

// Where files without a name can be had, but no links to give them one (a sandbox may forbid those): with a journal, as
// any stream, so that a death leaves nothing that is no download's.
Result<void> UnnamedFile::publish_copy(Sync sync) {
  ExistingOutput& existing = output_file_.existing();
  auto status = file_->status();
  if (!status) return std::move(status).error();
  std::vector<std::byte> bytes(status->size);
  auto got = file_->read_at(0, bytes);
  if (!got) return std::move(got).error();
  auto data = existing.is_replaced() ? Result<std::unique_ptr<File>>(nullptr)
                                     : new_locked_file(output_file_.directory(), output_file_.names().part);
  if (!data) return std::move(data).error();
  if (*data) output_file_.data_.file = std::move(*data);
  const JournalIdentity identity{.layout = std::nullopt, .resource = {.total = status->size}};
  const Metadata metadata{.url = {}, .stream_complete = true, .stream_length = status->size, .stream_digest = digest_};
  auto step = output_file_.begin(identity, metadata);
  File& copy = output_file_.data();
  if (step) step = copy.write_at(0, bytes);
  if (!step) return step;
  static_cast<void>(copy.change({.modified = status->modified}).ok());
  const auto receipt = file_->attribute(kReceipt);
  if (receipt) static_cast<void>(copy.set_attribute(kReceipt, *receipt).ok());
  for (std::string& remark : set_access(copy, status->mode, &*status)) output_file_.notes_.push_back(std::move(remark));
  if (sync != Sync::none) step = copy.sync();
  if (step) step = output_file_.publish(existing.is_replaced(), sync);
  existing.set_replaced(true);  // by a rename, which can't be taken back
  return step;
}

Result<void> UnnamedFile::sync_name() {
  return output_file_.existing().is_replaced() ? Result<void>() : file_->sync_name();
}

Result<void> UnnamedFile::take_name_back() {
  if (output_file_.existing().is_replaced()) {
    return make_error(Cause::local, "take back", output_file_.path(), "it was renamed");
  }
  const auto mine = file_->has_name(output_file_.names().output);
  if (!mine) return mine.error();
  return *mine ? output_file_.directory().remove(output_file_.names().output) : Result<void>();
}

void remove_left_small(Directory& directory, const Names& names, const std::string& name) {
  auto file = directory.open(name, OpenMode::read_only);
  const auto left = file ? (*file)->status() : Result<FileStatus>(FileStatus{});
  if (!file || !left || left->may_be_planted || left->size > kMaxSegmentSize) return;
  const auto digest = digest_of_range(**file, {0, left->size});
  if (!digest || !digest->has_value() || names.small_of(**digest) != name) return;
  static_cast<void>(directory.remove(name).ok());
}

}  // namespace segdl::engine
