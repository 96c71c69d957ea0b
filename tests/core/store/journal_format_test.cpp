#include "core/store/journal_format.h"
#include "core/base/xxh3.h"
#include "core/http/content_coding.h"

#include <doctest/doctest.h>

#include <algorithm>
#include <limits>
#include <random>

using namespace segdl;

namespace {

JournalIdentity segmented() {
  JournalIdentity identity;
  identity.lay_out(Layout(1'000'000, 64 * kKiB));
  identity.resource.validator = {Validator::Kind::strong_etag, "\"abc\""};
  return identity;
}

// The check made right again after a change, so that the fields themselves are judged.
JournalBlock resealed(JournalBlock block) {
  const std::uint64_t check = digest_of(std::span(block).first(kJournalBlock - 8));
  for (std::size_t i = 0; i < 8; ++i) block[kJournalBlock - 8 + i] = static_cast<std::byte>(check >> (8 * i) & 0xff);
  return block;
}

bool valid(const JournalBlock& block) { return std::holds_alternative<JournalIdentity>(decode_identity(block)); }

}  // namespace

TEST_CASE("identities come back as they were") {
  JournalIdentity sized;
  sized.resource.total = 0;
  JournalIdentity unknown;
  unknown.resource.validator = {Validator::Kind::weak_date, std::nullopt, "Sun, 06 Nov 1994 08:49:37 GMT"};
  JournalIdentity both;
  both.lay_out(Layout(1, 64 * kKiB));
  both.resource.validator = {Validator::Kind::strong_date, "", std::string(kMaxValidator, 'd')};
  JournalIdentity most;
  most.resource.validator = {Validator::Kind::weak_etag, std::string(kMaxValidator, 'e'),
                             std::string(kMaxValidator, 'd')};
  most.resource.coding = std::string(kMaxCoding, 'c');
  JournalIdentity coded = segmented();
  coded.resource.coding = "gzip, br";
  for (const JournalIdentity& identity : {segmented(), sized, unknown, both, most, coded}) {
    const auto decoded = decode_identity(encode_identity(identity));
    REQUIRE(std::holds_alternative<JournalIdentity>(decoded));
    CHECK(std::get<JournalIdentity>(decoded) == identity);
  }
}

TEST_CASE("facts come back as they were, and a torn block is none") {
  Metadata metadata;
  metadata.url = "http://h/" + std::string(5000, 'x');
  metadata.stream_complete = true;
  metadata.stream_length = 12345;
  metadata.stream_digest = 99;
  metadata.url_hash.salt.fill(std::byte{1});
  metadata.url_hash.digest.fill(std::byte{2});
  metadata.owner_token.fill(std::byte{3});
  metadata.refuted = 7;
  metadata.joined = 1048576;
  metadata.adopted = 65536;
  metadata.decoding = true;
  metadata.decoded = DecodedOutput{1, 2, 3};
  metadata.undecodable = true;
  const JournalBlock block = encode_metadata(metadata);
  const auto decoded = decode_metadata(block);
  REQUIRE(decoded);
  CHECK(decoded->url == metadata.url.substr(0, 3072));
  CHECK(decoded->stream_complete);
  CHECK_FALSE(decoded->stream_unvouched);
  metadata.stream_complete = false;
  metadata.stream_unvouched = true;
  CHECK_FALSE(decode_metadata(encode_metadata(metadata))->stream_complete);
  CHECK(decode_metadata(encode_metadata(metadata))->stream_unvouched);
  CHECK(decoded->stream_length == 12345);
  CHECK(decoded->stream_digest == 99);
  CHECK(decoded->url_hash == metadata.url_hash);
  CHECK(decoded->owner_token == metadata.owner_token);
  CHECK(decoded->refuted == 7);
  CHECK(decoded->joined == 1048576);
  CHECK(decoded->decoding);
  CHECK(decoded->undecodable);
  CHECK_FALSE(decode_metadata(encode_metadata(Metadata{}))->undecodable);
  CHECK(decoded->decoded == DecodedOutput{1, 2, 3});
  CHECK_FALSE(decode_metadata(encode_metadata(Metadata{}))->decoded);
  for (std::size_t i = 0; i < block.size(); ++i) {
    JournalBlock torn = block;
    torn[i] ^= std::byte{1};
    CHECK_FALSE(decode_metadata(torn));
  }
}

