// SegmentedFetch's passes: until what arrived is still there when it is about to get its name.
#include "core/base/errors.h"
#include "engine/store/journal/proof.h"
#include "engine/task/damage.h"
#include "engine/task/segmented_fetch.h"
#include "engine/task/sink/prefix_hasher.h"
#include "engine/task/sink/whole_digest.h"

#include <fmt/format.h>

#include <utility>

namespace segdl::engine {

Result<void> SegmentedFetch::fetch() {
  inherited_.assign(layout_.count(), false);
  std::uint64_t claimed = 0;
  for (const Segment segment : claimed_segments(journal_)) {
    inherited_[index(segment)] = true;
    claimed += layout_.range(segment).size();
  }
  task_.progress.bytes().plan(journal_.identity(), claimed);
  for (unsigned repairs = 0;; ++repairs) {
    Pass pass{output_file_, Watch(output_file_.data()), repairs > 0};
    auto step = fetch_missing(pass);
    const bool gave_up = !step && contradicted_ && repairs < kMaxRepairs;
    if (!step && !doubted_ && !gave_up) return step;
    if (gave_up) task_.progress.remark(step.error().reason + ": what came without a length is fetched again");
    pass.watch.look_at_whole(layout_.total());
    const bool must = !step || task_.request.verify || repairs > 0;
    if (!must && !pass.watch.found_traces()) return step;
    task_.progress.enter(Phase::verifying);
    auto damaged = find_damaged(output_file_.data(), journal_, task_.stop);
    if (!damaged) return std::move(damaged).error();
    auto mended = mend_length(output_file_.data(), layout_.total());
    if (!mended) return std::move(mended).error();
    const bool clean = damaged->empty() && !*mended;
    version_.rehashed = clean && step;
    if (version_.rehashed) return step;
    if (clean && gave_up) continue;
    if (clean && step.error().cause == Cause::integrity) {
      auto blamed = adoption_.give_up(output_file_, inherited_);
      if (!blamed) return std::move(blamed).error();
      if (!*blamed) return refute(std::move(step).error());
      continue;
    }
    if (repairs >= kMaxRepairs && clean) return step;
    if (repairs >= kMaxRepairs) {
      return does_not_stay(output_file_, damaged->empty() ? 0 : layout_.range(damaged->front()).begin);
    }
    auto revoked = revoke_damaged(std::move(*damaged));
    if (!revoked) return revoked;
  }
}

// Without a strong validator the other response may be of another version: the disk must not have claims of both.
Result<void> SegmentedFetch::revoke_damaged(std::vector<Segment> damaged) {
  if (damaged.empty()) return {};
  const bool together = version_.voucher == Voucher::digest || journal_.identity().resource.validator.strong();
  if (!together) {
    // Two responses can't be joined unseen: all of it comes in one once more.
    damaged.clear();
    for (std::uint32_t i = 0; i < layout_.count(); ++i) damaged.push_back(Segment{i});
  }
  std::uint64_t bytes = 0;
  for (const Segment segment : damaged) {
    auto revoked = together ? journal_.revoke(segment) : forget(journal_, segment);
    if (!revoked) return revoked;
    task_.progress.bytes().damaged(layout_.range(segment), inherited_[index(segment)]);
    bytes += layout_.range(segment).size();
  }
  task_.progress.remark(
      fmt::format("{} was changed after it was written, by another program or the disk: {} bytes are fetched "
                  "again",
                  part_of(output_file_), bytes));
  return together ? Result<void>() : journal_.sync();
}

// What came in responses that may be of another place of the resource; durably, as all that is no failed proof (J4).
Result<void> SegmentedFetch::forget_doubted(const std::vector<Segment>& segments) {
  contradicted_ = !segments.empty();
  if (segments.empty()) return {};
  for (const Segment segment : segments) {
    auto step = forget(journal_, segment);
    if (!step) return step;
    task_.progress.bytes().damaged(layout_.range(segment), false);
  }
  return journal_.sync();
}

// A digest that is wrong, or a file that can't be read, may be due to another program or the disk: then what is damaged
// is fetched again, and this is done once more.
Result<void> SegmentedFetch::check_whole(PrefixHasher& front) {
  task_.progress.enter(Phase::verifying);
  auto step = front.finish(output_file_.path(), task_.stop);
  doubted_ = !step && (step.error().cause == Cause::integrity || step.error().cause == Cause::local);
  return step;
}

// All of it is what was sent, and it is not what the request expects. Who is wrong is not known: the checksum may be
// mistyped, so the claims stay; the bytes may have been wrong on their way, so the journal names the checksum, and a
// run that expects the same one begins by giving them up.
Result<void> SegmentedFetch::refute(Error error) {
  const bool may_have_changed = version_.switched && journal_.identity().resource.validator.strong();
  if (may_have_changed && version_.voucher == Voucher::digest) {
    error.remedy = Remedy::restart;
    return error;
  }
  version_.refuted = true;
  Metadata metadata = journal_.metadata().value_or(Metadata{task_.url.redacted()});
  metadata.refuted = journal_name_of(*task_.request.checksum);
  auto step = journal_.set_metadata(metadata);
  if (step) step = journal_.sync();
  if (!step) return step;
  return with_hints(std::move(error), {Hint::check_checksum_first, Hint::fetch_again});
}

}  // namespace segdl::engine
