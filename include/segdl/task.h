// A handle to one download.
#pragma once

#include <segdl/error.h>
#include <segdl/event.h>
#include <segdl/progress.h>
#include <segdl/request.h>
#include <segdl/segment_map.h>

#include <chrono>
#include <cstddef>
#include <cstdint>
#include <memory>
#include <vector>

namespace segdl::engine {
struct TaskState;
}

#pragma GCC visibility push(default)
namespace segdl {

// A handle to one download. Move-only.
//
// The download belongs to its Session. Destroying the handle cancels it and waits for its end: up to 200 ms, longer
// while the output is being published or a disk or the consumer is slow.
// Thread-safe, except for moving and destroying it. A handle that was moved from may only be destroyed or assigned to.
class Task {
 public:
  Task(Task&& other) noexcept;
  Task& operator=(Task&& other) noexcept;
  ~Task();

  // Unique in its session.
  std::uint64_t id() const;

  // Waits for the end and returns the result. A suspended task has none until another thread resumes or cancels it.
  // Every call returns the same object, which lives as long as the task, wherever its handle is moved.
  const Result<Report>& wait();

  // Waits for the end, up to `timeout`. True if it has ended.
  bool wait_for(std::chrono::milliseconds timeout);

  // Requests the download to end, suspended or not, and returns immediately.
  // The files on disk stay, and the same request continues from them.
  // wait() then returns Cause::cancelled, or the result if the download ended first: once publishing has begun, the
  // output is published.
  void cancel();

  // Requests the download to pause, and returns immediately. A state, not a count: twice is once.
  //
  // It then ends its requests and lets go of its threads, connections, files and locks: Phase::suspended, usually
  // within 200 ms. What was claimed stays on disk, so that at most the segment being received on each connection is
  // fetched again, and all of a resource without ranges (Report::wasted). A queued one keeps its place in the queue.
  // A consumer, or the reader of a pipe, delays it until it has taken what it was given.
  // Suspended time counts for no limit. Until resume(), another download of the same output may continue or publish it.
  // No effect once it has ended, or if publishing has begun: then it ends.
  void suspend();

  // Takes that back. It is queued again, in its old place; its claims are proved again while the rest is fetched, and
  // the resource is checked to be the same, as by the same request after a failure.
  // With a consumer it continues after the bytes delivered, by the rules of Request::consumer. A pipe stays open.
  // No effect unless it is suspended, or about to be.
  void resume();

  // Changes Request::priority, which takes effect while it is queued, at any time.
  void set_priority(int priority);

  // A copy of the state at this moment; cheap enough to call many times a second.
  Progress progress() const;

  // The events since the last call, oldest first. Each event is returned once, by one of the threads that call this.
  // Empty unless Request::events is set. After the end one more call returns the rest.
  // At most kMaxEvents are kept between calls.
  std::vector<Event> take_events();

  // The state of the segments at this moment, in at most `cells` cells, and no more than there are segments.
  //
  // Empty while it is not fetching in segments: before the first response, during and after publishing, and for
  // resources that are small or come as a stream.
  // Takes some microseconds, O(cells * log(segments) + connections), for which the download is blocked.
  // The counts of a cell with more than a few runs of missing segments are estimates.
  SegmentMap map(std::size_t cells) const;

 private:
  friend class Session;
  explicit Task(std::unique_ptr<engine::TaskState> state);
  std::unique_ptr<engine::TaskState> state_;
};

}  // namespace segdl
#pragma GCC visibility pop
