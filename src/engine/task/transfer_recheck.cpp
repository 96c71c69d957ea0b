// Transfer's way of making sure that what arrived is still there when it is about to get its name.
#include "core/base/errors.h"
#include "engine/fetch/fetch_loop.h"
#include "engine/progress/planned.h"
#include "engine/store/journal/proof.h"
#include "engine/store/journal/recheck.h"
#include "engine/task/sink/stream_sink.h"
#include "engine/task/transfer.h"

#include <fmt/format.h>

#include <utility>
#include <vector>

namespace segdl::engine {
namespace {

std::string part_of(OutputFile& output_file) { return output_file.directory().path_of(output_file.names().part); }

Error does_not_stay(OutputFile& output_file, std::uint64_t offset) {
  Error error = make_error(Cause::integrity, "verify", part_of(output_file),
                           fmt::format("what was written there does not stay: it was fetched again {} times, and each "
                                       "time another program or the disk changed it",
                                       kMaxRepairs));
  error.offset = offset;
  return with_hints(std::move(error), {Hint::find_interference});
}

}  // namespace

Result<bool> Transfer::mend_length(File& data, std::uint64_t length) {
  auto status = data.status();
  if (!status) return std::move(status).error();
  if (status->size == length) return false;
  auto reserved = data.reserve(length);
  if (!reserved) return std::move(reserved).error();
  auto resized = data.resize(length);
  if (!resized) return std::move(resized).error();
  return true;
}

// Until all of it is there, and nothing shows that it is not what arrived. What was damaged meanwhile is fetched again:
// a claim whose proof fails is revoked like one of an earlier run (J4).
Result<void> Transfer::fetch_segments(OutputFile& output_file, const Resource& known, std::optional<Response> first) {
  const JournalIdentity& identity = output_file.journal().identity();
  std::vector<bool> inherited(identity.layout->count());
  std::uint64_t claimed = 0;
  for (const Segment segment : claimed_segments(output_file.journal())) {
    inherited[index(segment)] = true;
    claimed += identity.layout->range(segment).size();
  }
  task_.progress.bytes().plan(planned(identity, claimed));
  for (unsigned repairs = 0;; ++repairs) {
    Pass pass{output_file, Watch(output_file.data()), repairs > 0};
    auto step = fetch_missing(pass, known, std::exchange(first, std::nullopt));
    const bool gave_up = !step && contradicted_ && repairs < kMaxRepairs;
    if (!step && !doubted_ && !gave_up) return step;
    if (gave_up) task_.progress.remark(step.error().reason + ": what came without a length is fetched again");
    pass.watch.look_at_whole(identity.layout->total());
    const bool must = !step || task_.request.verify || repairs > 0;
    if (!must && !pass.watch.found_traces()) return step;
    task_.progress.enter(Phase::verifying);
    auto damaged = find_damaged(output_file.data(), output_file.journal(), task_.stop);
    if (!damaged) return std::move(damaged).error();
    auto mended = mend_length(output_file.data(), identity.layout->total());
    if (!mended) return std::move(mended).error();
    const bool clean = damaged->empty() && !*mended;
    rehashed_ = clean && step;
    if (rehashed_) return step;
    if (clean && gave_up) continue;
    if (clean && step.error().cause == Cause::integrity) {
      auto blamed = give_up_adopted(output_file, inherited);
      if (!blamed) return std::move(blamed).error();
      if (!*blamed) return refute(output_file, std::move(step).error());
      continue;
    }
    if (repairs >= kMaxRepairs && clean) return step;
    if (repairs >= kMaxRepairs) {
      return does_not_stay(output_file, damaged->empty() ? 0 : identity.layout->range(damaged->front()).begin);
    }
    auto revoked = revoke_damaged(output_file, std::move(*damaged), inherited);
    if (!revoked) return revoked;
  }
}

// Without a strong validator the other response may be of another version: the disk must not have claims of both.
Result<void> Transfer::revoke_damaged(OutputFile& output_file, std::vector<Segment> damaged,
                                      const std::vector<bool>& inherited) {
  if (damaged.empty()) return {};
  Journal& journal = output_file.journal();
  const Layout& layout = *journal.identity().layout;
  const bool together = voucher_ == Voucher::digest || journal.identity().validator.strong();
  if (!together) {
    // Two responses can't be joined unseen: all of it comes in one once more.
    damaged.clear();
    for (std::uint32_t i = 0; i < layout.count(); ++i) damaged.push_back(Segment{i});
  }
  std::uint64_t bytes = 0;
  for (const Segment segment : damaged) {
    auto revoked = together ? journal.revoke(segment) : forget(journal, segment);
    if (!revoked) return revoked;
    task_.progress.bytes().damaged(layout.range(segment), inherited[index(segment)]);
    bytes += layout.range(segment).size();
  }
  task_.progress.remark(
      fmt::format("{} was changed after it was written, by another program or the disk: {} bytes are fetched "
                  "again",
                  part_of(output_file), bytes));
  return together ? Result<void>() : journal.sync();
}

// The same for a stream, of which the whole has one proof: what was damaged begins again.
Result<void> Transfer::keep_stream(OutputFile& output_file, const Resource& known, Response first) {
  std::optional<Response> at_hand(std::move(first));
  for (unsigned repairs = 0;; ++repairs) {
    Pass pass{output_file, Watch(output_file.data()), false};
    auto step = receive_stream(pass, known, std::exchange(at_hand, std::nullopt));
    if (!step) return step;
    const Metadata metadata = output_file.journal().metadata().value_or(Metadata{});
    pass.watch.look_at_whole(metadata.stream_length);
    if (!task_.request.verify && !pass.watch.found_traces() && repairs == 0) return {};
    task_.progress.enter(Phase::verifying);
    auto intact = stream_intact(output_file.data(), metadata, task_.stop);
    if (!intact) return std::move(intact).error();
    auto mended = mend_length(output_file.data(), metadata.stream_length);
    if (!mended) return std::move(mended).error();
    if (*intact) {
      rehashed_ = true;
      return *mended ? settle_stream(output_file) : Result<void>();
    }
    if (repairs == kMaxRepairs) return does_not_stay(output_file, 0);
    auto emptied = drop_stream(output_file, metadata);
    if (!emptied) return emptied;
  }
}

Result<void> Transfer::drop_stream(OutputFile& output_file, Metadata metadata) {
  task_.progress.bytes().discarded(metadata.stream_length);
  task_.progress.remark(fmt::format(
      "{} was changed after it was written, by another program or the disk: starting over", part_of(output_file)));
  metadata.stream_complete = false;
  auto step = output_file.journal().set_metadata(metadata);
  return step ? output_file.data().resize(0) : step;
}

// A small file is read back from where it was written.
Result<void> Transfer::reread_small(OutputFile& output_file, UnnamedFile& file, std::span<const std::byte> bytes) {
  for (unsigned repairs = 0;; ++repairs) {
    auto holds = holds_exactly(file.file(), bytes);
    if (!holds) return std::move(holds).error();
    if (*holds) break;
    if (repairs == kMaxRepairs) return does_not_stay(output_file, 0);
    auto step = file.write(bytes);
    if (!step) return step;
  }
  rehashed_ = true;
  return {};
}

}  // namespace segdl::engine
