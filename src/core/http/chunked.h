// Removes the chunked coding (RFC 9112 section 7.1).
//
// A pure state machine: it receives wire bytes, reports which of them are body, and stops exactly at the end of the
// trailer section.
// Sizes are hexadecimal and below 2^63; blanks around them and zeros before them are allowed. Lines end in CRLF only.
// Padding of up to 4 KiB and extensions of up to 64 MiB a chunk, and trailers of up to 1 MiB, are skipped unread.
//
// A size is odd if it follows a plus or 0x, or if anything but a hexadecimal digit follows it. It is read as other
// clients read it, and odd() returns true: its meaning is a guess, which the CRLF after the chunk confirms.
// An odd size is never that of the last chunk: 0x10, or a grouped decimal size, would be the end to a reader that stops
// at its zero.
#pragma once

#include <segdl/error.h>

#include <cstddef>
#include <cstdint>
#include <string_view>

namespace segdl {

class ChunkedDecoder {
 public:
  struct Step {
    std::size_t consumed = 0;    // wire bytes consumed from the front of the input, framing and body together
    std::size_t body_begin = 0;  // of those, [body_begin, body_begin + body_size) is body
    std::size_t body_size = 0;
  };

  // Consumes framing and at most one run of body from the front of `wire`; at least one byte if done() is false and the
  // input is not empty.
  // Errors: Cause::network, Remedy::refetch; after one the decoder must not be used again.
  Result<Step> step(std::string_view wire);

  bool done() const { return state_ == State::done; }
  // The chunk of size 0 has arrived; only parts of the trailer section may be missing.
  bool last_chunk_seen() const { return state_ >= State::trailer_start; }

  // A chunk has begun, and its end has not arrived.
  bool in_chunk() const { return state_ >= State::body && state_ <= State::body_lf; }

  // Body bytes that follow directly on the wire: the caller may read them without step(), and then calls skip_body().
  std::uint64_t body_ahead() const { return state_ == State::body ? left_ : 0; }
  void skip_body(std::uint64_t count);  // REQUIRES: count <= body_ahead()

  // The number of chunks that ended as their sizes state, and the size of the latest.
  std::uint64_t chunks() const { return chunks_; }
  std::uint64_t chunk_size() const { return size_; }
  // Whether there are blanks around a size: some servers pad sizes to a fixed width.
  bool padded() const { return padded_; }
  // Whether a size was odd.
  bool odd() const { return odd_; }

 private:
  enum class State : std::uint8_t {  // in the order of the wire
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
  bool odd_here_ = false;  // the size that is being read is odd
  std::size_t skipped_ = 0;
};

}  // namespace segdl
