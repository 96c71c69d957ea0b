#include "engine/task/update_check.h"

#include "core/store/receipt.h"

#include "core/base/errors.h"
#include "engine/base/url_hash.h"
#include "engine/store/names.h"
#include "engine/task/probe.h"

#include <memory>
#include <string>
#include <utility>

namespace segdl::engine {
namespace {

constexpr Range kGlance{0, 1};  // for the head alone

// A regular file that has the output's name, alone, or that a link of that name leads to.
struct Present {
  std::unique_ptr<File> file;
  FileStatus status;
  std::optional<Receipt> receipt = std::nullopt;  // of just this file, from just this URL
  const char* doubt = nullptr;                    // why it is to be fetched, whatever the server has

  // Whether the head of an answer shows that the resource is what the file is.
  bool is_shown_by(const Response& response) const {
    const Validator& now = response.body.resource.validator;
    if (response.body.resource.total.value_or(status.size) != status.size) return false;
    if (receipt) return now.kind == receipt->kind && now.value() == receipt->validator;
    return response.body.resource.total && strong_date_of(response.exchange->head()) == status.modified;
  }
};

// What can't be looked at is left to recovery. In any case it is taken into account that the file had a strong
// validator.
std::optional<Present> find_present(TaskContext& task, Directory& directory, const Names& names) {
  const auto named = directory.status(names.output);
  if (!named || !named->has_value()) return std::nullopt;
  const bool link = (*named)->kind == FileKind::symlink;
  if (!link && (*named)->kind != FileKind::regular) return std::nullopt;
  auto file = directory.open(names.output, link ? OpenMode::read_target : OpenMode::read_only);
  if (!file) return std::nullopt;
  const auto status = (*file)->status();
  if (!status) return std::nullopt;
  Present present{std::move(*file), *status};
  if (status->may_be_planted) {  // its time, and what is kept with it, are that user's word
    present.doubt = "it belongs to another user, in a directory that any user may write to";
    return present;
  }
  const auto kept = present.file->attribute(kReceipt);
  auto receipt = kept ? decode_receipt(*kept) : std::nullopt;
  if (!receipt) return present;
  const bool same_url = receipt->url_tag == url_tag_of(receipt->salt, task.url.redacted());
  if (same_url && !task.request.checksum)
    task.source.evidence.change_shown([&receipt](Shown& shown) { shown.finished(receipt->kind); });
  if (receipt->size != status->size || receipt->modified != status->modified) {
    present.doubt = "it was changed here since it was fetched";
  } else if (!same_url) {
    present.doubt = "it was fetched from another URL";
  } else if (receipt->whole_url_tag != url_tag_of(receipt->salt, task.url.text())) {
    present.doubt = "it was fetched from a URL with another secret, which may be that of another file";
  } else if (receipt->kind == Validator::Kind::none) {
    present.doubt = "nothing that was kept with it names the version that it is of";
  } else {
    present.receipt = std::move(receipt);
  }
  return present;
}

// Whether another of our names is there: then the recovery table decides.
bool has_leftover(Directory& directory, const Names& names) {
  for (const std::string* name : {&names.part, &names.journal, &names.old_journal}) {
    const auto there = directory.status(*name);
    if (!there || there->has_value()) return true;
  }
  return false;
}

// An answer that is all of another version is kept for the download, and so is the first part of one.
Result<bool> ask_if_unchanged(TaskContext& task, const Present& present) {
  const bool by_etag = present.receipt && present.receipt->kind == Validator::Kind::strong_etag;
  if (by_etag) task.fetcher.fetch_unless(present.receipt->validator);
  auto response = ask_first(task, by_etag ? kProbe : kGlance);
  task.fetcher.fetch_unless({});
  if (!response) return std::move(response).error();
  if (response->unchanged) return true;
  const bool same = present.is_shown_by(*response);
  const bool first_part = by_etag || !response->body.partial || response->body.end == response->body.resource.total;
  if (same || !first_part) {
    response->exchange->skip_rest();
  } else {
    task.fetcher.at_hand() = std::move(*response);
  }
  return same;
}

Result<bool> is_unchanged(TaskContext& task, const Present& present) {
  if (task.request.checksum) {
    auto step = task.check_digest(*present.file, present.status.size, task.name);
    if (step) return true;
    const bool other = step.error().cause == Cause::integrity || is_unreadable(step.error());
    return other ? Result<bool>(false) : std::move(step).error();
  }
  if (present.doubt != nullptr) {
    task.progress.remark(std::string(present.doubt) + ": fetching it again");
    return false;
  }
  const std::optional<Response>& at_hand = task.fetcher.at_hand();
  if (at_hand) return present.is_shown_by(*at_hand);  // by the response that has named it
  return ask_if_unchanged(task, present);
}

}  // namespace

Result<std::optional<Unchanged>> find_unchanged(TaskContext& task, Directory& directory) {
  const Names names(task.name, directory.longest_name());
  auto present = find_present(task, directory, names);
  drop_if_doubtful(task);  // what is asked for again may be better
  if (!present || has_leftover(directory, names)) return std::optional<Unchanged>();
  if (task.request.decode) {
    task.progress.remark("what is decoded can't be compared with what the server has: fetching it again");
    return std::optional<Unchanged>();
  }
  auto unchanged = is_unchanged(task, *present);
  if (!unchanged) return std::move(unchanged).error();
  if (!*unchanged) return std::optional<Unchanged>();
  task.fetcher.at_hand().reset();
  return std::optional(Unchanged{present->status.size, present->receipt.has_value()});
}

Result<bool> is_whole_and_outdated(TaskContext& task, OutputFile& output_file) {
  if (task.request.existing != Existing::update || task.request.checksum || !output_file.existing().is_replaced())
    return false;
  const Journal& journal = output_file.journal();
  const Metadata metadata = journal.metadata().value_or(Metadata{});
  if (!is_hash_of(metadata.url_hash, task.url) && metadata.url != task.url.redacted()) return false;
  const auto& layout = journal.identity().layout;
  const bool whole =
      layout ? journal.claimed() == layout->count() : metadata.stream_complete || metadata.stream_unvouched;
  auto current = whole && metadata.vouched() ? is_current(task, journal.identity()) : Result<bool>(!whole);
  if (!current) return current;
  if (*current) return false;
  remember_begun(task, output_file);
  task.progress.remark("what had arrived whole before can't be shown to be what the server has: starting over");
  return true;
}

}  // namespace segdl::engine
