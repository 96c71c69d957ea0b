// The body of a chunked response, of which a byte is given out only once its chunk has ended where its size says.
//
// A size line that lies makes framing look like data, and a body that is cut inside such a chunk looks like any other
// that was cut: what came would be kept. So a chunk is held until the CRLF behind it is there. Held are chunks of up to
// kMaxHeldChunk. Of a larger one, which few servers send, nothing is used in a body that is joined with others; in one
// that begins again after a cut it is given out as it comes. It is the same with a body in which a size is odd, and
// that one has to end as it should: with all of its trailer section, and nothing behind it.
//
// What comes off the wire stays where it was received, framing and all, until it is given out: no byte of the body is
// copied out more than once, and of a large chunk most are received where they are wanted and not copied at all.
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
  // `partial`: it is the body of a 206. `joined`: what comes of it is kept, whatever becomes of it.
  explicit ChunkedBody(bool partial, bool joined = false) : partial_(partial), joined_(joined || partial) {}

  // Where to receive what comes next off the wire: never empty, and valid until the next call of room().
  // REQUIRES: take() has nothing more to give.
  std::span<std::byte> room();

  // So many bytes have been received there; returns how many of them are body. Errors: Cause::network, Remedy::refetch,
  // or Remedy::restart if a chunk of a joined body that is no part is too large, or its size odd: not even the whole
  // can be joined. After one take() gives the chunks that have ended before it, and received() must not be called
  // again.
  Result<std::size_t> received(std::size_t count);

  // Body bytes, at most into.size(); 0: more has to be received, unless ended().
  std::size_t take(std::span<std::byte> into);

  // Whether more is to come of a chunk that is given out as it comes: the caller may receive it, up to body_ahead()
  // bytes, where it likes, and tells received_elsewhere(). REQUIRES: take() has nothing more to give.
  bool is_open() const { return body_ahead() > 0 && decoder_.chunk_size() > kMaxHeldChunk; }

  // Bytes were given out of a chunk that has not ended, or behind an odd size: if the end never comes, they may have
  // been framing.
  bool gives_unproved() const {
    return !joined_ && (odd() || (decoder_.in_chunk() && decoder_.chunk_size() > kMaxHeldChunk));
  }

  // The chunk that has begun, if it is better held where it is wanted than here: all of it fits into `into`, and much
  // of it is still to come. What was held of it is moved there, and its size returned; the caller receives the rest
  // behind it, body_ahead() bytes, tells received_elsewhere(), and uses nothing before chunks() says that it has ended.
  // REQUIRES: take() has nothing more to give, and the chunk is not open.
  std::optional<std::size_t> hand_over(std::span<std::byte> into);
  std::uint64_t body_ahead() const { return decoder_.body_ahead(); }
  void received_elsewhere(std::size_t count) { decoder_.skip_body(count); }
  std::uint64_t chunks() const { return decoder_.chunks(); }
  bool padded() const { return decoder_.padded(); }
  bool odd() const { return decoder_.odd(); }

  // All of the body was taken, whatever the trailer section may bring: the response is complete with its last chunk
  // (RFC 9112 section 8). Not where a size was odd.
  bool complete() const { return decoder_.last_chunk_seen() && !odd() && next_ == runs_.size(); }
  // The end of the trailer section has come as well; where a size was odd, and nothing behind it.
  bool ended() const { return decoder_.done() && !(behind_ && odd()) && next_ == runs_.size(); }
  // Something came behind it.
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
  std::size_t ready_ = 0;   // of runs_: may be given out
  std::size_t next_ = 0;    // is given out next
  bool behind_ = false;
};

// Of a body that is said to be chunked twice one coding is taken off, as servers that say so have put on one. Whether
// this one put on two shows in what is left: that begins with the size of a chunk, in a line that may end in LF alone.
class SaidTwice {
 public:
  explicit SaidTwice(bool said) : in_doubt_(said) {}
  // Whether the body, of which these are the next bytes, may be chunked still. Only the first bytes are looked at.
  bool may_be_chunked(std::span<const std::byte> body) {
    if (!in_doubt_ || body.empty()) return false;
    return in_doubt_ = begins_with_chunk({reinterpret_cast<const char*>(body.data()), body.size()});
  }

 private:
  static bool begins_with_chunk(std::string_view body);

  bool in_doubt_;
};

}  // namespace segdl
