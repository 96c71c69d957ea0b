// Digests of whole files and of logins, by whichever library computes them.
//
// Not a seam to stand on in tests, as the other three are: bytes go in and a number comes out, the same everywhere. It
// is here because OpenSSL computes some of them, and only io may know OpenSSL; the functions are defined there.
#pragma once

#include <segdl/checksum.h>
#include <segdl/error.h>

#include "core/credentials/login.h"

#include <cstddef>
#include <memory>
#include <span>
#include <vector>

namespace segdl {

// Bytes that come in pieces, in order. Used by one thread at a time.
class Digest {
 public:
  virtual ~Digest() = default;
  virtual void update(std::span<const std::byte> bytes) = 0;

  // Of everything so far, in the order of Checksum::digest. Once; after it the digest may only be destroyed.
  virtual std::vector<std::byte> value() = 0;
};

// Cause::usage where this machine's OpenSSL is not allowed that algorithm (MD5, by some policies). What has worked once
// works again.
Result<std::unique_ptr<Digest>> make_digest(Algorithm);

// Hashes short texts, and makes client nonces from the system's random numbers. Thread-safe.
LoginMeans login_means();

}  // namespace segdl
