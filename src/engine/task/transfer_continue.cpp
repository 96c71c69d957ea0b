// Transfer's way of finding out whether what an earlier run left may be continued.
#include "core/base/errors.h"
#include "engine/base/url_hash.h"
#include "engine/fetch/fetch_loop.h"
#include "engine/task/sink/segment_sampler.h"
#include "engine/task/transfer.h"

#include <optional>
#include <utility>

namespace segdl::engine {
namespace {

constexpr std::uint32_t kSamplesOfOtherUrl = 3;  // J8

// Where everything is claimed nothing would be asked for, and nothing compared.
Result<void> leave_something_missing(Journal& journal) {
  const std::uint32_t count = journal.identity().layout->count();
  if (journal.claimed() < count) return {};
  auto step = forget(journal, Segment{count - 1});
  return step ? journal.sync() : step;
}

bool may_be_repeated(const Error& error) { return error.remedy == Remedy::retry || error.remedy == Remedy::refetch; }

}  // namespace

Result<void> Transfer::continue_version(OutputFile& output_file) {
  auto forgotten = forget_refuted(output_file);
  if (forgotten) forgotten = forget_unvouched(output_file);
  if (!forgotten) return forgotten;
  const JournalIdentity& identity = output_file.journal().identity();
  auto taken = take_coding(output_file, identity.coding);
  if (!taken) return taken;
  std::optional<Response> first;
  if (!switched_) {
    continued_from_ = output_file.journal().claimed();
    inherits_ = *continued_from_ > 0;
    auto chosen = choose_voucher(output_file);
    if (!chosen) return chosen;
    auto same = check_same(output_file, known_of(identity));
    if (!same) return std::move(same).error();
    first = std::move(*same);
  }
  strong_ = voucher_ == Voucher::validator && identity.validator.strong();
  const Resource known = known_of(identity);
  // It died between naming the journal and setting the length, or somebody cut the file: then the proofs tell.
  auto mended = mend_length(output_file.data(), output_file.journal().identity().layout->total());
  if (!mended) return std::move(mended).error();
  auto adopted = adopt(output_file);
  return adopted ? fetch_segments(output_file, known, std::move(first)) : adopted;
}

// What was adopted, if there is no checksum to tell whether it is of this version (A2).
Result<void> Transfer::forget_unvouched(OutputFile& output_file) {
  if (task_.request.checksum || output_file.journal().metadata().value_or(Metadata{}).adopted == 0) return {};
  task_.progress.remark("without a checksum nothing vouches for what was adopted: it is fetched");
  const auto forgotten = forget_adopted(output_file);
  return forgotten ? Result<void>() : forgotten.error();
}

// What is known of a version; nothing of its validator where that vouches for nothing.
Resource Transfer::known_of(const JournalIdentity& identity) const {
  Resource known{identity.layout ? std::optional(identity.layout->total()) : identity.stream_total, identity.validator,
                 identity.coding};
  known.any_version = voucher_ != Voucher::validator;
  if (known.any_version) known.validator = {};
  return known;
}

// Before anything is claimed that the journal's validator does not vouch for, durably: no run may believe that it does.
// Where the facts are lost nobody knows any more which URL it is of, and no run may believe that it is of its own.
Result<void> Transfer::mark_mixed(OutputFile& output_file) {
  Journal& journal = output_file.journal();
  Metadata metadata = journal.metadata().value_or(Metadata{});
  if (metadata.mixed) return {};
  metadata.mixed = true;
  auto step = journal.set_metadata(metadata);
  return step ? journal.sync() : step;
}

// What an earlier run left is continued under a checksum whatever the URL and its validator: that tells in the end.
Result<void> Transfer::choose_voucher(OutputFile& output_file) {
  const JournalIdentity& identity = output_file.journal().identity();
  const auto metadata = output_file.journal().metadata();
  const bool same_url = metadata && is_hash_of(metadata->url_hash, task_.url);
  const bool plain = same_url && identity.validator.strong() && !metadata->mixed;
  if (plain) return {};
  if (task_.request.checksum && identity.coding.empty()) {
    voucher_ = Voucher::digest;
    return mark_mixed(output_file);
  }
  if (metadata && !metadata->mixed) return {};
  voucher_ = Voucher::bytes;
  auto marked = mark_mixed(output_file);  // facts that are torn may have said so, or that something was adopted
  return marked ? leave_something_missing(output_file.journal()) : marked;
}

// The server calls the version differently, and perhaps it is the same. What is here stays, and is compared with what
// comes, byte by byte; or the checksum tells in the end.
Result<void> Transfer::vouch_otherwise(OutputFile& output_file, const Error& change) {
  switched_ = true;
  const bool by_digest = task_.request.checksum && output_file.journal().identity().coding.empty();
  voucher_ = by_digest ? Voucher::digest : Voucher::bytes;
  task_.progress.remark(change.reason + (by_digest
                                             ? ", at the same size: the checksum will decide"
                                             : ", at the same size: comparing one response with all that is here"));
  return mark_mixed(output_file);
}

// Whether the journal may be continued from this URL (J8): without a strong validator only from the very same, or one
// that differs in its secrets alone, of which one body is compared; with one from another where samples are equal. If
// they are not, one that differs in its secrets alone is of a later version. May come with a response for what is
// missing.
Result<std::optional<Response>> Transfer::check_same(OutputFile& output_file, const Resource& known) {
  const bool strong = known.validator.strong();
  const auto metadata = output_file.journal().metadata();
  const bool same_url = metadata && is_hash_of(metadata->url_hash, task_.url);
  if (same_url) return std::optional<Response>();
  const bool same_but_secrets = metadata && metadata->url == task_.url.redacted();
  const bool unknown = metadata && metadata->url.empty();  // they were lost: see choose_voucher()
  const bool compared_later = voucher_ == Voucher::digest || unknown || (same_but_secrets && !strong);
  of_other_url_ = !same_but_secrets;
  if (unknown) return std::optional<Response>();
  if (output_file.journal().claimed() > 0 && !strong && !compared_later) {
    Error error = task_.fetcher.problem(Cause::changed, Remedy::stop,
                                        "what is here is of another URL, and there is no strong validator to compare");
    error.hints = {Hint::start_over, Hint::choose_other_name};
    return error;
  }
  std::optional<Response> first;
  if (!compared_later) {
    auto compared = compare_samples(output_file, known, same_but_secrets);
    if (!compared) return std::move(compared).error();
    first = std::move(*compared);
  }
  Metadata updated = output_file.journal().metadata().value_or(Metadata{});  // which may say more by then
  updated.url = task_.url.redacted();
  updated.url_hash = hash_of(task_.url);
  auto step = output_file.journal().set_metadata(updated);
  return step ? Result<std::optional<Response>>(std::move(first)) : std::move(step).error();
}

// A link that differs in its secrets alone may give its resource once: all of it is asked for first, and that response
// waits for the samples. If those are refused as every further request may be, it is compared itself, byte by byte,
// with all that is here (see Voucher::bytes).
Result<std::optional<Response>> Transfer::compare_samples(OutputFile& output_file, const Resource& known,
                                                          bool is_fresh_link) {
  const Journal& journal = output_file.journal();
  SegmentSampler sampler(journal, task_.progress, task_.fetcher, choose_samples(journal, kSamplesOfOtherUrl));
  FetchLoop loop(task_.fetcher, known, task_.stop);
  std::optional<Response> all;
  for (bool asks = is_fresh_link && journal.claimed() > 0; asks;) {
    auto asked = ask_first({0, journal.identity().layout->total()}, &known);
    asks = !asked;
    if (!asked && !may_be_repeated(asked.error())) return std::move(asked).error();
    auto paused = asked ? Result<void>() : task_.fetcher.retry().pause(asked.error(), task_.stop);
    if (!paused) return std::move(paused).error();
    if (asked && asked->body.begin == 0 && asked->body.end == journal.identity().layout->total())
      all = *std::move(asked);
  }
  while (all) {
    auto want = sampler.next();
    if (!want) return std::move(want).error();
    if (!want->has_value()) return all;  // perhaps the last response that the link gives
    auto response = task_.fetcher.fetch_beside(**want, &known, task_.stop);
    auto step = response ? loop.pump(sampler, *response) : Result<void>(response.error());
    if (step) step = loop.check_part(sampler, response->body, **want);
    if (step) continue;
    if (task_.fetcher.retry().is_given_no_more(step.error())) {
      voucher_ = Voucher::bytes;
      task_.progress.remark("the link gives one response: comparing it with all that is here before the first gap");
      auto marked = mark_mixed(output_file);
      if (marked) marked = leave_something_missing(output_file.journal());
      return marked ? Result<std::optional<Response>>(std::move(all)) : std::move(marked).error();
    }
    if (!may_be_repeated(step.error())) return std::move(step).error();
    all.reset();  // perhaps there is no further connection beside it
    auto paused = task_.fetcher.retry().pause(std::move(step).error(), task_.stop);
    if (!paused) return std::move(paused).error();
  }
  auto compared = loop.run(sampler);
  return compared ? Result<std::optional<Response>>(std::nullopt) : std::move(compared).error();
}

}  // namespace segdl::engine
