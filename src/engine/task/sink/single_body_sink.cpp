#include "engine/task/sink/single_body_sink.h"

#include "core/base/xxh3.h"

#include <fmt/format.h>

#include <utility>

namespace segdl::engine {

// How much is compared before the first hole, if so much is claimed there.
constexpr std::uint64_t kCompared = kMiB;

// The beginning of the claims that end at the first hole, kCompared of them at most; whole segments.
std::uint64_t SingleBodySink::resume_at() const {
  const Journal& journal = work_.output_file.journal();
  std::uint32_t hole = 0;
  while (hole < work_.layout.count() && journal.claims(Segment{hole})) ++hole;
  if (hole == 0) return 0;
  const std::uint64_t claimed = work_.layout.range(Segment{hole - 1}).end;
  const std::uint64_t from = claimed - std::min(claimed, std::max(kCompared, work_.layout.segment_size()));
  return work_.layout.range(work_.layout.at(from)).begin;
}

Result<std::optional<Range>> SingleBodySink::next() {
  drop_segment();  // of a body that ended inside it: then it is missing
  if (auto error = work_.dispatcher.error()) return *std::move(error);
  if (work_.dispatcher.missing_bytes() == 0) return std::optional<Range>();
  return std::optional(Range{resumes_ ? resume_at() : 0, work_.layout.total()});
}

void SingleBodySink::begins(const UsableBody& body) {
  begin_ = body.begin;
  compared_ = 0;
}

std::span<std::byte> SingleBodySink::space(std::uint64_t offset) {
  const Segment segment = work_.layout.at(offset);
  const Range range = work_.layout.range(segment);
  if (offset == range.begin) {
    filled_ = 0;
    if (assignment_.go_on(segment, 0)) kept_ = segment;
  }
  return std::span(buffer_.get(), range.size()).subspan(offset - range.begin);
}

Result<void> SingleBodySink::arrived(std::uint64_t offset, std::size_t count) {
  filled_ += count;
  if (kept_) assignment_.filled = filled_;
  if (!kept_) work_.task_progress.bytes().discarded(count);
  if (offset + count > furthest_) {
    if (kept_) fetcher_.retry().progressed(offset + count - std::max(offset, furthest_));
    furthest_ = offset + count;
  }
  const Segment segment = work_.layout.at(offset);
  if (filled_ < work_.layout.range(segment).size()) return {};
  auto step = kept_ ? keep(segment) : compare(segment);
  kept_.reset();
  filled_ = 0;
  assignment_.filled = 0;
  return step;
}

Result<void> SingleBodySink::keep(Segment segment) {
  // No other worker fetches here, so the right to write it is never another's.
  if (!assignment_.begin_commit(segment)) return {};
  auto step = note_joined(begin_ > 0 ? compared_ : 0);
  if (step) step = write_segment(work_, assignment_, segment, std::span(buffer_.get(), filled_));
  if (!step) return step;
  resumes_ = false;
  assignment_.committed(segment);
  return step;
}

// Before anything of the body is claimed, durably: a run that finds everything claimed has nothing to compare.
Result<void> SingleBodySink::note_joined(std::uint64_t compared) {
  if (joined_ == compared) return {};
  Journal& journal = work_.output_file.journal();
  Metadata metadata = journal.metadata().value_or(Metadata{});
  metadata.joined = compared;
  auto step = journal.set_metadata(metadata);
  if (step) step = journal.sync();
  if (step) joined_ = compared;
  return step;
}

Result<void> SingleBodySink::compare(Segment segment) {
  auto proof = work_.output_file.journal().proof(segment);
  if (!proof) return std::move(proof).error();
  if (digest_of(std::span(buffer_.get(), filled_)) == *proof) {
    compared_ += filled_;
    return {};
  }
  const Range range = work_.layout.range(segment);
  Error error = fetcher_.problem(Cause::changed, Remedy::restart,
                                 fmt::format("bytes {} to {} are not what they were", range.begin, range.end));
  error.offset = range.begin;
  return error;
}

Result<void> SingleBodySink::interrupted(Remedy) {
  drop_segment();
  return work_.checkpoint.pausing();
}

void SingleBodySink::drop_segment() {
  if (kept_) work_.task_progress.bytes().discarded(filled_);
  kept_.reset();
  filled_ = 0;
  assignment_.filled = 0;
  assignment_.release();
}

}  // namespace segdl::engine
