// The digest of everything, where the request names one to compare it with; where it names none, nothing is done.
//
// Used by one thread at a time.
#pragma once

#include <segdl/checksum.h>
#include <segdl/error.h>

#include "seams/digest.h"

#include <cstddef>
#include <cstdint>
#include <memory>
#include <optional>
#include <span>
#include <string>

namespace segdl::engine {

// How the journal names a checksum. Never 0, which is none.
std::uint64_t journal_name_of(const Checksum&);

class WholeDigest {
 public:
  // REQUIRES: make_digest() can, and `expected` outlives this object.
  explicit WholeDigest(const std::optional<Checksum>& expected);

  // What came before does not count any more.
  void begin_again();
  void update(std::span<const std::byte> bytes) {
    if (digest_) digest_->update(bytes);
  }

  // Whether what came, all of it, is what was expected. If not: Cause::integrity about `subject`. Once.
  Result<void> check(const std::string& subject);

 private:
  const std::optional<Checksum>& expected_;
  std::unique_ptr<Digest> digest_;
};

}  // namespace segdl::engine
