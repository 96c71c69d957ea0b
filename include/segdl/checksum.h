// What the whole of a file is expected to hash to, as people and lists of checksums write it.
//
// A Checksum in a Request is compared with everything that arrived before anything is published. SHA-256 and SHA-512
// vouch for a file; SHA-1 and MD5 tell accidents only, since other files with the same digest can be made, and so do
// the XXH3 ones, which are as good against accidents and cost next to nothing.
//
// Thread-safety: plain values.
#pragma once

#include <segdl/error.h>

#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

namespace segdl {

// In the order in which one is taken where several are at hand.
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
std::string_view algorithm_name(Algorithm);

// Bytes of its digest; in hexadecimal it is twice as long.
std::size_t digest_size(Algorithm);

// The digest in lower-case hexadecimal.
std::string hex(const Checksum&);

// `ALGORITHM=HEX` or `ALGORITHM:HEX`, in any case, blanks around it allowed. The name may be written as above, without
// its hyphen, with an underscore for it, and for what programs print: SHA2-256, XXH3, XXH128. Fails with Cause::usage
// and a reason that says what is wrong: an unknown algorithm, a digit that is none, a digest too short or too long.
Result<Checksum> parse_checksum(std::string_view text);

}  // namespace segdl
