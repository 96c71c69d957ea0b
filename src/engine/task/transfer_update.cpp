// Transfer's way of telling whether a file that is there is what the server has, and of keeping what tells it to the
// next run.
//
//   checksum given   the file hashes to it                                            no request
//   receipt, ETag    304, or a body with that very ETag                               If-None-Match
//   receipt, date    the same date, and the file's size as the total                  the first byte
//   no receipt       the file's time is the date, and its size the total              the first byte
//
// A date is compared by us, with the head of a response: a server answers If-Modified-Since with 304 also where the
// resource has become an older one, and does not say how long it is. What differs, or can't be compared, is fetched;
// what was answered to the question is the first of the download, where it is of use. A file that is to be continued,
// or has another of our names beside it, is no business of this: the recovery table decides (output_file.h). No lock is
// needed: nothing is changed, and what is there is looked at through one open file.
#include "core/store/receipt.h"

#include "core/base/errors.h"
#include "engine/base/url_hash.h"
#include "engine/progress/planned.h"
#include "engine/task/transfer.h"

#include <chrono>
#include <optional>
#include <string>
#include <string_view>
#include <utility>

namespace segdl::engine {
namespace {

constexpr Range kGlance{0, 1};                 // for the head alone
constexpr std::chrono::hours kClockError{24};  // that a server's clock may be ahead of ours

std::uint32_t random_salt() {
  const auto token = random_token();
  std::uint32_t salt = 0;
  for (std::size_t i = 0; i < sizeof salt; ++i) salt = salt << 8U | std::to_integer<std::uint32_t>(token[i]);
  return salt;
}

}  // namespace

// A regular file that has the output's name, alone, or that a link of that name leads to.
struct Present {
  std::unique_ptr<File> file;
  FileStatus status;
  std::optional<Receipt> receipt = std::nullopt;  // of just this file, from just this URL
  const char* doubt = nullptr;                    // why it is to be fetched, whatever the server says

