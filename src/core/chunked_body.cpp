#include "core/chunked_body.h"

#include "core/http_head.h"

#include <algorithm>
#include <utility>

namespace segdl {

Result<void> ChunkedBody::feed(std::string_view wire) {
  while (!wire.empty() && !decoder_.done()) {
    const std::uint64_t chunks = decoder_.chunks();
    auto step = decoder_.step(wire);
    if (decoder_.chunks() > chunks) ready_ = held_.size();
    if (!step) return std::move(step).error();
    const auto body = std::as_bytes(std::span(wire).subspan(step->body_begin, step->body_size));
    held_.insert(held_.end(), body.begin(), body.end());
    wire.remove_prefix(step->consumed);
    if (decoder_.chunk_size() <= kMaxHeldChunk) continue;
    if (partial_) return unreadable("a chunk of a part is too large to be held until its end is seen");
    ready_ = held_.size();
  }
  behind_ = behind_ || !wire.empty();
  return {};
}

std::size_t ChunkedBody::take(std::span<std::byte> into) {
  const std::size_t count = std::min(into.size(), ready_ - taken_);
  std::copy_n(held_.begin() + static_cast<std::ptrdiff_t>(taken_), count, into.begin());
  taken_ += count;
  if (taken_ == ready_) {
    held_.erase(held_.begin(), held_.begin() + static_cast<std::ptrdiff_t>(taken_));
    ready_ = taken_ = 0;
  }
  return count;
}

}  // namespace segdl
