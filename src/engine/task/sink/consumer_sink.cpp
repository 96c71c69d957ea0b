#include "engine/task/sink/consumer_sink.h"

#include "core/base/errors.h"
#include "engine/base/pieces.h"

#include <fmt/format.h>

#include <algorithm>
#include <limits>

namespace segdl::engine {

ConsumerSink::ConsumerSink(const Consumer& consumer, const Resource& known, TaskProgress& task_progress,
                           Fetcher& fetcher)
    : consumer_(consumer),
      known_(known),
      task_progress_(task_progress),
      fetcher_(fetcher),
      buffer_(kIoBuffer),
      whole_(consumer.expected) {}

Result<std::optional<Range>> ConsumerSink::next() {
  if (complete_ || known_.total == given_) return std::optional<Range>();
  if (!known_.total) return std::optional(Range{given_, std::numeric_limits<std::int64_t>::max()});
  const std::uint64_t left = *known_.total - given_;
  // Without a strong validator two responses can't be joined: everything in one.
  const std::uint64_t most = known_.validator.strong() ? fetcher_.span_limit(left) : left;
  return std::optional(Range{given_, given_ + std::min(left, most)});
}

// What was given already comes again where everything is read from the beginning: into the same place, to be dropped.
std::span<std::byte> ConsumerSink::space(std::uint64_t offset) {
  const std::uint64_t room =
      offset < given_ ? std::min<std::uint64_t>(buffer_.size(), given_ - offset) : buffer_.size();
  return std::span(buffer_).first(room);
}

Result<void> ConsumerSink::arrived(std::uint64_t offset, std::size_t count) {
  if (offset < given_) {
    task_progress_.bytes().discarded(count);
    return {};
  }
  given_ += count;
  whole_.update(std::span(buffer_).first(count));  // first: the consumer may take its time
  fetcher_.retry().progressed(count);
  auto taken = consumer_.take(std::span(buffer_).first(count));
  if (!taken) taken.error().remedy = Remedy::stop;  // what it was given can't be given again
  return taken;
}

// What a body brought that contradicts itself is passed on and can't be fetched again.
Result<void> ConsumerSink::interrupted(Remedy remedy) {
  if (remedy != Remedy::refetch || given_ == given_before_) return {};
  return fetcher_.problem(Cause::network, Remedy::retry, "what it sent contradicts itself");
}

Result<void> ConsumerSink::body_ended(std::uint64_t offset) {
  complete_ = !known_.total && offset == given_;
  if (offset >= given_) return {};
  return fetcher_.problem(
      Cause::integrity, Remedy::retry,
      fmt::format("the response ended after {} bytes, {} were passed on before under the same validator", offset,
                  given_));
}

}  // namespace segdl::engine
