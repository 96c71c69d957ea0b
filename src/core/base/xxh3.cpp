#include "core/base/xxh3.h"

#define XXH_STATIC_LINKING_ONLY
#include <xxhash.h>
#if defined(__x86_64__)
#include <xxh_x86dispatch.h>
#endif

namespace segdl {

// xxh_x86dispatch.h redirects the plain names to the dispatching ones.
std::uint64_t digest_of(std::span<const std::byte> bytes) { return XXH3_64bits(bytes.data(), bytes.size()); }

StreamDigest::StreamDigest() : state_(std::make_unique<XXH3_state_t>()) {
  XXH3_INITSTATE(state_.get());
  XXH3_64bits_reset(state_.get());
}
StreamDigest::~StreamDigest() = default;
StreamDigest& StreamDigest::operator=(StreamDigest&&) noexcept = default;

void StreamDigest::update(std::span<const std::byte> bytes) {
  if (!bytes.empty()) XXH3_64bits_update(state_.get(), bytes.data(), bytes.size());
}

std::uint64_t StreamDigest::value() const { return XXH3_64bits_digest(state_.get()); }

// Both forms reset and update a state alike.
StreamDigest::Value128 StreamDigest::value128() const {
  const XXH128_hash_t hash = XXH3_128bits_digest(state_.get());
  return {hash.high64, hash.low64};
}

}  // namespace segdl
