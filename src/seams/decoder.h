// Undoing content codings, by whichever library knows them.
//
// Not a seam to stand on in tests, as digest.h is none: bytes go in and bytes come out, the same everywhere. It is here
// because zlib, brotli and zstd do it, and only io may know those; make_decoder() is defined there.
#pragma once

#include <segdl/error.h>

#include <cstddef>
#include <memory>
#include <span>
#include <string>
#include <string_view>

namespace segdl {

// Memory that decoding takes, whatever comes: one window, of at most this for each coding. What asks for more is
// refused; `zstd -d` takes no more without --long, and brotli without its large windows, gzip and deflate take less.
inline constexpr unsigned kMaxWindowBits = 27;

// Coded bytes that come in pieces, in order. Used by one thread at a time.
class Decoder {
 public:
  virtual ~Decoder() = default;

  struct Step {
    std::size_t taken = 0;   // of `in`
    std::size_t given = 0;   // to `out`
    std::string fault = {};  // why it can't be decoded, if it can't: then it may only be destroyed
  };
  // As much as `out` has room for. All of `in` was taken and nothing more is to be given without more of it exactly if
  // `out` was not filled. REQUIRES: !out.empty().
  virtual Step decode(std::span<const std::byte> in, std::span<std::byte> out) = 0;

  // Whether what came ended where it may: nothing at all, or whole members and frames.
  virtual bool is_whole() const = 0;
};

// For one coding, as content_coding() names it: gzip, deflate, br, zstd. Null for any other.
std::unique_ptr<Decoder> make_decoder(std::string_view coding);

}  // namespace segdl
