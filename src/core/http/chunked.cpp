#include "core/http/chunked.h"

#include <segdl/range.h>

#include "core/base/ascii.h"
#include "core/base/require.h"
#include "core/http/http_head.h"

#include <algorithm>

namespace segdl {
namespace {

constexpr std::size_t kMaxPadding = 4 * 1024;  // of a size: blanks and zeros around it
constexpr std::size_t kMaxExtension = 64 * kMiB;
constexpr std::size_t kMaxTrailers = kMiB;
constexpr const char* kNoSize = "a chunk size is not a hexadecimal number";

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

// Reads one byte of framing. Returns what is wrong with it, or null.
const char* ChunkedDecoder::take(char c) {
  switch (state_) {
    case State::size_first:
    case State::sign:
    case State::zero:
    case State::prefix:
    case State::size:
    case State::padding:
      return take_size(c);
    case State::rest:
      return take_behind_size(c);
    case State::extension:
      if (++skipped_ > kMaxExtension) return "a chunk extension is too long";
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
      if (c != '\r') return "a chunk is longer than its size";
      state_ = State::body_lf;
      return nullptr;
    case State::body_lf:
      if (c != '\n') return "a chunk is longer than its size";
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

// Reads up to the last digit of a size and the blanks after it.
const char* ChunkedDecoder::take_size(char c) {
  const int digit = hex_value(c);
  if (digit >= 0) return state_ == State::padding ? kNoSize : take_digit(static_cast<unsigned>(digit));
  const bool has_digits = state_ == State::zero || state_ == State::size || state_ == State::padding;
  if (is_blank(c) && (has_digits || state_ == State::size_first)) {
    if (++skipped_ > kMaxPadding) return "a chunk size is padded too much";
    padded_ = true;
    if (has_digits) state_ = State::padding;
    return nullptr;
  }
  const bool is_sign = c == '+' && state_ == State::size_first;
  const bool is_prefix = (c == 'x' || c == 'X') && state_ == State::zero;
  if (!is_sign && !is_prefix) return has_digits ? take_behind_size(c) : kNoSize;
  odd_here_ = true;
  state_ = is_sign ? State::sign : State::prefix;
  return nullptr;
}

const char* ChunkedDecoder::take_digit(unsigned digit) {
  if (digit == 0 && left_ == 0) {
    if (++skipped_ > kMaxPadding) return "a chunk size is padded too much";
    state_ = state_ == State::size_first ? State::zero : State::size;
    return nullptr;
  }
  if (left_ >> 59 != 0) return "a chunk size is too large";
  left_ = left_ << 4 | digit;
  state_ = State::size;
  return nullptr;
}

// Reads what follows a size, up to the end of its line or an extension.
const char* ChunkedDecoder::take_behind_size(char c) {
  if (c == '\r') return end_size(State::size_lf);
  if (c == ';') return end_size(State::extension);
  if (is_control(c) && c != '\t') return kNoSize;
  if (++skipped_ > kMaxPadding) return "a chunk size has too much behind it";
  odd_here_ = true;
  state_ = State::rest;
  return nullptr;
}

const char* ChunkedDecoder::end_size(State next) {
  if (odd_here_ && left_ == 0) return "a chunk size of zero is odd, and may not be the end";
  odd_ = odd_ || odd_here_;
  odd_here_ = false;
  skipped_ = 0;
  state_ = next;
  return nullptr;
}

const char* ChunkedDecoder::take_trailer(char c) {
  if (++skipped_ > kMaxTrailers) return "the trailer section is too long";
  const bool wants_lf = state_ == State::trailer_lf || state_ == State::end_lf;
  if (wants_lf != (c == '\n')) return "the trailer section does not end with CR LF";
  if (wants_lf) {
    state_ = state_ == State::end_lf ? State::done : State::trailer_start;
  } else if (c == '\r') {
    state_ = state_ == State::trailer_start ? State::end_lf : State::trailer_lf;
  } else {
    state_ = State::trailer;
  }
  return nullptr;
}

}  // namespace segdl
