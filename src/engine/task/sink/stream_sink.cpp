#include "engine/task/sink/stream_sink.h"

#include "core/base/errors.h"
#include "engine/base/pieces.h"

#include <fmt/format.h>

#include <limits>
#include <utility>

namespace segdl::engine {

StreamSink::StreamSink(Pass& pass, TaskProgress& task_progress, Fetcher& fetcher,
                       const std::optional<Checksum>& expected)
    : output_file_(pass.output_file),
      watch_(pass.watch),
      task_progress_(task_progress),
      fetcher_(fetcher),
      buffer_(kIoBuffer),
      whole_(expected) {}

Result<std::optional<Range>> StreamSink::next() {
  if (complete_) return std::optional<Range>();
  auto ready = begin_again();
  if (!ready) return std::move(ready).error();
  // Requested whole: the range only means that it is wanted from its beginning.
  return std::optional(
      Range{0, output_file_.journal().identity().resource.total.value_or(std::numeric_limits<std::int64_t>::max())});
}

Result<void> StreamSink::begin_again() {
  if (written_ + filled_ == 0) return {};
  task_progress_.bytes().discarded(written_ + filled_);
  written_ = filled_ = 0;
  digest_ = StreamDigest();
  whole_.begin_again();
  return output_file_.data().resize(0);
}

std::span<std::byte> StreamSink::space(std::uint64_t) { return std::span(buffer_).subspan(filled_); }

Result<void> StreamSink::arrived(std::uint64_t, std::size_t count) {
  filled_ += count;
  if (written_ + filled_ > most_) {
    fetcher_.retry().progressed(written_ + filled_ - most_);
    most_ = written_ + filled_;
  }
  return filled_ == buffer_.size() ? flush() : Result<void>();
}

Result<void> StreamSink::flush() {
  const auto bytes = std::span(buffer_).first(filled_);
  watch_.look(written_);  // each write gives a file that was cut its length again
  auto step = output_file_.data().write_at(written_, bytes);
  if (!step) return step;
  digest_.update(bytes);
  whole_.update(bytes);
  written_ += filled_;
  filled_ = 0;
  return {};
}

Result<void> StreamSink::body_ended(std::uint64_t) {
  auto step = filled_ > 0 ? flush() : Result<void>();
  if (!step) return step;
  const auto& total = output_file_.journal().identity().resource.total;
  if (total && *total != written_) {
    return with_remedy(make_error(Cause::integrity, "get", output_file_.path(),
                                  fmt::format("{} bytes arrived instead of {}", written_, *total)),
                       Remedy::retry);
  }
  step = whole_.check(output_file_.path());
  if (!step) return step;
  // What only this request believes is no whole stream to another.
  Metadata metadata = metadata_of_all();
  metadata.stream_complete = !believed_;
  metadata.stream_unvouched = believed_;
  complete_ = true;
  return output_file_.journal().set_metadata(metadata);
}

Result<bool> StreamSink::keep_unvouched() {
  auto step = filled_ > 0 ? flush() : Result<void>();
  if (step) step = output_file_.data().sync();
  if (!step) return std::move(step).error();
  Metadata metadata = metadata_of_all();
  metadata.stream_unvouched = true;
  step = output_file_.journal().set_metadata(metadata);
  if (step) step = output_file_.journal().sync();
  return step ? Result<bool>(true) : std::move(step).error();
}

Metadata StreamSink::metadata_of_all() const {
  Metadata metadata = output_file_.journal().metadata().value_or(Metadata{});
  metadata.stream_length = written_;
  metadata.stream_digest = digest_.value();
  return metadata;
}

}  // namespace segdl::engine
