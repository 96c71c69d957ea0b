#include "core/store/journal_format.h"

#include "core/base/xxh3.h"
#include "core/http/content_coding.h"

#include <algorithm>
#include <cassert>
#include <limits>
#include <string_view>

namespace segdl {
namespace {

// As in PNG's magic, a byte above 0x7f, line ends of both kinds and a ^Z reveal damage by text-mode copies.
constexpr std::string_view kMagic = "\x93SGD\r\n\x1a\n";
constexpr std::string_view kMetadataMagic = "SGDFACTS";
constexpr std::uint32_t kVersion = 3;
constexpr std::size_t kCheckAt = kJournalBlock - 8;
constexpr std::size_t kJoinedAt = kCheckAt - 8;
constexpr std::size_t kDecodedAt = kJoinedAt - 24;
constexpr std::size_t kAdoptedAt = kDecodedAt - 8;
constexpr std::size_t kMaxUrl = 3 * 1024;
constexpr std::uint64_t kUnknown = std::numeric_limits<std::uint64_t>::max();

constexpr std::uint32_t kHasLayout = 1;
constexpr std::uint32_t kHasStreamTotal = 2;
constexpr std::uint32_t kStreamComplete = 1;
constexpr std::uint32_t kDecoding = 2;
constexpr std::uint32_t kDecoded = 4;
constexpr std::uint32_t kStreamUnvouched = 8;
constexpr std::uint32_t kMixed = 16;
constexpr std::uint32_t kUndecodable = 32;
constexpr std::uint32_t kAllFlags = 63;

// Flags of the validators that are present, above the kind in its field.
constexpr std::uint16_t kHasEtag = 0x100;
constexpr std::uint16_t kHasModified = 0x200;

class Writer {
 public:
  template <class Integer>
  void put(Integer value) {
    for (std::size_t i = 0; i < sizeof(Integer); ++i) block_[at_++] = static_cast<std::byte>(value >> (8 * i) & 0xff);
  }
  void put_bytes(std::span<const std::byte> bytes) {
    for (const std::byte byte : bytes) block_[at_++] = byte;
  }
  void put_text(std::string_view text) { put_bytes(std::as_bytes(std::span(text))); }
  void go_to(std::size_t offset) { at_ = offset; }
  // The whole block, with its check.
  JournalBlock seal() {
    go_to(kCheckAt);
    put(digest_of(std::span(block_).first(kCheckAt)));
    return block_;
  }

 private:
  JournalBlock block_{};
  std::size_t at_ = 0;
};

using Block = std::span<const std::byte, kJournalBlock>;

class Reader {
 public:
  explicit Reader(Block block, std::size_t at = 0) : block_(block), at_(at) {}

  template <class Integer>
  Integer get() {
    std::uint64_t value = 0;
    for (std::size_t i = 0; i < sizeof(Integer); ++i) value |= std::to_integer<std::uint64_t>(block_[at_++]) << (8 * i);
    return static_cast<Integer>(value);
  }
  void get_bytes(std::span<std::byte> into) {
    for (std::byte& byte : into) byte = block_[at_++];
  }
  std::string text(std::size_t size) {
    std::string result;
    for (std::size_t i = 0; i < size; ++i) result += std::to_integer<char>(block_[at_++]);
    return result;
  }
  // Skips the bytes before this offset. False unless all of them are zeros.
  bool only_zeros_until(std::size_t end) {
    const auto between = block_.subspan(at_, end - at_);
    at_ = end;
    return std::all_of(between.begin(), between.end(), [](std::byte b) { return b == std::byte{0}; });
  }

