#include "engine/task/continuation.h"

#include "core/base/xxh3.h"
#include "engine/base/pieces.h"
#include "engine/base/url_hash.h"
#include "engine/fetch/fetch_loop.h"
#include "engine/task/sink/whole_digest.h"

#include <fmt/format.h>

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <deque>
#include <optional>
#include <span>
#include <utility>
#include <vector>

namespace segdl::engine {
namespace {

constexpr std::size_t kSamplesOfOtherUrl = 3;  // J8

// Up to so many claimed segments, spread over all of them, ascending.
std::deque<Segment> choose_samples(const Journal& journal) {
  const std::vector<Segment> claimed = claimed_segments(journal);
  std::deque<Segment> samples;
  const std::size_t wanted = std::min(kSamplesOfOtherUrl, claimed.size());
  // The n-th sample is the claim nearest to n equal steps through all of them: the first, ..., the last.
  for (std::size_t n = 0; n < wanted; ++n) {
    samples.push_back(claimed[wanted == 1 ? 0 : n * (claimed.size() - 1) / (wanted - 1)]);
  }
  return samples;
}

// Fetches finished segments once more and compares them with their proofs: evidence that a resource is still the one
// the journal is about, where the URL is another one (J8). What a shorter or broken response brought counts, since all
// are under one strong validator.
class SegmentSampler : public SinkDefaults {
 public:
  // REQUIRES: both outlive it.
  SegmentSampler(const Journal& journal, Fetcher& fetcher)
      : journal_(journal), fetcher_(fetcher), segments_(choose_samples(journal)) {}

  Result<std::optional<Range>> next() const { return segments_.empty() ? std::nullopt : std::optional(rest()); }

  std::span<std::byte> space(std::uint64_t offset) {
    std::uint64_t room = piece_.size();
    if (!segments_.empty()) {
      // Never across the edge of the segment being compared.
      const std::uint64_t edge = offset < rest().begin ? rest().begin : rest().end;
      if (offset < edge) room = std::min(room, edge - offset);
    }
    return std::span(piece_).first(room);
  }

  Result<void> arrived(std::uint64_t offset, std::size_t count) {
    fetcher_.context().task_progress.bytes().discarded(count);
    if (segments_.empty() || offset != rest().begin) return {};
    digest_.update(std::span(piece_).first(count));
    hashed_ += count;
    fetcher_.retry().progressed(count);  // each byte of what is compared counts once
    if (!rest().empty()) return {};
    auto proof = journal_.proof(segments_.front());
    if (!proof) return std::move(proof).error();
    if (digest_.value() != *proof) {
      const Range range = journal_.identity().layout->range(segments_.front());
      Error error = fetcher_.problem(Cause::changed, Remedy::restart,
                                     fmt::format("bytes {} to {} are not what they were", range.begin, range.end));
      error.offset = range.begin;
      return error;
    }
    segments_.pop_front();
    digest_ = StreamDigest();
    hashed_ = 0;
    return {};
  }

 private:
  // Of the segment being compared.
  Range rest() const {
    const Range range = journal_.identity().layout->range(segments_.front());
    return {range.begin + hashed_, range.end};
  }

