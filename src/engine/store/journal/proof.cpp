#include "engine/store/journal/proof.h"

#include "core/base/errors.h"
#include "core/base/xxh3.h"
#include "engine/base/pieces.h"

#include <algorithm>
#include <cstddef>
#include <span>
#include <utility>
#include <vector>

namespace segdl::engine {

Result<std::optional<std::uint64_t>> digest_of_range(File& data, Range range, const std::stop_token& stop) {
  std::vector<std::byte> piece(std::min<std::uint64_t>(kIoBuffer, range.size()));
  StreamDigest digest;
  for (std::uint64_t at = range.begin; at < range.end;) {
    if (stop.stop_requested()) return cancelled();
    const auto want = std::span(piece).first(std::min<std::uint64_t>(piece.size(), range.end - at));
    auto got = data.read_at(at, want);
    if (!got && !is_unreadable(got.error())) return std::move(got).error();
    if (!got || *got != want.size()) return std::optional<std::uint64_t>();
    digest.update(want);
    at += want.size();
  }
  return std::optional(digest.value());
}

Result<bool> proof_holds(File& data, const Journal& journal, Segment segment) {
  auto digest = digest_of_range(data, journal.identity().layout->range(segment));
  if (!digest) return std::move(digest).error();
  auto proof = journal.proof(segment);
  if (!proof) return std::move(proof).error();
  return *digest == *proof;
}

Result<bool> stream_intact(File& data, const Metadata& metadata, const std::stop_token& stop) {
  auto digest = digest_of_range(data, {0, metadata.stream_length}, stop);
  if (!digest) return std::move(digest).error();
  return *digest == metadata.stream_digest;
}

}  // namespace segdl::engine
