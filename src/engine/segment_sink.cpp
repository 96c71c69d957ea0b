#include "engine/segment_sink.h"

#include "core/xxh3.h"

#include <algorithm>
#include <utility>

namespace segdl::engine {
namespace {

constexpr std::uint64_t kDropPiece = 64 * kKiB;

}  // namespace

SegmentSink::SegmentSink(Place& place, Dispatcher& dispatcher, Checkpoint& checkpoint, Meter& meter, Fetcher& fetcher,
                         bool one_request)
    : place_(place),
      dispatcher_(dispatcher),
      checkpoint_(checkpoint),
      meter_(meter),
      fetcher_(fetcher),
      one_request_(one_request),
      layout_(*place.journal().identity().layout),
      buffer_(std::min(layout_.segment_size(), layout_.total())) {}

SegmentSink::~SegmentSink() {
  drop_unfinished();
  if (!span_.empty()) dispatcher_.release(span_);
}

Result<std::optional<Range>> SegmentSink::next(std::stop_token stop) {
  if (filling_) {
    const Range segment = layout_.range(*filling_);
    return std::optional(Range{segment.begin + filled_, in_span(*filling_) ? layout_.range(span_).end : segment.end});
  }
  if (span_.empty()) {
    auto span = dispatcher_.next(one_request_ ? layout_.total() : fetcher_.span_limit(), stop);
    if (!span) return std::move(span).error();
    if (!span->has_value()) return std::optional<Range>();
    span_ = **span;
  }
  return std::optional(layout_.range(span_));
}

bool SegmentSink::in_span(Segment segment) const { return span_.begin <= index(segment) && index(segment) < span_.end; }

// If the segment is wanted, it is what the buffer is for from here on.
void SegmentSink::begin_segment(Segment segment) {
  if (filling_ == segment) {  // begun before; this response begins it again
    meter_.discarded(filled_);
    filled_ = 0;
  } else if (in_span(segment) || dispatcher_.grant(segment)) {
    drop_unfinished();
    filling_ = segment;
  }
}

std::span<std::byte> SegmentSink::space(std::uint64_t offset) {
  const Segment segment = layout_.at(offset);
  const Range range = layout_.range(segment);
  const bool goes_on = filling_ == segment && range.begin + filled_ == offset;
  if (!goes_on && offset == range.begin) begin_segment(segment);
  if (filling_ == segment && range.begin + filled_ == offset) {
    return std::span(buffer_).subspan(filled_, range.size() - filled_);
  }
  dropped_.resize(kDropPiece);
  return std::span(dropped_).first(std::min<std::uint64_t>(dropped_.size(), range.end - offset));
}

Result<void> SegmentSink::arrived(std::uint64_t offset, std::size_t count) {
  const bool kept = filling_ && layout_.range(*filling_).begin + filled_ == offset;
  if (!kept) {
    meter_.discarded(count);
    return {};
  }
  filled_ += count;
  if (committed_ + filled_ > most_kept_) {
    fetcher_.progressed(committed_ + filled_ - most_kept_);
    most_kept_ = committed_ + filled_;
  }
  return filled_ == layout_.range(*filling_).size() ? commit() : Result<void>();
}

Result<void> SegmentSink::commit() {
  const Segment segment = *filling_;
  const auto bytes = std::span(buffer_).first(filled_);
  auto step = place_.data().write_at(layout_.range(segment).begin, bytes);
  if (step) step = place_.journal().commit(segment, digest_of(bytes));
  if (!step) return step;
  filling_.reset();
  filled_ = 0;
  committed_ += bytes.size();
  last_committed_ = segment;
  if (index(segment) == span_.begin && !span_.empty()) ++span_.begin;
  dispatcher_.committed(segment);
  if (step) step = place_.drop_aside();
  if (step) step = checkpoint_.committed(segment, bytes.size());
  return step;
}

void SegmentSink::drop_unfinished() {
  if (!filling_) return;
  meter_.discarded(filled_);
  const Segment segment = *filling_;
  filling_.reset();
  filled_ = 0;
  if (!in_span(segment)) dispatcher_.release({index(segment), index(segment) + 1});
}

}  // namespace segdl::engine
