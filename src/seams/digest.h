// Digests of whole files and of logins, by whichever library implements them.
//
// Not a seam for tests, unlike the other three: bytes in and a number out, the same everywhere.
// It is here because OpenSSL computes some of them, and only io may use OpenSSL; the functions are defined there.
#pragma once

#include <segdl/checksum.h>
#include <segdl/error.h>

#include "core/credentials/login.h"

#include <cstddef>
#include <memory>
#include <span>
#include <vector>

namespace segdl {

// Hashes bytes that come in pieces, in order. Used by one thread at a time.
class Digest {
 public:
  virtual ~Digest() = default;
  virtual void update(std::span<const std::byte> bytes) = 0;

  // The digest of all bytes so far, in the byte order of Checksum::digest. May be called once; then the object may only
  // be destroyed.
  virtual std::vector<std::byte> value() = 0;
};

// Cause::usage if OpenSSL on this machine does not allow the algorithm (MD5, by some policies). An algorithm that
// worked once works again.
Result<std::unique_ptr<Digest>> make_digest(Algorithm);

// Hashes short texts, and makes client nonces from the system's random numbers. Thread-safe.
LoginMeans login_means();

}  // namespace segdl