TEST_CASE("no flipped bit makes another identity") {
  const JournalBlock block = encode_identity(segmented());
  for (std::size_t i = 0; i < block.size(); ++i) {
    for (const unsigned bit : {0U, 3U, 7U}) {
      JournalBlock torn = block;
      torn[i] ^= static_cast<std::byte>(1U << bit);
      CHECK_FALSE(valid(torn));
    }
  }
}

TEST_CASE("fields that contradict each other are refused even under a right check") {
  for (std::size_t i = 8; i < 44; ++i) {
    JournalBlock block = encode_identity(segmented());
    block[i] ^= std::byte{0x41};
    CAPTURE(i);
    const auto decoded = decode_identity(resealed(block));
    const auto* identity = std::get_if<JournalIdentity>(&decoded);
    if (identity != nullptr) {
      // A total may change within its last segment, and a kind may become another kind; nothing else.
      CHECK(identity->layout->count() == segmented().layout->count());
      CHECK(identity->layout->segment_size() == segmented().layout->segment_size());
    }
  }
  JournalBlock trailing = encode_identity(segmented());
  trailing[4000] = std::byte{1};
  CHECK_FALSE(valid(resealed(trailing)));
}

TEST_CASE("other files, zeros and later versions are told apart") {
  const auto bad = [](const JournalBlock& block) { return std::get<BadBlock>(decode_identity(block)); };
  CHECK_FALSE(bad({}).foreign);
  const JournalBlock whole = encode_identity(segmented());
  for (std::size_t size = 1; size < 8; ++size) {
    CAPTURE(size);
    JournalBlock cut{};
    std::copy_n(whole.begin(), size, cut.begin());
    CHECK_FALSE(bad(cut).foreign);
    JournalBlock other = cut;
    other[size - 1] = std::byte{'x'};
    CHECK(bad(other).foreign);
    JournalBlock followed = cut;
    followed.back() = std::byte{1};
    CHECK(bad(followed).foreign);
  }
  JournalBlock text{};
  text.fill(std::byte{'x'});
  CHECK(bad(text).foreign);
  JournalBlock later = encode_identity(segmented());
  later[8] = std::byte{4};
  CHECK(bad(resealed(later)).foreign);
}

TEST_CASE("random bytes are never an identity") {
  const unsigned seed = std::random_device{}();
  CAPTURE(seed);
  std::mt19937 random(seed);
  const JournalBlock good = encode_identity(segmented());
  for (int round = 0; round < 3000; ++round) {
    JournalBlock block = good;
    for (std::size_t i = 8; i < 60; ++i) block[i] = static_cast<std::byte>(random() % 256);
    const auto decoded = decode_identity(resealed(block));
    if (const auto* identity = std::get_if<JournalIdentity>(&decoded)) {
      CHECK(identity->resource.validator.value().size() <= kMaxValidator);
      if (identity->layout) CHECK(identity->layout->count() > 0);
    }
  }
}

TEST_CASE("the blocks of a journal do not overlap, however large it is") {
  for (const std::uint32_t count : {0U, 1U, 64U, 65U, 4096U, 1U << 22U, 0xffffffffU}) {
    const JournalShape shape{count};
    CHECK(shape.bitmap_at() == 8192);
    CHECK(shape.bitmap_bytes() * 8 >= count);
    CHECK(shape.digests_at() >= shape.bitmap_at() + shape.bitmap_bytes());
    CHECK(shape.second_digests_at() >= shape.digests_at() + std::uint64_t{count} * 8);
    CHECK(shape.sources_at() >= shape.second_digests_at() + std::uint64_t{count} * 8);
    CHECK(shape.copy_at() >= shape.sources_at() + std::uint64_t{count} * 2);
    CHECK(shape.length() % kJournalBlock == 0);
  }
}
