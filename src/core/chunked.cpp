#include "core/chunked.h"

#include <segdl/range.h>

#include "core/ascii.h"
#include "core/http_head.h"
#include "core/require.h"

#include <algorithm>
#include <utility>

namespace segdl {
namespace {

constexpr std::size_t kMaxPadding = 4 * 1024;  // of a size
constexpr std::size_t kMaxPassedOver = kMiB;   // an extension, or the trailer section

}  // namespace

Result<ChunkedDecoder::Step> ChunkedDecoder::step(std::string_view wire) {
  Step step;
  while (step.consumed < wire.size() && state_ != State::done) {
    if (state_ == State::body) {
      step.body_begin = step.consumed;
      step.body_size = static_cast<std::size_t>(std::min<std::uint64_t>(left_, wire.size() - step.consumed));
      step.consumed += step.body_size;
      skip_body(step.body_size);
      return step;
    }
    if (const char* problem = take(wire[step.consumed])) return unreadable(problem);
    ++step.consumed;
  }
  return step;
}

void ChunkedDecoder::skip_body(std::uint64_t count) {
  require(count <= body_ahead(), "more of a chunk was read than it has");
  left_ -= count;
  if (left_ == 0 && state_ == State::body) state_ = State::body_cr;
}

// One byte of framing. The problem with it, or null.
const char* ChunkedDecoder::take(char c) {
  switch (state_) {
    case State::size_first:
    case State::size:
    case State::padding:
      return take_size(c);
    case State::extension:
      if (++skipped_ > kMaxPassedOver) return "a chunk extension is too long";
      if (c == '\n') return "a chunk size does not end with CR LF";
      if (c == '\r') state_ = State::size_lf;
      return nullptr;
    case State::size_lf:
      if (c != '\n') return "a chunk size does not end with CR LF";
      skipped_ = 0;
      size_ = left_;
      state_ = left_ > 0 ? State::body : State::trailer_start;
      return nullptr;
    case State::body_cr:
      if (c != '\r') return "a chunk is longer than its size says";
      state_ = State::body_lf;
      return nullptr;
    case State::body_lf:
      if (c != '\n') return "a chunk is longer than its size says";
      state_ = State::size_first;
      ++chunks_;
      return nullptr;
    case State::trailer_start:
    case State::trailer:
    case State::trailer_lf:
    case State::end_lf:
      return take_trailer(c);
    case State::body:
    case State::done:
      break;
  }
  return nullptr;
}

const char* ChunkedDecoder::take_size(char c) {
  const int digit = state_ == State::padding ? -1 : hex_value(c);
  if (digit > 0 || (digit == 0 && left_ > 0)) {
    if (left_ >> 59 != 0) return "a chunk size is too large";
    left_ = left_ << 4 | static_cast<unsigned>(digit);
    state_ = State::size;
    return nullptr;
  }
  const bool blank = is_blank(c);
  if (digit == 0 || blank) {
    if (++skipped_ > kMaxPadding) return "a chunk size is padded too much";
    padded_ = padded_ || blank;
    if (digit == 0) state_ = State::size;
    if (blank && state_ == State::size) state_ = State::padding;
    return nullptr;
  }
  if (state_ == State::size_first) return "a chunk size is not a hexadecimal number";
  if (c == '\r') {
    state_ = State::size_lf;
  } else if (c == ';') {
    state_ = State::extension;
    skipped_ = 0;
  } else {
    return "a chunk size is not a hexadecimal number";
  }
  return nullptr;
}

const char* ChunkedDecoder::take_trailer(char c) {
  if (++skipped_ > kMaxPassedOver) return "the trailer section is too long";
  const bool wants_lf = state_ == State::trailer_lf || state_ == State::end_lf;
  if (wants_lf != (c == '\n')) return "the trailer section does not end with CR LF";
  switch (state_) {
    case State::trailer_start:
      state_ = c == '\r' ? State::end_lf : State::trailer;
      break;
    case State::trailer:
      if (c == '\r') state_ = State::trailer_lf;
      break;
    case State::trailer_lf:
      state_ = State::trailer_start;
      break;
    default:
      state_ = State::done;
  }
  return nullptr;
}

}  // namespace segdl
