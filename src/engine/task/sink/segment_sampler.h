// Fetches finished segments once more and compares them with their proofs: evidence that a resource is still the one
// the journal is about, where the URL is another one (J8). What a shorter or broken response brought counts, since all
// are under one strong validator. A Sink, used by one thread.
#pragma once

#include "engine/fetch/fetch_loop.h"
#include "engine/progress/task_progress.h"
#include "engine/store/journal/journal.h"

#include "core/base/xxh3.h"

#include <cstddef>
#include <cstdint>
#include <deque>
#include <optional>
#include <span>
#include <vector>

namespace segdl::engine {

class SegmentSampler : public SinkDefaults {
 public:
  // `segments`: ascending, all claimed.
  SegmentSampler(const Journal&, TaskProgress&, Fetcher&, std::deque<Segment> segments);

  Result<std::optional<Range>> next();
  std::span<std::byte> space(std::uint64_t offset);
  Result<void> arrived(std::uint64_t offset, std::size_t count);

 private:
  const Journal& journal_;
  TaskProgress& task_progress_;
  Fetcher& fetcher_;
  std::deque<Segment> segments_;
  std::vector<std::byte> piece_;
  StreamDigest digest_;
  std::uint64_t hashed_ = 0;  // bytes of segments_.front()
};

// Up to `count` claimed segments, spread over all of them, ascending.
std::deque<Segment> choose_samples(const Journal&, std::uint32_t count);

}  // namespace segdl::engine
