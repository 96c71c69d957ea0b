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

// The resource of the journal. Never changes once the journal has its name (J1).
struct JournalIdentity {
  // Absent for a stream: a resource that can't be continued (no ranges served, or size unknown). Its journal makes no
  // claims.
  std::optional<Layout> layout;
  Resource resource;  // its total is the layout's, if there is one

  void lay_out(const Layout& in) {
    layout = in;
    resource.total = in.total();
  }

  friend bool operator==(const JournalIdentity&, const JournalIdentity&) = default;
};

// Identifies a URL without containing it: URLs hold secrets that must not be on disk, and may differ only in those.
struct UrlHash {
  std::array<std::byte, 16> salt{};    // random, so that hashes of two journals can't be compared
  std::array<std::byte, 32> digest{};  // SHA-256 of the salt and the whole URL as given; zeros if there is none
  friend bool operator==(const UrlHash&, const UrlHash&) = default;
};

// Decoded content, as it is in the output.
struct DecodedOutput {
  std::uint64_t length = 0;
  std::uint64_t digest = 0;    // XXH3-64 of all its bytes
  std::uint64_t checksum = 0;  // hash of the expected checksum of the coded content, as in `refuted`; 0: none
  friend bool operator==(const DecodedOutput&, const DecodedOutput&) = default;
};

// The part that may change, with a checksum of its own.
struct Metadata {
  std::string url;               // as given, redacted; at most 3 KiB kept
  UrlHash url_hash = {};         // of the URL as it was given
  bool stream_complete = false;  // a stream arrived whole: length and digest below are valid
  // A stream's body arrived up to the end of its connection, without proof of its length: both are valid too.
  bool stream_unvouched = false;
  std::uint64_t stream_length = 0;
  std::uint64_t stream_digest = 0;          // XXH3-64 of all its bytes
  std::uint64_t refuted = 0;                // hash of a checksum that the content does not have; 0: none
  std::array<std::byte, 16> owner_token{};  // random: identifies this download to a caller that continues it by a token
  std::uint64_t joined = 0;                 // bytes compared to join two bodies without a strong validator; 0: none
  bool mixed = false;                       // claims are of bodies that the validator does not vouch for
  std::uint64_t adopted = 0;                // before this byte claims may be of another tool's file; 0: none
  bool decoding = false;                    // the file with the name for decoded data, if any, is this download's
  std::optional<DecodedOutput> decoded = std::nullopt;  // decoding is complete and on disk
  bool undecodable = false;                             // all of it arrived and could not be decoded
  // Whether the validator vouches for all claims.
  bool vouched() const { return !mixed && adopted == 0; }
  friend bool operator==(const Metadata&, const Metadata&) = default;
};

// The length of the whole resource. REQUIRES: it has a layout, or metadata.stream_complete.
inline std::uint64_t length_of(const JournalIdentity& identity, const Metadata& metadata) {
  return identity.layout ? identity.layout->total() : metadata.stream_length;
}

// Offsets in a journal of `count` segments.
struct JournalShape {
  std::uint32_t count = 0;
  std::uint64_t metadata_at() const { return kJournalBlock; }
  std::uint64_t bitmap_at() const { return 2 * kJournalBlock; }
  std::uint64_t bitmap_bytes() const { return (std::uint64_t{count} + 63) / 64 * 8; }
  // The bits of this word of the bitmap that belong to segments: there is room for more after the last one.
  std::uint64_t bits_of(std::uint32_t word) const {
    const std::uint64_t bits = count - std::uint64_t{word} * 64;
    return bits < 64 ? (std::uint64_t{1} << bits) - 1 : ~std::uint64_t{0};
  }
  std::uint64_t digests_at() const { return bitmap_at() + padded(bitmap_bytes()); }
  // Reserved, zeros: for each segment a second digest of 8 bytes, and the number of the source it came from.
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

// Why a block is not valid. `foreign`: it begins with neither the magic nor a cut magic. `begun`: it holds only zeros
// or the first bytes of the magic, as any file may.
struct BadBlock {
  bool foreign = false;
  std::string reason;
  bool begun = false;
};
std::variant<JournalIdentity, BadBlock> decode_identity(std::span<const std::byte, kJournalBlock>);
std::optional<Metadata> decode_metadata(std::span<const std::byte, kJournalBlock>);  // nothing if the check fails

}  // namespace segdl
