// Bytes of a resource, collected into whole segments and committed.
//
// A worker's buffer holds the one segment being filled. When it is full: written in one piece while it is still in
// cache, hashed, then its digest, then its bit (J3). An interruption leaves the buffer as it is, so the next request
// goes on inside the segment. Of a response that begins at byte 0 because the server does not serve ranges any more,
// the segments that are missing are kept and the others dropped. Used by one thread.
#pragma once

#include "core/layout.h"
#include "engine/checkpoint.h"
#include "engine/dispatcher.h"
#include "engine/fetcher.h"
#include "engine/meter.h"
#include "engine/place.h"

#include <cstddef>
#include <cstdint>
#include <optional>
#include <span>
#include <stop_token>
#include <vector>

namespace segdl::engine {

class SegmentSink {
 public:
  // `one_request`: all that is missing is asked for at once, since without a strong validator two responses can't be
  // joined. REQUIRES: everything referred to outlives the sink; place.has_journal().
  SegmentSink(Place&, Dispatcher&, Checkpoint&, Meter&, Fetcher&, bool one_request);
  ~SegmentSink();
  SegmentSink(const SegmentSink&) = delete;
  SegmentSink& operator=(const SegmentSink&) = delete;

  Result<std::optional<Range>> next(std::stop_token);
  std::span<std::byte> space(std::uint64_t offset);
  Result<void> arrived(std::uint64_t offset, std::size_t count);
  Result<void> body_ended(std::uint64_t) { return {}; }
  Result<void> interrupted() { return checkpoint_.pausing(); }

  // Forgets the unfinished segment: it will be fetched from its beginning.
  void drop_unfinished();

  // The segment committed last in this run.
  std::optional<Segment> last_committed() const { return last_committed_; }

 private:
  bool in_span(Segment) const;
  void begin_segment(Segment);
  Result<void> commit();

  Place& place_;
  Dispatcher& dispatcher_;
  Checkpoint& checkpoint_;
  Meter& meter_;
  Fetcher& fetcher_;
  bool one_request_;
  Layout layout_;
  std::vector<std::byte> buffer_;   // one segment
  std::vector<std::byte> dropped_;  // where unwanted bytes go; allocated at need
  Span span_;                       // granted to this worker and not yet committed
  std::optional<Segment> filling_;  // what `buffer_` holds the beginning of
  std::uint64_t filled_ = 0;
  std::optional<Segment> last_committed_;
  std::uint64_t committed_ = 0;  // bytes, in this run
  std::uint64_t most_kept_ = 0;  // committed and filled, at its highest
};

}  // namespace segdl::engine
