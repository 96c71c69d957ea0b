// XXH3-64, seed 0: the proof of a segment; and its form of 128 bits, for whole files. The only place that knows xxHash.
//
// Debian's libxxhash carries a build for each x86 vector extension and picks one at run time; compiled into segdl
// itself for plain x86-64 it would use SSE2 only. On other processors the library's one build is used. doc/journal.md
// has the figures.
#pragma once

#include <cstddef>
#include <cstdint>
#include <memory>
#include <span>

struct XXH3_state_s;

namespace segdl {

std::uint64_t digest_of(std::span<const std::byte> bytes);

// The same over bytes that come in pieces, and its form of 128 bits: value() after any split equals digest_of() of the
// whole.
class StreamDigest {
 public:
  StreamDigest();
  ~StreamDigest();
  StreamDigest& operator=(StreamDigest&&) noexcept;

  void update(std::span<const std::byte> bytes);
  std::uint64_t value() const;

  struct Value128 {
    std::uint64_t high = 0;
    std::uint64_t low = 0;
  };
  Value128 value128() const;

 private:
  std::unique_ptr<XXH3_state_s> state_;
};

}  // namespace segdl