  const Journal& journal_;
  Fetcher& fetcher_;
  std::deque<Segment> segments_;
  std::vector<std::byte> piece_ = std::vector<std::byte>(kIoBuffer);
  StreamDigest digest_;
  std::uint64_t hashed_ = 0;  // bytes of segments_.front()
};

// Where everything is claimed nothing would be asked for, and nothing compared.
Result<void> leave_something_missing(Journal& journal) {
  const std::uint32_t count = journal.identity().layout->count();
  if (journal.claimed() < count) return {};
  auto step = forget(journal, Segment{count - 1});
  return step ? journal.sync() : step;
}

bool may_be_repeated(const Error& error) { return error.remedy == Remedy::retry || error.remedy == Remedy::refetch; }

// Before anything is claimed that the journal's validator does not vouch for, durably: no run may believe that it does.
// Where the metadata is lost its URL is not known, and no run may believe that it is its own.
Result<void> mark_mixed(Journal& journal) {
  Metadata metadata = journal.metadata().value_or(Metadata{});
  if (metadata.mixed) return {};
  metadata.mixed = true;
  auto step = journal.set_metadata(metadata);
  return step ? journal.sync() : step;
}

// Under a checksum what an earlier run left is continued whatever its URL and validator: the checksum decides in the
// end.
Result<void> choose_voucher(TaskContext& task, Version& version, Journal& journal) {
  const JournalIdentity& identity = journal.identity();
  const auto metadata = journal.metadata();
  const bool same_url = metadata && is_hash_of(metadata->url_hash, task.url);
  const bool plain = same_url && identity.resource.validator.strong() && !metadata->mixed;
  if (plain) return {};
  if (task.request.checksum && identity.resource.coding.empty()) {
    version.voucher = Voucher::digest;
    return mark_mixed(journal);
  }
  if (metadata && !metadata->mixed) return {};
  version.voucher = Voucher::bytes;
  auto marked = mark_mixed(journal);  // metadata that is torn may have had that, or that something was adopted
  return marked ? leave_something_missing(journal) : marked;
}

// A link that differs in its secrets alone may give its resource once: all of it is asked for first, and that response
// waits for the samples. If those are refused as every further request may be, it is compared itself, byte by byte,
// with all that is here (see Voucher::bytes).
Result<void> compare_samples(TaskContext& task, Version& version, Journal& journal, bool is_fresh_link) {
  const Resource known = version.known(journal.identity());
  SegmentSampler sampler(journal, task.fetcher);
  FetchLoop loop(task.fetcher, known);
  std::optional<Response>& all = task.fetcher.at_hand();
  for (bool asks = is_fresh_link && journal.claimed() > 0; asks;) {
    auto asked = task.fetcher.fetch({0, journal.identity().layout->total()}, &known);
    asks = !asked;
    if (!asked && !may_be_repeated(asked.error())) return std::move(asked).error();
    auto paused = asked ? Result<void>() : task.fetcher.retry().pause(asked.error());
    if (!paused) return paused;
    if (asked && asked->body.begin == 0 && asked->body.end == journal.identity().layout->total())
      all = *std::move(asked);
  }
  while (all) {
    auto want = sampler.next();
    if (!want) return std::move(want).error();
    if (!want->has_value()) return {};  // perhaps the last response that the link gives
    auto response = task.fetcher.fetch_beside(**want, &known);
    auto step = response ? loop.pump(sampler, *response) : Result<void>(response.error());
    if (step) step = loop.check_part(sampler, response->body, **want);
    if (step) continue;
    if (task.fetcher.retry().is_given_no_more(step.error())) {
      version.voucher = Voucher::bytes;
      task.progress.remark("the link gives one response: comparing it with all that is here before the first gap");
      auto marked = mark_mixed(journal);
      if (marked) marked = leave_something_missing(journal);
      return marked;
    }
    if (!may_be_repeated(step.error())) return std::move(step).error();
    all.reset();  // perhaps there is no further connection beside it
    auto paused = task.fetcher.retry().pause(std::move(step).error());
    if (!paused) return paused;
  }
  return loop.run(sampler);
}

// Whether the journal may be continued from this URL (J8): without a strong validator only from the very same, or one
// that differs in its secrets alone, of which one body is compared; with one from another where samples are equal. If
// they are not, one that differs in its secrets alone is of a later version. A response for what is missing may be
// at hand then.
Result<void> check_same(TaskContext& task, Version& version, Journal& journal) {
  const bool strong = version.known(journal.identity()).validator.strong();
  const auto metadata = journal.metadata();
  const bool same_url = metadata && is_hash_of(metadata->url_hash, task.url);
  if (same_url) return {};
  const bool same_but_secrets = metadata && metadata->url == task.url.redacted();
  const bool unknown = metadata && metadata->url.empty();  // they were lost: see choose_voucher()
  const bool compared_later = version.voucher == Voucher::digest || unknown || (same_but_secrets && !strong);
  version.of_other_url = !same_but_secrets;
  if (unknown) return {};
  if (journal.claimed() > 0 && !strong && !compared_later) {
    Error error = task.fetcher.problem(Cause::changed, Remedy::stop,
                                       "what is here is of another URL, and there is no strong validator to compare");
    error.hints = {Hint::start_over, Hint::choose_other_name};
    return error;
  }
  auto compared = compared_later ? Result<void>() : compare_samples(task, version, journal, same_but_secrets);
  if (!compared) return compared;
  Metadata updated = journal.metadata().value_or(Metadata{});  // which may say more by then
  updated.url = task.url.redacted();
  updated.url_hash = hash_of(task.url);
  return journal.set_metadata(updated);
}

}  // namespace

Result<void> check_continuation(TaskContext& task, Version& version, Journal& journal) {
  version.continued_from = journal.claimed();
  auto chosen = choose_voucher(task, version, journal);
  return chosen ? check_same(task, version, journal) : chosen;
}

Result<void> forget_refuted(TaskContext& task, Journal& journal) {
  if (!task.request.checksum) return {};
  auto metadata = journal.metadata();
  if (!metadata || metadata->refuted != journal_name_of(*task.request.checksum)) return {};
  task.progress.remark("what is here does not have this checksum: fetching all of it again");
  Result<void> step;
  for (std::uint32_t i = 0; step && i < journal.identity().layout->count(); ++i) {
    step = forget(journal, Segment{i});
  }
  if (step) step = journal.sync();
  metadata->refuted = 0;
  if (step) step = journal.set_metadata(*metadata);
  return step ? journal.sync() : step;
}

Result<void> vouch_otherwise(TaskContext& task, Version& version, Journal& journal, const Error& change) {
  version.switched = true;
  const bool by_digest = task.request.checksum && journal.identity().resource.coding.empty();
  version.voucher = by_digest ? Voucher::digest : Voucher::bytes;
  task.progress.remark(change.reason + (by_digest
                                            ? ", at the same size: the checksum will decide"
                                            : ", at the same size: comparing one response with all that is here"));
  return mark_mixed(journal);
}

}  // namespace segdl::engine
