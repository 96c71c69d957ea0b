// The body of a chunked response. A byte is released only once its chunk has ended according to its size.
//
// A wrong size line makes framing look like data, and a body that is cut inside such a chunk looks like any other cut
// body: bad bytes would be kept.
// So a chunk of up to kMaxHeldChunk is held until the CRLF after it has arrived.
// Larger chunks, which few servers send, and bodies with an odd size are treated in two ways:
// - A body that is joined with others is not used.
// - A body that restarts after a cut is released as it arrives. If a size was odd, it must end with all of its trailer
//   section and nothing after it.
//
// Wire bytes stay where they were received, framing included, until they are released: each body byte is copied at most
// once, and most of a large chunk is received at its destination and not copied at all.
#pragma once

#include <segdl/error.h>
#include <segdl/range.h>

#include "core/http/chunked.h"

#include <cstddef>
#include <cstdint>
#include <optional>
#include <span>
#include <vector>

namespace segdl {

inline constexpr std::uint64_t kMaxHeldChunk = kMiB;

class ChunkedBody {
 public:
  // `partial`: the body of a 206. `joined`: the bytes are kept even if the body fails.
  explicit ChunkedBody(bool partial, bool joined = false) : partial_(partial), joined_(joined || partial) {}

  // Where to receive the next wire bytes: never empty, and valid until the next call of room().
  // REQUIRES: take() has nothing more to give.
  std::span<std::byte> room();

  // Processes `count` bytes received in room(); returns how many of them are body.
  // Errors: Cause::network, Remedy::refetch; Remedy::restart if a chunk of a joined body that is no part is too large,
  // or its size odd: not even the whole body can be joined.
  // After an error take() gives the chunks that ended before it, and received() must not be called again.
  Result<std::size_t> received(std::size_t count);

  // Body bytes, at most into.size(); 0: more has to be received, unless ended().
  std::size_t take(std::span<std::byte> into);

  // Whether the rest of a chunk that is released as it arrives is missing: the caller may receive up to body_ahead()
  // bytes at a place of its own, and then calls received_elsewhere(). REQUIRES: take() has nothing more to give.
  bool is_open() const { return body_ahead() > 0 && decoder_.chunk_size() > kMaxHeldChunk; }

  // Bytes were released of a chunk that has not ended, or after an odd size: if the end never arrives, they may have
  // been framing.
  bool gives_unproved() const {
    return !joined_ && (odd() || (decoder_.in_chunk() && decoder_.chunk_size() > kMaxHeldChunk));
  }

  // Hands the chunk that has begun to the caller, if all of it fits into `into` and much of it is missing: moves the
  // held part there and returns its size.
  // The caller then receives the rest after it, body_ahead() bytes, calls received_elsewhere(), and uses nothing before
  // chunks() reports the chunk's end.
  // REQUIRES: take() has nothing more to give, and the chunk is not open.
  std::optional<std::size_t> hand_over(std::span<std::byte> into);
  std::uint64_t body_ahead() const { return decoder_.body_ahead(); }
  void received_elsewhere(std::size_t count) { decoder_.skip_body(count); }
  std::uint64_t chunks() const { return decoder_.chunks(); }
  bool padded() const { return decoder_.padded(); }
  bool odd() const { return decoder_.odd(); }

  // All of the body was taken: the response is complete with its last chunk, whatever the trailer section is (RFC 9112
  // section 8). Never if a size was odd.
  bool complete() const { return decoder_.last_chunk_seen() && !odd() && next_ == runs_.size(); }
  // The trailer section has ended too; if a size was odd, with nothing after it.
  bool ended() const { return decoder_.done() && !(behind_ && odd()) && next_ == runs_.size(); }
  // Something arrived after the trailer section.
  bool has_more_behind() const { return behind_; }

 private:
  struct Run {
    std::size_t begin = 0;  // in buffer_
    std::size_t end = 0;
  };
  void add(Run run);

  const bool partial_;
  const bool joined_;
  ChunkedDecoder decoder_;
  std::vector<std::byte> buffer_;
  std::size_t filled_ = 0;  // of buffer_
  std::vector<Run> runs_;   // the body in buffer_
  std::size_t ready_ = 0;   // of runs_: may be released
  std::size_t next_ = 0;    // of runs_: released next
  bool behind_ = false;
};

// Detects a body that was chunked twice. Servers that send "chunked" twice apply it once, so one coding is removed.
// If it was applied twice, the result begins with the size of a chunk, in a line that may end in LF alone.
class SaidTwice {
 public:
  explicit SaidTwice(bool said) : in_doubt_(said) {}
  // Whether the body, of which these are the next bytes, may still be chunked. Only its first bytes are examined.
  bool may_be_chunked(std::span<const std::byte> body) {
    if (!in_doubt_ || body.empty()) return false;
    return in_doubt_ = begins_with_chunk({reinterpret_cast<const char*>(body.data()), body.size()});
  }

 private:
  static bool begins_with_chunk(std::string_view body);

  bool in_doubt_;
};

}  // namespace segdl
