// The body of a chunked response, of which a byte is given out only once its chunk has ended where its size says.
//
// A size line that lies makes framing look like data, and a body that is cut inside such a chunk looks like any other
// that was cut: what came would be kept. So a chunk is held until the CRLF behind it is there. Held are chunks of up to
// kMaxHeldChunk; of a larger one, which few servers send, nothing is used in a part of a resource, and in a whole one,
// which begins again after a cut, it is given out as it comes.
#pragma once

#include <segdl/error.h>
#include <segdl/range.h>

#include "core/chunked.h"
#include "core/layout.h"

#include <cstddef>
#include <cstdint>
#include <span>
#include <string_view>
#include <vector>

namespace segdl {

inline constexpr std::uint64_t kMaxHeldChunk = kMiB;

class ChunkedBody {
 public:
  // `partial`: it is the body of a 206.
  explicit ChunkedBody(bool partial) : partial_(partial) {}

  // What has come off the wire. Errors: Cause::network, Remedy::refetch; after one take() gives the
  // chunks that have ended before it, and feed() must not be called again.
  Result<void> feed(std::string_view wire);

  // Body bytes, at most into.size(); 0: feed() more, unless ended().
  std::size_t take(std::span<std::byte> into);

  // The end of the trailer section has come, and all of the body was taken.
  bool ended() const { return decoder_.done() && taken_ == held_.size(); }
  // Something came behind it.
  bool has_more_behind() const { return behind_; }

 private:
  const bool partial_;
  ChunkedDecoder decoder_;
  std::vector<std::byte> held_;
  std::size_t ready_ = 0;  // of held_: may be given out
  std::size_t taken_ = 0;  // was
  bool behind_ = false;
};

}  // namespace segdl
