// The bytes of a journal. doc/journal_format.md has the table; this is the only code that knows it.
#pragma once

#include <segdl/error.h>

#include "core/http/http_fields.h"
#include "core/store/layout.h"

#include <array>
#include <cstddef>
#include <cstdint>
#include <optional>
#include <span>
#include <string>
#include <variant>

namespace segdl {

inline constexpr std::uint64_t kJournalBlock = 4096;

// What the journal is about. Never changes once the journal has its name (J1).
struct JournalIdentity {
  // Absent for a stream: a resource that can't be continued (no ranges served, or size unknown). Its journal makes no
  // claims.
  std::optional<Layout> layout;
  std::optional<std::uint64_t> stream_total;  // of a stream, if known
  Validator validator;                        // all that the server sent: each is compared
  std::string coding = {};                    // as content_coding() has it; empty: none
  friend bool operator==(const JournalIdentity&, const JournalIdentity&) = default;
};

// Which URL, without saying it: URLs hold secrets that must not be on disk, and differ by just those.
struct UrlHash {
  std::array<std::byte, 16> salt{};    // random, so that hashes of two journals can't be compared
  std::array<std::byte, 32> digest{};  // SHA-256 of the salt and the whole URL as given; zeros if there is none
  friend bool operator==(const UrlHash&, const UrlHash&) = default;
};

// The content of what is coded, as the output has it.
struct DecodedOutput {
  std::uint64_t length = 0;
  std::uint64_t digest = 0;    // XXH3-64 of all its bytes
  std::uint64_t checksum = 0;  // names the checksum that what it was made of has, as `refuted` does; 0: none
  friend bool operator==(const DecodedOutput&, const DecodedOutput&) = default;
};

// What may change, under a check of its own.
struct Metadata {
  std::string url;               // as given, redacted; at most 3 KiB kept
  UrlHash url_hash = {};         // of the URL as it was given
  bool stream_complete = false;  // a stream arrived whole: the next two are right
  // All of a stream's body arrived up to the end of its connection, which nothing vouches for: they are right as well.
  bool stream_unvouched = false;
  std::uint64_t stream_length = 0;
  std::uint64_t stream_digest = 0;          // XXH3-64 of all its bytes
  std::uint64_t refuted = 0;                // names a checksum that all of it does not have; 0: none
  std::array<std::byte, 16> owner_token{};  // random: which download this is, for who continues it by a token
  std::uint64_t joined = 0;                 // bytes compared when two bodies were, without a strong validator; 0: none
  bool mixed = false;                       // claims are of bodies that its validator does not vouch for
  std::uint64_t adopted = 0;                // before this byte claims may be of another tool's file; 0: none
  bool decoding = false;                    // what has the name for decoded data, if anything, is this download's
  std::optional<DecodedOutput> decoded = std::nullopt;  // it is whole, and on disk
  bool undecodable = false;                             // all of it came, and it could not be decoded
  // Whether its validator vouches for all that is claimed.
  bool vouched() const { return !mixed && adopted == 0; }
  friend bool operator==(const Metadata&, const Metadata&) = default;
};

// Of what they speak of, whole. REQUIRES: it has a layout, or facts.stream_complete.
inline std::uint64_t length_of(const JournalIdentity& identity, const Metadata& metadata) {
  return identity.layout ? identity.layout->total() : metadata.stream_length;
}

// Offsets in a journal of `count` segments.
struct JournalShape {
  std::uint32_t count = 0;
  std::uint64_t metadata_at() const { return kJournalBlock; }
  std::uint64_t bitmap_at() const { return 2 * kJournalBlock; }
  std::uint64_t bitmap_bytes() const { return (std::uint64_t{count} + 63) / 64 * 8; }
  // Which bits of this word of the bitmap belong to segments: behind the last one there is room for more.
  std::uint64_t bits_of(std::uint32_t word) const {
    const std::uint64_t bits = count - std::uint64_t{word} * 64;
    return bits < 64 ? (std::uint64_t{1} << bits) - 1 : ~std::uint64_t{0};
  }
  std::uint64_t digests_at() const { return bitmap_at() + padded(bitmap_bytes()); }
  // Kept free, as zeros: for each segment a second digest of 8 bytes, and the number of the source it came from.
  std::uint64_t second_digests_at() const { return digests_at() + padded(std::uint64_t{count} * 8); }
  std::uint64_t sources_at() const { return second_digests_at() + padded(std::uint64_t{count} * 8); }
  std::uint64_t copy_at() const { return sources_at() + padded(std::uint64_t{count} * 2); }
  std::uint64_t length() const { return copy_at() + kJournalBlock; }

 private:
  static std::uint64_t padded(std::uint64_t size) { return (size + kJournalBlock - 1) / kJournalBlock * kJournalBlock; }
};

using JournalBlock = std::array<std::byte, kJournalBlock>;

JournalBlock encode_identity(const JournalIdentity&);
JournalBlock encode_metadata(const Metadata&);

// Why a block is not valid: `foreign` if it holds something else than what begins with the magic or was cut inside it,
// `begun` if it holds nothing but zeros or the first bytes of the magic, which any file may.
struct BadBlock {
  bool foreign = false;
  std::string reason;
  bool begun = false;
};
std::variant<JournalIdentity, BadBlock> decode_identity(std::span<const std::byte, kJournalBlock>);
std::optional<Metadata> decode_metadata(std::span<const std::byte, kJournalBlock>);  // nothing if the check fails

}  // namespace segdl
