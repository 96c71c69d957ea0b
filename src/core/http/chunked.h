// The chunked coding, taken off (RFC 9112 section 7.1).
//
// A pure state machine: it is shown wire bytes, says which of them are body, and stops exactly at the end of the
// trailer section. Sizes are hexadecimal and below 2^63, perhaps with blanks around and zeros before them; lines end in
// CRLF only. Padding of up to 4 KiB and extensions of up to 64 MiB a chunk, and trailers of up to 1 MiB, are skipped
// unread.
//
// A size with a plus or 0x before it, or with anything but a hexadecimal digit behind it, is read as other clients read
// it, and odd() tells: what it means is a guess, which the CRLF behind the chunk confirms. An odd size is never that of
// the last chunk: 0x10, or a size that is decimal and grouped, would be the end to who stops at its zero.
#pragma once

#include <segdl/error.h>

#include <cstddef>
#include <cstdint>
#include <string_view>

namespace segdl {

class ChunkedDecoder {
 public:
  struct Step {
    std::size_t consumed = 0;    // wire bytes taken from the front of the input, framing and body together
    std::size_t body_begin = 0;  // of those, [body_begin, body_begin + body_size) is body
    std::size_t body_size = 0;
  };

  // Takes framing and at most one run of body from the front of `wire`. With done() false and a non-empty input it
  // always consumes something. Errors: Cause::network, Remedy::refetch; after one the decoder must not be used again.
  Result<Step> step(std::string_view wire);

  bool done() const { return state_ == State::done; }
  // The chunk of size 0 has come; what may be missing is of the trailer section.
  bool last_chunk_seen() const { return state_ >= State::trailer_start; }

  // A chunk has begun, and its end has not come.
  bool in_chunk() const { return state_ >= State::body && state_ <= State::body_lf; }

  // Body bytes known to follow directly on the wire: they may be read without step(), and then told to skip_body().
  std::uint64_t body_ahead() const { return state_ == State::body ? left_ : 0; }
  void skip_body(std::uint64_t count);  // REQUIRES: count <= body_ahead()

  // How many chunks have ended where their sizes say, and what the size of the latest is.
  std::uint64_t chunks() const { return chunks_; }
  std::uint64_t chunk_size() const { return size_; }
  // Whether there are blanks around a size, as some servers pad it to a fixed width.
  bool padded() const { return padded_; }
  // Whether a size was odd.
  bool odd() const { return odd_; }

 private:
  enum class State : std::uint8_t {
    size_first,
    sign,
    zero,
    prefix,
    size,
    padding,
    rest,
    extension,
    size_lf,
    body,
    body_cr,
    body_lf,
    trailer_start,
    trailer,
    trailer_lf,
    end_lf,
    done
  };
  const char* take(char);
  const char* take_size(char);
  const char* take_digit(unsigned digit);
  const char* take_behind_size(char);
  const char* end_size(State next);
  const char* take_trailer(char);

  State state_ = State::size_first;
  std::uint64_t left_ = 0;
  std::uint64_t size_ = 0;
  std::uint64_t chunks_ = 0;
  bool padded_ = false;
  bool odd_ = false;
  bool odd_here_ = false;  // the size that is being read is
  std::size_t skipped_ = 0;
};

}  // namespace segdl
