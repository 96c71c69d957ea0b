// Bytes of a resource, collected into whole segments and committed.
//
// A worker's buffer holds the one segment being filled. When it is full: written in one piece while it is still in
// cache, hashed, then its digest, then its bit (J3). An interruption leaves the buffer as it is, so the next request
// goes on inside the segment; and a worker that ends or is sent elsewhere leaves the buffer to the next one at the
// segment. Of a response that begins at byte 0 because the server does not serve ranges any more,
// the segments that are missing are kept and the others dropped. Used by one thread; the other workers of the download
// have sinks of their own.
#pragma once

#include "core/store/layout.h"
#include "engine/fetch/fetch_loop.h"
#include "engine/progress/task_progress.h"
#include "engine/schedule/worker.h"
#include "engine/store/journal/checkpoint.h"
#include "engine/store/journal/proof.h"
#include "engine/store/output_file.h"

#include <atomic>
#include <cstddef>
#include <cstdint>
#include <memory>
#include <optional>
#include <span>
#include <utility>
#include <vector>

namespace segdl::engine {

// What the workers of one download write to, and how they divide it.
struct Work {
  OutputFile& output_file;
  Dispatcher& dispatcher;
  Checkpoint& checkpoint;
  Watch& watch;
  TaskProgress& task_progress;
  const Resource& known;
  Layout layout;
  std::atomic<bool> aside;  // something is set aside until the first segment is here
};

// J3: the data, its digest, the bit; then what else comes with a claim. REQUIRES: begin_commit() returned true.
Result<void> write_segment(Work&, Assignment&, Segment, std::span<const std::byte>);

class SegmentSink : public SinkDefaults {
 public:
  // REQUIRES: everything referred to outlives the sink; work.output_file.has_journal().
  SegmentSink(Work& work, Assignment& assignment, Fetcher& fetcher)
      : work_(work), assignment_(assignment), fetcher_(fetcher) {}
  ~SegmentSink() { release(); }
  SegmentSink(const SegmentSink&) = delete;
  SegmentSink& operator=(const SegmentSink&) = delete;

  // A BodySink. Nothing is wanted where there is no work for one more at the moment. `brings_all`: for a response
  // at hand that brings what lies behind as well, as far as it is used.
  Result<std::optional<Range>> next(bool brings_all);
  void begins(const UsableBody&);
  std::span<std::byte> space(std::uint64_t offset);
  Result<void> arrived(std::uint64_t offset, std::size_t count);
  Result<void> body_ended(std::uint64_t);
  Result<void> interrupted(Remedy);

  // Reports to the fetcher how much of what came had never come before.
  void count_progress() { fetcher_.retry().progressed(assignment_.gained(filling_, filled_)); }

  // Holds nothing any more: who waits, or ends, leaves the work and what it has of it to the others.
  void release();

  // Forgets the unfinished segment: it will be fetched from its beginning.
  void drop_unfinished();

  // What was committed of the latest response, unless that has ended in order.
  std::vector<Segment> take_brought() { return std::exchange(brought_, {}); }

  // Where the next response should begin.
  std::uint64_t wanted() const { return wanted_; }

  // Where the latest response was left, if that was because what follows is here.
  std::optional<std::uint64_t> left_for_what_is_here() const { return left_for_what_is_here_; }

 private:
  void holds(Span);
  bool begin_segment(Segment);
  void let_go();
  void take_kept();
  Result<void> commit();

  Work& work_;
  Assignment& assignment_;
  Fetcher& fetcher_;
  std::unique_ptr<std::byte[]> buffer_;  // one segment; allocated at need
  std::vector<std::byte> dropped_;       // where unwanted bytes go; likewise
  Span span_;                            // what this worker holds
  std::uint64_t wanted_ = 0;             // where the next response should begin
  bool whole_ = false;                   // everything comes, from the beginning
  bool brings_all_ = false;              // the response that was asked for
  std::optional<std::uint64_t> left_for_what_is_here_;
  std::optional<Segment> filling_;  // what the buffer holds the beginning of
  std::uint64_t filled_ = 0;
  std::vector<Segment> brought_;  // by the present response
};

}  // namespace segdl::engine
