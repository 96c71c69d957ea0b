// An algorithm and the digest a whole file is expected to have.
//
// A Checksum in a Request is compared with everything that arrived before anything is published.
// SHA-256 and SHA-512 are collision-resistant.
// SHA-1, MD5 and XXH3 detect accidental corruption only. XXH3 does so at almost no cost.
//
// Thread-safety: plain values.
#pragma once

#include <segdl/error.h>

#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#pragma GCC visibility push(default)
namespace segdl {

// In order of preference.
enum class Algorithm : std::uint8_t {
  sha256,
  sha512,
  sha1,
  md5,
  xxh3_64,  // XXH3 with seed 0, as `xxhsum -H3` prints it: the number's most significant byte first
  xxh128,   // the same of 128 bits, as `xxhsum -H2` prints it
};

struct Checksum {
  Algorithm algorithm = Algorithm::sha256;
  std::vector<std::byte> digest = {};  // of digest_size(algorithm) bytes
  friend bool operator==(const Checksum&, const Checksum&) = default;
};

// "sha-256", "sha-512", "sha-1", "md5", "xxh3-64", "xxh128".
std::string_view algorithm_name(Algorithm algorithm);

// The length of its digests, in bytes. In hexadecimal they are twice as long.
std::size_t digest_size(Algorithm algorithm);

// The digest in lower-case hexadecimal.
std::string hex(const Checksum& checksum);

// Parses `ALGORITHM=HEX` or `ALGORITHM:HEX`. Case and surrounding blanks are ignored.
//
// The name may be written as above, without its hyphen, with an underscore instead, or as programs print it: SHA2-256,
// XXH3, XXH128.
// Errors: Cause::usage, with a reason: an unknown algorithm, an invalid digit, a digest of the wrong length.
Result<Checksum> parse_checksum(std::string_view text);

}  // namespace segdl
#pragma GCC visibility pop