 private:
  Block block_;
  std::size_t at_;
};

bool sealed(Block block) { return Reader(block, kCheckAt).get<std::uint64_t>() == digest_of(block.first(kCheckAt)); }

// The layout of these numbers, if they are consistent.
std::optional<Layout> layout_from(std::uint64_t total, std::uint64_t segment_size, std::uint32_t count) {
  if (!Layout::valid_segment_size(segment_size) || total == 0 || total >> 63 != 0) return std::nullopt;
  if (total / segment_size >= std::numeric_limits<std::uint32_t>::max()) return std::nullopt;
  const Layout layout(total, segment_size);
  return layout.count() == count ? std::optional(layout) : std::nullopt;
}

// Reads the validator and the coding. False if kind, lengths and values are inconsistent.
bool read_marks(Reader& reader, Resource& resource) {
  const auto bits = reader.get<std::uint16_t>();
  const auto etag_length = reader.get<std::uint16_t>();
  const auto modified_length = reader.get<std::uint16_t>();
  const auto coding_length = reader.get<std::uint16_t>();
  const auto kind = bits & 0xff;
  const bool has_etag = (bits & kHasEtag) != 0;
  const bool has_modified = (bits & kHasModified) != 0;
  if (kind > static_cast<int>(Validator::Kind::strong_etag) || bits > (0xff | kHasEtag | kHasModified) ||
      std::max(etag_length, modified_length) > kMaxValidator || (!has_etag && etag_length > 0) ||
      (!has_modified && modified_length > 0) || coding_length > kMaxCoding) {
    return false;
  }
  Validator& validator = resource.validator;
  validator.kind = static_cast<Validator::Kind>(kind);
  if (has_etag) validator.etag = reader.text(etag_length);
  if (has_modified) validator.modified = reader.text(modified_length);
  const bool there = validator.kind == Validator::Kind::none ? !has_etag && !has_modified
                     : validator.is_etag()                   ? has_etag
                                                             : has_modified;
  resource.coding = reader.text(coding_length);
  return there && std::ranges::all_of(resource.coding, [](char c) { return c >= ' ' && c <= '~'; });
}

std::variant<JournalIdentity, BadBlock> read_identity(Reader& reader) {
  JournalIdentity identity;
  const auto flags = reader.get<std::uint32_t>();
  const auto total = reader.get<std::uint64_t>();
  const auto segment_size = reader.get<std::uint64_t>();
  const auto count = reader.get<std::uint32_t>();
  if (!read_marks(reader, identity.resource)) return BadBlock{false, "its validator is not valid"};
  if (!reader.only_zeros_until(kCheckAt)) return BadBlock{false, "it has bytes where there should be none"};
  if (flags == kHasLayout) {
    const auto layout = layout_from(total, segment_size, count);
    if (!layout) return BadBlock{false, "its sizes do not fit each other"};
    identity.lay_out(*layout);
    return identity;
  }
  const bool known = flags == kHasStreamTotal;
  const bool fits = known ? total >> 63 == 0 : flags == 0 && total == kUnknown;
  if (!fits || segment_size != 0 || count != 0) return BadBlock{false, "its sizes do not fit each other"};
  if (known) identity.resource.total = total;
  return identity;
}

// Whether the block holds at most the first bytes of the magic, as after a cut or while a file is being created.
bool is_begun(Block block) {
  const auto last = std::find_if(block.rbegin(), block.rend(), [](std::byte b) { return b != std::byte{0}; });
  const auto there = block.first(static_cast<std::size_t>(block.rend() - last));
  return there.size() < kMagic.size() &&
         std::ranges::equal(there, std::as_bytes(std::span(kMagic)).first(there.size()));
}

}  // namespace

JournalBlock encode_identity(const JournalIdentity& identity) {
  const Validator& validator = identity.resource.validator;
  const std::string etag = validator.etag.value_or("");
  const std::string modified = validator.modified.value_or("");
  assert(std::max(etag.size(), modified.size()) <= kMaxValidator && identity.resource.coding.size() <= kMaxCoding);
  Writer writer;
  writer.put_text(kMagic);
  writer.put(kVersion);
  writer.put(identity.layout ? kHasLayout : identity.resource.total ? kHasStreamTotal : std::uint32_t{0});
  writer.put(identity.resource.total.value_or(kUnknown));
  writer.put(identity.layout ? identity.layout->segment_size() : std::uint64_t{0});
  writer.put(identity.layout ? identity.layout->count() : std::uint32_t{0});
  writer.put(static_cast<std::uint16_t>(static_cast<std::uint16_t>(validator.kind) | (validator.etag ? kHasEtag : 0) |
                                        (validator.modified ? kHasModified : 0)));
  writer.put(static_cast<std::uint16_t>(etag.size()));
  writer.put(static_cast<std::uint16_t>(modified.size()));
  writer.put(static_cast<std::uint16_t>(identity.resource.coding.size()));
  writer.put_text(etag);
  writer.put_text(modified);
  writer.put_text(identity.resource.coding);
  return writer.seal();
}

std::variant<JournalIdentity, BadBlock> decode_identity(Block block) {
  Reader reader(block);
  if (reader.text(kMagic.size()) != kMagic) {
    if (is_begun(block)) return BadBlock{false, "it is empty, or cut in its first bytes", true};
    return BadBlock{true, "it is not a segdl journal"};
  }
  if (!sealed(block)) return BadBlock{false, "its check does not match"};
  if (reader.get<std::uint32_t>() != kVersion) return BadBlock{true, "it was made by another version of segdl"};
  return read_identity(reader);
}

JournalBlock encode_metadata(const Metadata& metadata) {
  Writer writer;
  const std::string_view url = std::string_view(metadata.url).substr(0, kMaxUrl);
  writer.put_text(kMetadataMagic);
  writer.put((metadata.stream_complete ? kStreamComplete : 0U) | (metadata.decoding ? kDecoding : 0U) |
             (metadata.decoded ? kDecoded : 0U) | (metadata.stream_unvouched ? kStreamUnvouched : 0U) |
             (metadata.mixed ? kMixed : 0U) | (metadata.undecodable ? kUndecodable : 0U));
  writer.put(static_cast<std::uint32_t>(url.size()));
  writer.put(metadata.stream_length);
  writer.put(metadata.stream_digest);
  writer.put(metadata.refuted);
  writer.put_bytes(metadata.url_hash.salt);
  writer.put_bytes(metadata.url_hash.digest);
  writer.put_bytes(metadata.owner_token);
  writer.put_text(url);
  writer.go_to(kAdoptedAt);
  writer.put(metadata.adopted);
  const DecodedOutput decoded = metadata.decoded.value_or(DecodedOutput{});
  writer.put(decoded.length);
  writer.put(decoded.digest);
  writer.put(decoded.checksum);
  writer.put(metadata.joined);
  return writer.seal();
}

std::optional<Metadata> decode_metadata(Block block) {
  Reader reader(block);
  if (reader.text(kMetadataMagic.size()) != kMetadataMagic || !sealed(block)) return std::nullopt;
  Metadata metadata;
  const auto flags = reader.get<std::uint32_t>();
  const auto length = reader.get<std::uint32_t>();
  metadata.stream_complete = (flags & kStreamComplete) != 0;
  metadata.decoding = (flags & kDecoding) != 0;
  metadata.stream_unvouched = (flags & kStreamUnvouched) != 0;
  metadata.stream_length = reader.get<std::uint64_t>();
  metadata.stream_digest = reader.get<std::uint64_t>();
  metadata.refuted = reader.get<std::uint64_t>();
  reader.get_bytes(metadata.url_hash.salt);
  reader.get_bytes(metadata.url_hash.digest);
  reader.get_bytes(metadata.owner_token);
  metadata.mixed = (flags & kMixed) != 0;
  metadata.undecodable = (flags & kUndecodable) != 0;
  if (flags > kAllFlags || length > kMaxUrl) return std::nullopt;
  metadata.url = reader.text(length);
  if (!reader.only_zeros_until(kAdoptedAt)) return std::nullopt;
  metadata.adopted = reader.get<std::uint64_t>();
  const DecodedOutput decoded{reader.get<std::uint64_t>(), reader.get<std::uint64_t>(), reader.get<std::uint64_t>()};
  if ((flags & kDecoded) != 0) metadata.decoded = decoded;
  metadata.joined = reader.get<std::uint64_t>();
  return metadata;
}

}  // namespace segdl
