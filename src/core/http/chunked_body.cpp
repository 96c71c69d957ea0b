#include "core/http/chunked_body.h"

#include "core/base/require.h"
#include "core/http/http_head.h"

#include <algorithm>
#include <cstring>
#include <string>
#include <string_view>
#include <utility>

namespace segdl {
namespace {

constexpr std::size_t kRoom = 16 * kKiB;  // a TLS record

}  // namespace

std::span<std::byte> ChunkedBody::room() {
  require(next_ == ready_, "a chunked body is received over bytes that were not taken");
  runs_.erase(runs_.begin(), runs_.begin() + static_cast<std::ptrdiff_t>(ready_));
  next_ = ready_ = 0;
  // What is left is at most the beginning of one chunk.
  if (runs_.empty()) filled_ = 0;
  if (buffer_.size() - filled_ < kRoom && !runs_.empty()) {
    const auto [begin, end] = runs_.front();
    std::memmove(buffer_.data(), buffer_.data() + begin, end - begin);
    runs_.front() = {0, end - begin};
    filled_ = end - begin;
  }
  if (buffer_.size() - filled_ < kRoom) buffer_.resize(filled_ + kRoom);
  return std::span(buffer_).subspan(filled_, kRoom);
}

void ChunkedBody::add(Run run) {
  if (run.begin == run.end) return;
  if (runs_.size() > ready_ && runs_.back().end == run.begin) {
    runs_.back().end = run.end;
  } else {
    runs_.push_back(run);
  }
}

Result<std::size_t> ChunkedBody::received(std::size_t count) {
  std::size_t body = 0;
  std::size_t at = std::exchange(filled_, filled_ + count);
  while (at < filled_ && !decoder_.done()) {
    const std::uint64_t chunks = decoder_.chunks();
    auto step = decoder_.step({reinterpret_cast<const char*>(buffer_.data()) + at, filled_ - at});
    if (decoder_.chunks() > chunks) ready_ = runs_.size();
    if (!step) return std::move(step).error();
    const std::size_t begin = at + step->body_begin;
    add({begin, begin + step->body_size});
    body += step->body_size;
    at += step->consumed;
    const bool large = decoder_.chunk_size() > kMaxHeldChunk;
    if (joined_ && (large || odd())) {
      Error error = unreadable(odd() ? "it comes in chunks with odd sizes"
                                     : "it comes in a chunk too large to be held until its end is seen");
      if (!partial_) error.remedy = Remedy::restart;
      return error;
    }
    if (large) ready_ = runs_.size();
  }
  behind_ = behind_ || at < filled_;
  if (behind_ && odd()) return unreadable("it comes in chunks with odd sizes, and something follows their end");
  return body;
}

std::size_t ChunkedBody::take(std::span<std::byte> into) {
  std::size_t count = 0;
  while (next_ < ready_ && count < into.size()) {
    Run& run = runs_[next_];
    const std::size_t size = std::min(run.end - run.begin, into.size() - count);
    std::memcpy(into.data() + count, buffer_.data() + run.begin, size);
    count += size;
    run.begin += size;
    if (run.begin == run.end) ++next_;
  }
  return count;
}

std::optional<std::size_t> ChunkedBody::hand_over(std::span<std::byte> into) {
  require(!is_open(), "a chunk is held that is given out as it comes");
  const Run held = runs_.size() > next_ ? runs_.back() : Run();
  const std::size_t size = held.end - held.begin;
  if (body_ahead() < kRoom || size > into.size() || body_ahead() > into.size() - size) return std::nullopt;
  std::memcpy(into.data(), buffer_.data() + held.begin, size);
  runs_.clear();
  next_ = ready_ = 0;
  return size;
}

bool SaidTwice::begins_with_chunk(std::string_view body) {
  const auto end = body.find('\n');
  ChunkedDecoder decoder;
  if (end == std::string_view::npos || (end > 0 && body[end - 1] == '\r'))
    return decoder.step(body).ok() && !decoder.odd();
  if (!decoder.step(std::string(body.substr(0, end)) + "\r\n") || decoder.odd()) return false;
  const std::string_view behind = body.substr(end + 1);
  const std::uint64_t size = decoder.body_ahead();
  return behind.size() <= size || behind[size] == '\n' || behind[size] == '\r';
}

}  // namespace segdl
