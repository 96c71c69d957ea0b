#include "engine/task/stream_sink.h"

#include "engine/base/errors.h"
#include "engine/base/pieces.h"

#include <fmt/format.h>

#include <limits>
#include <utility>

namespace segdl::engine {

StreamSink::StreamSink(Pass& pass, Meter& meter, Fetcher& fetcher, const std::optional<Checksum>& expected)
    : place_(pass.place),
      watch_(pass.watch),
      meter_(meter),
      fetcher_(fetcher),
      buffer_(kReceivePiece),
      whole_(expected) {}

Result<std::optional<Range>> StreamSink::next(std::stop_token) {
  if (complete_) return std::optional<Range>();
  auto ready = begin_again();
  if (!ready) return std::move(ready).error();
  // Asked for whole: the range only says that it is wanted from its beginning.
  return std::optional(
      Range{0, place_.journal().identity().stream_total.value_or(std::numeric_limits<std::int64_t>::max())});
}

Result<void> StreamSink::begin_again() {
  if (written_ + filled_ == 0) return {};
  meter_.discarded(written_ + filled_);
  written_ = filled_ = 0;
  digest_ = StreamDigest();
  whole_.begin_again();
  return place_.data().resize(0);
}

std::span<std::byte> StreamSink::space(std::uint64_t) { return std::span(buffer_).subspan(filled_); }

Result<void> StreamSink::arrived(std::uint64_t, std::size_t count) {
  filled_ += count;
  if (written_ + filled_ > most_) {
    fetcher_.progressed(written_ + filled_ - most_);
    most_ = written_ + filled_;
  }
  return filled_ == buffer_.size() ? flush() : Result<void>();
}

Result<void> StreamSink::flush() {
  const auto bytes = std::span(buffer_).first(filled_);
  watch_.look(written_);  // each write gives a file that was cut its length again
  auto step = place_.data().write_at(written_, bytes);
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
  const auto& total = place_.journal().identity().stream_total;
  if (total && *total != written_) {
    return make_error(Cause::integrity, Remedy::retry, "get", place_.path(),
                      fmt::format("{} bytes arrived instead of {}", written_, *total));
  }
  step = whole_.check(place_.path());
  if (!step) return step;
  // What only this request believes is no whole stream to another.
  Facts facts = facts_of_all();
  facts.stream_complete = !believed_;
  facts.stream_unvouched = believed_;
  complete_ = true;
  return place_.journal().set_facts(facts);
}

Result<void> StreamSink::keep_unvouched() {
  auto step = filled_ > 0 ? flush() : Result<void>();
  if (step) step = place_.data().sync();
  if (!step) return step;
  Facts facts = facts_of_all();
  facts.stream_unvouched = true;
  step = place_.journal().set_facts(facts);
  return step ? place_.journal().sync() : step;
}

Facts StreamSink::facts_of_all() const {
  Facts facts = place_.journal().facts().value_or(Facts{});
  facts.stream_length = written_;
  facts.stream_digest = digest_.value();
  return facts;
}

}  // namespace segdl::engine
