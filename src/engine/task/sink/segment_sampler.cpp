#include "engine/task/sink/segment_sampler.h"

#include "core/base/errors.h"
#include "engine/base/pieces.h"

#include <fmt/format.h>

#include <algorithm>
#include <utility>
#include <vector>

namespace segdl::engine {

SegmentSampler::SegmentSampler(const Journal& journal, TaskProgress& task_progress, Fetcher& fetcher,
                               std::deque<Segment> segments)
    : journal_(journal),
      task_progress_(task_progress),
      fetcher_(fetcher),
      segments_(std::move(segments)),
      piece_(kIoBuffer) {}

Result<std::optional<Range>> SegmentSampler::next() {
  if (segments_.empty()) return std::optional<Range>();
  const Range range = journal_.identity().layout->range(segments_.front());
  return std::optional(Range{range.begin + hashed_, range.end});
}

std::span<std::byte> SegmentSampler::space(std::uint64_t offset) {
  std::uint64_t room = piece_.size();
  if (!segments_.empty()) {
    // Never across the edge of the segment being compared.
    const Range range = journal_.identity().layout->range(segments_.front());
    const std::uint64_t begin = range.begin + hashed_;
    const std::uint64_t edge = offset < begin ? begin : range.end;
    if (offset < edge) room = std::min(room, edge - offset);
  }
  return std::span(piece_).first(room);
}

Result<void> SegmentSampler::arrived(std::uint64_t offset, std::size_t count) {
  task_progress_.bytes().discarded(count);
  if (segments_.empty()) return {};
  const Segment segment = segments_.front();
  const Range range = journal_.identity().layout->range(segment);
  if (offset != range.begin + hashed_) return {};
  digest_.update(std::span(piece_).first(count));
  hashed_ += count;
  fetcher_.retry().progressed(count);  // each byte of what is compared counts once
  if (hashed_ < range.size()) return {};
  auto proof = journal_.proof(segment);
  if (!proof) return std::move(proof).error();
  if (digest_.value() != *proof) {
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

std::deque<Segment> choose_samples(const Journal& journal, std::uint32_t count) {
  const std::vector<Segment> claimed = claimed_segments(journal);
  std::deque<Segment> samples;
  const std::uint64_t wanted = std::min<std::uint64_t>(count, claimed.size());
  // The n-th sample is the claim nearest to n equal steps through all of them: the first, ..., the last.
  for (std::uint64_t n = 0; n < wanted; ++n) {
    samples.push_back(claimed[wanted == 1 ? claimed.size() - 1 : n * (claimed.size() - 1) / (wanted - 1)]);
  }
  return samples;
}

}  // namespace segdl::engine
