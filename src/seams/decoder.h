// Decoders of content codings, by whichever library implements them.
//
// Not a seam for tests, and neither is digest.h: bytes in and bytes out, the same everywhere.
// It is here because zlib, brotli and zstd do the work, and only io may use those; make_decoder() is defined there.
#pragma once

#include <cstddef>
#include <memory>
#include <span>
#include <string>
#include <string_view>

namespace segdl {

// Limit of the memory for decoding: one window, at most this large for each coding. Data that needs more is refused.
// `zstd -d` without --long and brotli without large windows have the same limit; gzip and deflate need less.
inline constexpr unsigned kMaxWindowBits = 27;

// Decodes bytes that come in pieces, in order. Used by one thread at a time.
class Decoder {
 public:
  virtual ~Decoder() = default;

  struct Step {
    std::size_t taken = 0;   // bytes of `in` consumed
    std::size_t given = 0;   // bytes written to `out`
    std::string fault = {};  // why decoding failed; after that the decoder may only be destroyed
  };
  // Decodes as much as `out` has room for. Exactly if `out` was not filled, all of `in` was consumed and more input is
  // needed for more output. REQUIRES: !out.empty().
  virtual Step decode(std::span<const std::byte> in, std::span<std::byte> out) = 0;

  // Whether the input ended where it may: without any byte, or after whole members and frames.
  virtual bool is_whole() const = 0;
};

// A decoder of one coding, by its name in content_coding(): gzip, deflate, br, zstd. Null for any other.
std::unique_ptr<Decoder> make_decoder(std::string_view coding);

}  // namespace segdl
