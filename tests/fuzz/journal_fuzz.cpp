// The blocks of a journal as a damaged disk may give them: with the right checksum as well, so that what is behind it
// gets tested.
#include "core/base/xxh3.h"
#include "core/store/journal_format.h"
#include "fuzz/fuzz.h"

#include <algorithm>
#include <cstring>
#include <string>

using namespace segdl;

namespace {

constexpr std::size_t kCheck = 8;  // bytes of checksum at the end of a block

JournalBlock block_of(std::string_view input) {
  JournalBlock block{};
  std::memcpy(block.data(), input.data(), std::min(input.size(), block.size()));
  return block;
}

void seal(JournalBlock& block) {
  const std::uint64_t check = digest_of(std::span<const std::byte>(block).first(block.size() - kCheck));
  for (std::size_t i = 0; i < kCheck; ++i) block[block.size() - kCheck + i] = static_cast<std::byte>(check >> (8 * i));
}

void check_identity(const JournalBlock& block) {
  const auto decoded = decode_identity(std::span<const std::byte, kJournalBlock>(block));
  const auto* identity = std::get_if<JournalIdentity>(&decoded);
  if (identity == nullptr) {
    FUZZ_CHECK(!std::get<BadBlock>(decoded).reason.empty());
    return;
  }
  if (identity->layout) {
    FUZZ_CHECK(Layout::valid_segment_size(identity->layout->segment_size()));
    FUZZ_CHECK(identity->layout->total() > 0);
  }
  const JournalBlock again = encode_identity(*identity);
  const auto same = decode_identity(std::span<const std::byte, kJournalBlock>(again));
  FUZZ_CHECK(std::get<JournalIdentity>(same) == *identity);
}

void check_metadata(const JournalBlock& block) {
  const auto metadata = decode_metadata(std::span<const std::byte, kJournalBlock>(block));
  if (!metadata) return;
  const JournalBlock again = encode_metadata(*metadata);
  FUZZ_CHECK(decode_metadata(std::span<const std::byte, kJournalBlock>(again)) == metadata);
}

// A sound block with some of its bytes replaced.
JournalBlock altered(JournalBlock block, std::string_view input) {
  for (std::size_t i = 0; i + 2 < input.size(); i += 3) {
    const std::size_t at =
        (std::size_t{static_cast<unsigned char>(input[i])} << 8U | static_cast<unsigned char>(input[i + 1])) %
        block.size();
    block[at] = static_cast<std::byte>(input[i + 2]);
  }
  return block;
}

}  // namespace

void fuzz(std::string_view input) {
  JournalIdentity identity;
  identity.lay_out(Layout(10'000'000, 65536));
  identity.resource.validator = {Validator::Kind::strong_etag, "\"v1\""};
  identity.resource.coding = "gzip, br";
  Metadata metadata;
  metadata.url = "http://h/f";
  metadata.decoded = DecodedOutput{1, 2, 3};
  for (JournalBlock block :
       {block_of(input), altered(encode_identity(identity), input), altered(encode_metadata(metadata), input)}) {
    check_identity(block);
    check_metadata(block);
    seal(block);
    check_identity(block);
    check_metadata(block);
  }
}