  // Whether the head of an answer shows that the resource is what the file is.
  bool is_shown_by(const Response& response) const {
    const Validator& now = response.body.validator;
    if (response.body.total.value_or(status.size) != status.size) return false;
    if (receipt) return now.kind == receipt->kind && now.value() == receipt->validator;
    return response.body.total && strong_date_of(response.exchange->head()) == status.modified;
  }
};

// What can't be looked at is left to whoever opens the place. What of the file is taken into account in any case is
// that it had a strong validator.
std::optional<Present> Transfer::find_present(Directory& directory) {
  const Names names(task_.name, directory.longest_name());
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
  const bool same_url = receipt->url_tag == url_tag_of(receipt->salt, task_.url.redacted());
  if (same_url && !task_.request.checksum)
    task_.source.evidence.change_shown([&receipt](Shown& shown) { shown.finished(receipt->kind); });
  if (receipt->size != status->size || receipt->modified != status->modified) {
    present.doubt = "it was changed here since it was fetched";
  } else if (!same_url) {
    present.doubt = "it was fetched from another URL";
  } else if (receipt->whole_url_tag != url_tag_of(receipt->salt, task_.url.text())) {
    present.doubt = "it was fetched from a URL with another secret, which may be that of another file";
  } else if (receipt->kind == Validator::Kind::none) {
    present.doubt = "nothing that was kept with it names the version that it is of";
  } else {
    present.receipt = std::move(receipt);
  }
  return present;
}

// Whether another of our names is there: then the recovery table decides.
bool Transfer::has_leftover(Directory& directory) const {
  const Names names(task_.name, directory.longest_name());
  for (const std::string* name : {&names.part, &names.journal, &names.old_journal}) {
    const auto there = directory.status(*name);
    if (!there || there->has_value()) return true;
  }
  return false;
}

Result<std::optional<Outcome>> Transfer::leave_if_unchanged(Directory& directory) {
  auto present = find_present(directory);
  const bool doubted = named_ && task_.fetcher.doubt(named_->exchange->head(), named_->body, nullptr);
  if (doubted) named_.reset();  // what is asked for again may be better
  if (!present || has_leftover(directory)) return std::optional<Outcome>();
  if (task_.request.decode) {
    task_.progress.remark("what is decoded can't be compared with what the server has: fetching it again");
    return std::optional<Outcome>();
  }
  auto unchanged = is_unchanged(*present);
  if (!unchanged) return std::move(unchanged).error();
  if (!*unchanged) return std::optional<Outcome>();
  named_.reset();
  strong_ = present->receipt.has_value();
  Report done = report(directory.path_of(task_.name));
  done.total = present->status.size;
  done.unchanged = true;
  return std::optional(Outcome{std::move(done)});
}

Result<bool> Transfer::is_unchanged(Present& present) {
  if (task_.request.checksum) {
    auto step = check_digest(*present.file, present.status.size, task_.name);
    if (step) return true;
    const bool other = step.error().cause == Cause::integrity || is_unreadable(step.error());
    return other ? Result<bool>(false) : std::move(step).error();
  }
  if (present.doubt != nullptr) {
    task_.progress.remark(std::string(present.doubt) + ": fetching it again");
    return false;
  }
  if (named_) return present.is_shown_by(*named_);  // by the response that has named it
  return ask_if_unchanged(present);
}

// An answer that is all of another version is kept for the download, and so is the first part of one.
Result<bool> Transfer::ask_if_unchanged(Present& present) {
  const bool by_etag = present.receipt && present.receipt->kind == Validator::Kind::strong_etag;
  if (by_etag) task_.fetcher.fetch_unless(present.receipt->validator);
  auto response = first_reply(by_etag ? kProbe : kGlance);
  task_.fetcher.fetch_unless({});
  if (!response) return std::move(response).error();
  if (response->unchanged) return true;
  const bool same = present.is_shown_by(*response);
  const bool first_part = by_etag || !response->body.partial || response->body.end == response->body.total;
  if (same || !first_part) {
    response->exchange->skip_rest();
  } else {
    named_ = std::move(*response);
  }
  return same;
}

// Whether an earlier run has left all of a version that the server no longer has, beside a file that may be newer: to
// continue it takes no request that would show it. What is of another URL is compared anyway (J8), and a checksum tells
// in the end.
Result<bool> Transfer::is_whole_and_outdated(OutputFile& output_file) {
  if (task_.request.existing != Existing::update || task_.request.checksum || !output_file.existing().is_replaced())
    return false;
  const Journal& journal = output_file.journal();
  const Metadata metadata = journal.metadata().value_or(Metadata{});
  if (!is_hash_of(metadata.url_hash, task_.url) && metadata.url != task_.url.redacted()) return false;
  const auto& layout = journal.identity().layout;
  const bool whole =
      layout ? journal.claimed() == layout->count() : metadata.stream_complete || metadata.stream_unvouched;
  auto current = whole && metadata.vouched() ? is_current(journal.identity()) : Result<bool>(!whole);
  if (!current) return current;
  if (*current) return false;
  remember_begun(output_file);
  task_.progress.remark("what had arrived whole before can't be shown to be what the server has: starting over");
  return true;
}

// What no file can be as old as, or as new as, is a server's mistake.
void Transfer::give_remote_time(File& file) {
  const auto time = task_.source.evidence.modified();
  const auto now = std::chrono::floor<std::chrono::seconds>(task_.env.clock.wall());
  if (!time || time->time_since_epoch().count() <= 0 || *time > now + kClockError) {
    constexpr std::string_view kWrong = "the server's time for it can't be right: it has that of its arrival";
    constexpr std::string_view kNone = "the server sends no time for it: it has that of its arrival";
    if (task_.request.remote_time && task_.request.existing != Existing::update)
      task_.progress.tolerated({time ? kWrong : kNone});
    return;
  }
  const auto set = file.change({.modified = *time});
  if (!set) task_.progress.remark("its time could not be set: " + set.error().message());
}

// The server's date, as the file's time, that is no proof of what the file holds: listings show the same second, and it
// is no date that a server can name. Where times are kept in steps of two seconds it is an older one.
void Transfer::disclaim_time(File& file) {
  const auto time = task_.source.evidence.modified();
  for (const std::chrono::milliseconds off : {std::chrono::milliseconds(500), std::chrono::milliseconds(-2000)}) {
    const auto status = file.status();
    if (!time || !status || status->modified != *time) return;
    const auto set = file.change({.modified = *time + off});
    if (!set) return task_.progress.remark("its time can't be changed, and is no proof: " + set.error().message());
    if (off.count() < -1000)
      task_.progress.remark("its time is two seconds before the server's, which would be no proof");
  }
}

// REQUIRES: nothing is written to the file any more, nor is its time set; its mode is not set yet, which may be one
// that lets not even its owner keep an attribute with it. Without a sync a power cut could leave the receipt of bytes
// that are lost, which no later run would find out. A file whose time is a date that two versions may have had gets one
// that says so, or a later run would take it for another program's, and the date for proof. Where nothing is kept with
// the file, its time has to say it.
void Transfer::keep_receipt(File& file, const Validator& validator, bool claims_vouched) {
  // If not, the file may be of a version that is called otherwise.
  const bool vouched = voucher_ == Voucher::validator && claims_vouched;
  const bool synced = task_.request.sync != Sync::none;
  const bool date_proves = vouched && synced && task_.source.evidence.modified_is_strong();
  const bool proves = vouched && validator.strong();
  const bool misleads = !vouched || (!validator.strong() && task_.source.evidence.modified() &&
                                     !task_.source.evidence.modified_is_strong());
  const auto status = file.status();
  if (!status) return;
  Receipt receipt{status->size, status->modified, random_salt()};
  receipt.url_tag = url_tag_of(receipt.salt, task_.url.redacted());
  receipt.whole_url_tag = url_tag_of(receipt.salt, task_.url.text());
  if (proves) receipt.kind = validator.kind;
  if (proves) receipt.validator = validator.value();
  const bool kept = synced && (proves || misleads) && file.set_attribute(kReceipt, encode_receipt(receipt)).ok();
  if (!kept && !date_proves) disclaim_time(file);
}

}  // namespace segdl::engine
