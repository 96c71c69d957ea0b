#include "engine/task/sink/segment_sink.h"

#include "core/base/require.h"
#include "core/base/xxh3.h"

#include <algorithm>

namespace segdl::engine {

constexpr std::uint64_t kDropPiece = 64 * kKiB;

// What it costs to take work from another worker: its response is left unread, with what the sockets hold of it, and
// its connection with it; two new ones have to get going.
constexpr double kMinCost = 0.02;  // seconds
constexpr double kRoundTrips = 2;  // to connect, and to ask

Result<void> write_segment(Work& work, Assignment& assignment, Segment segment, std::span<const std::byte> bytes) {
  assignment.writing = true;
  const Range range = work.layout.range(segment);
  // Only this write gives a file that was cut its length again, and would hide it.
  if (range.end == work.layout.total()) work.watch.look(range.end);
  auto step = work.output_file.data().write_at(range.begin, bytes);
  if (step) step = work.output_file.journal().commit(segment, digest_of(bytes));
  if (step && work.aside.exchange(false)) step = work.output_file.backup().drop();
  if (step) step = work.checkpoint.committed(segment, bytes.size());
  assignment.writing = false;
  return step;
}

void SegmentSink::release() {
  let_go();
  assignment_.release();
  span_ = {};
}

Result<std::optional<Range>> SegmentSink::next(bool brings_all) {
  brings_all_ = brings_all;
  holds(assignment_.asks());
  if (span_.empty()) {
    const std::uint64_t left = work_.dispatcher.missing_bytes();
    const double latency = std::chrono::duration<double>(fetcher_.latency()).count();
    if (brings_all) assignment_.reads_ahead(fetcher_.reserve());
    const std::uint64_t limit = fetcher_.span_limit(left);
    auto span = assignment_.next(limit, {fetcher_.flow().speed(), kMinCost + kRoundTrips * latency});
    if (!span) return std::move(span).error();
    if (!span->has_value()) return std::optional<Range>();
    span_ = **span;
  }
  take_kept();
  const Range range = work_.layout.range(span_);
  wanted_ = range.begin + filled_;
  require(wanted_ < range.end, "a range was to be asked for that ends before it begins");
  return std::optional(Range{wanted_, range.end});
}

// The segment that was being filled may be another worker's now.
void SegmentSink::holds(Span span) {
  span_ = span;
  if (filling_ && (span.empty() || Segment{span.begin} != *filling_)) let_go();
}

void SegmentSink::begins(const UsableBody& body) {
  // A whole resource that begins where this worker wants it to is read as a part that goes on.
  whole_ = !body.partial && body.begin != wanted_;
  left_for_what_is_here_.reset();
  if (body.begin != wanted_) {
    release();
    if (brings_all_) assignment_.reads_ahead(fetcher_.reserve());
  }
  holds(assignment_.answered());
}

// Whether the segment is wanted; then it is what the buffer is for from here on. A response that goes on brings what
// comes behind the span as well.
bool SegmentSink::begin_segment(Segment segment) {
  if (span_.empty()) {
    const std::uint64_t left = work_.dispatcher.missing_bytes();
    const std::uint64_t limit = whole_ ? 0 : fetcher_.span_limit(left);
    span_ = assignment_.go_on(segment, limit).value_or(Span{});
  }
  if (span_.empty() || Segment{span_.begin} != segment) return false;
  filling_ = segment;
  filled_ = 0;
  if (!buffer_) {
    buffer_ = std::make_unique_for_overwrite<std::byte[]>(std::min(work_.layout.segment_size(), work_.layout.total()));
  }
  return true;
}

std::span<std::byte> SegmentSink::space(std::uint64_t offset) {
  const Segment segment = work_.layout.at(offset);
  const Range range = work_.layout.range(segment);
  const bool goes_on = filling_ == segment && range.begin + filled_ == offset;
  if (goes_on || (offset == range.begin && begin_segment(segment))) {
    return std::span(buffer_.get(), range.size()).subspan(filled_);
  }
  // Behind what is wanted is what came or comes to another worker; before it what came to one while this one waited.
  const bool before = !span_.empty() && index(segment) < span_.begin;
  // In this order: a worker that is refused reports that before it lets go of what it had requested.
  const bool reads_on = assignment_.is_asked_for_behind(segment) || fetcher_.context().source.failures.gives_no_more();
  if (!whole_ && !before && !reads_on) {
    if (work_.dispatcher.is_here(segment)) left_for_what_is_here_ = offset;
    return {};
  }
  dropped_.resize(kDropPiece);
  return std::span(dropped_).first(std::min<std::uint64_t>(dropped_.size(), range.end - offset));
}

Result<void> SegmentSink::arrived(std::uint64_t offset, std::size_t count) {
  const bool kept = filling_ && work_.layout.range(*filling_).begin + filled_ == offset;
  if (!kept) {
    work_.task_progress.bytes().discarded(count);
    return {};
  }
  filled_ += count;
  assignment_.filled = filled_;
  return filled_ == work_.layout.range(*filling_).size() ? commit() : Result<void>();
}

Result<void> SegmentSink::body_ended(std::uint64_t) {
  brought_.clear();
  return {};
}

Result<void> SegmentSink::commit() {
  const Segment segment = *filling_;
  if (!assignment_.begin_commit(segment)) {  // a hedge was sooner
    drop_unfinished();
    span_ = assignment_.held();
    return {};
  }
  auto step = write_segment(work_, assignment_, segment, std::span(buffer_.get(), filled_));
  if (!step) return step;
  brought_.push_back(segment);
  filling_.reset();
  filled_ = 0;
  assignment_.filled = 0;
  if (!whole_) fetcher_.context().source.failures.progressed();  // what comes with it may have come often
  span_ = assignment_.committed(segment);
  return step;
}

Result<void> SegmentSink::interrupted(Remedy) {
  count_progress();
  // What it asks for again may go to another before it is answered.
  if (fetcher_.retry().made_progress()) holds(assignment_.asks());
  return work_.checkpoint.pausing();
}

// Leaves the unfinished segment to the worker that is at it next; until then its bytes count for nothing.
void SegmentSink::let_go() {
  const auto segment = filling_;
  const std::uint64_t filled = filled_;
  drop_unfinished();
  if (segment && filled > 0) assignment_.keep(*segment, {std::move(buffer_), filled});
}

// Goes on with what another worker has left of the segment, where that is more.
void SegmentSink::take_kept() {
  const Segment segment{span_.begin};
  Prefix kept = assignment_.take_kept(segment, filled_);
  if (kept.filled == 0) return;
  drop_unfinished();
  work_.task_progress.bytes().regained(kept.filled);
  buffer_ = std::move(kept.bytes);
  filling_ = segment;
  assignment_.filled = filled_ = kept.filled;
}

void SegmentSink::drop_unfinished() {
  if (!filling_) return;
  work_.task_progress.bytes().discarded(filled_);
  filling_.reset();
  filled_ = 0;
  assignment_.filled = 0;
}

}  // namespace segdl::engine
