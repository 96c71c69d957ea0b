// A resource of at most one segment, kept in memory. Under a strong validator an interruption goes on where it was;
// else it begins again, since two responses can't be joined. A Sink, used by one thread.
#pragma once

#include "core/http/verdict.h"
#include "engine/fetch/fetch_loop.h"
#include "engine/progress/task_progress.h"

#include <segdl/error.h>

#include <cstddef>
#include <cstdint>
#include <memory>
#include <optional>
#include <span>
#include <utility>

namespace segdl::engine {

class SmallSink : public SinkDefaults {
 public:
  // REQUIRES: known.total; fetcher and progress outlive the sink.
  SmallSink(const Resource& known, Fetcher& fetcher, TaskProgress& task_progress)
      : fetcher_(fetcher),
        task_progress_(task_progress),
        strong_(known.validator.strong()),
        total_(*known.total),
        buffer_(std::make_unique_for_overwrite<std::byte[]>(total_)) {}

  Result<std::optional<Range>> next() {
    if (complete_) return std::optional<Range>();
    if (!strong_) drop();
    return std::optional(Range{filled_, total_});
  }
  void begins(const UsableBody& body) {
    if (body.begin != filled_) drop();
    whole_ = !body.partial;
  }
  std::span<std::byte> space(std::uint64_t offset) { return std::span(buffer_.get(), total_).subspan(offset); }
  Result<void> arrived(std::uint64_t, std::size_t count) {
    filled_ += count;
    return {};
  }
  Result<void> body_ended(std::uint64_t) {
    complete_ = filled_ == total_;
    if (complete_) return {};
    return fetcher_.problem(Cause::network, Remedy::retry, "the response was shorter than what was asked for");
  }
  Result<void> interrupted(Remedy remedy) {
    if (filled_ > most_) fetcher_.retry().progressed(filled_ - std::exchange(most_, filled_));
    if (whole_ || remedy == Remedy::refetch) drop();  // it begins again, and what came of a large chunk may be framing
    return {};
  }

  std::span<const std::byte> bytes() const { return {buffer_.get(), total_}; }

 private:
  void drop() { task_progress_.bytes().discarded(std::exchange(filled_, 0)); }

  Fetcher& fetcher_;
  TaskProgress& task_progress_;
  const bool strong_;
  const std::uint64_t total_;
  std::unique_ptr<std::byte[]> buffer_;
  std::uint64_t filled_ = 0;
  std::uint64_t most_ = 0;  // how far any response has come
  bool whole_ = false;      // everything comes, from the beginning
  bool complete_ = false;
};

}  // namespace segdl::engine
