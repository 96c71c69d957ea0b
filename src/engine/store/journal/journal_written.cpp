#include "core/base/errors.h"
#include "engine/base/monitor.h"
#include "engine/store/journal/journal_store.h"

#include <array>
#include <bit>
#include <utility>
#include <vector>

namespace segdl::engine {
namespace {

std::array<std::byte, 8> encode_word(std::uint64_t value) {
  std::array<std::byte, 8> bytes{};
  for (std::size_t i = 0; i < 8; ++i) bytes[i] = static_cast<std::byte>(value >> (8 * i) & 0xff);
  return bytes;
}

std::uint64_t decode_word(std::span<const std::byte, 8> bytes) {
  std::uint64_t value = 0;
  for (std::size_t i = 0; i < 8; ++i) value |= std::to_integer<std::uint64_t>(bytes[i]) << (8 * i);
  return value;
}

class WrittenJournal final : public Journal {
 public:
  WrittenJournal(std::unique_ptr<File> file, JournalIdentity identity, std::vector<std::uint64_t> words,
                 std::optional<Metadata> metadata)
      : file_(std::move(file)),
        identity_(std::move(identity)),
        shape_{identity_.layout ? identity_.layout->count() : 0},
        words_(std::move(words)),
        metadata_(std::move(metadata)) {}

  const JournalIdentity& identity() const override { return identity_; }

  bool claims(Segment segment) const override {
    const MutexLock lock(mutex_);
    return (words_[index(segment) / 64] >> index(segment) % 64 & 1) != 0;
  }

  Result<std::uint64_t> proof(Segment segment) const override {
    std::array<std::byte, 8> bytes{};
    auto got = file_->read_at(digest_at(segment), bytes);
    if (!got && !is_unreadable(got.error())) return std::move(got).error();
    // A digest of zero belongs to practically no data.
    return got && *got == bytes.size() ? decode_word(bytes) : 0;
  }

  std::uint32_t claimed() const override {
    const MutexLock lock(mutex_);
    std::uint32_t count = 0;
    for (std::uint32_t i = 0; i < words_.size(); ++i) {
      count += static_cast<std::uint32_t>(std::popcount(words_[i] & shape_.bits_of(i)));
    }
    return count;
  }

  Result<void> commit(Segment segment, std::uint64_t proof) override {
    auto step = file_->write_at(digest_at(segment), encode_word(proof));
    return step ? set_bit(segment, true) : step;  // J3: the digest first
  }

  Result<void> revoke(Segment segment) override { return set_bit(segment, false); }

  std::optional<Metadata> metadata() const override {
    const MutexLock lock(mutex_);
    return metadata_;
  }

  Result<void> set_metadata(const Metadata& metadata) override {
    const JournalBlock block = encode_metadata(metadata);
    auto step = file_->write_at(shape_.metadata_at(), block);
    if (!step) return step;
    const MutexLock lock(mutex_);
    metadata_ = decode_metadata(block);
    return step;
  }

  Result<void> sync() override { return file_->sync(); }

 private:
  std::uint64_t digest_at(Segment segment) const { return shape_.digests_at() + std::uint64_t{index(segment)} * 8; }

  // The mutex is held while the word is written: two words must not overtake each other. Nothing else writes
  // to this file.
  Result<void> set_bit(Segment segment, bool value) {
    const MutexLock lock(mutex_);
    std::uint64_t& word = words_[index(segment) / 64];
    const std::uint64_t bit = std::uint64_t{1} << index(segment) % 64;
    const std::uint64_t changed = value ? word | bit : word & ~bit;
    auto step = file_->write_at(shape_.bitmap_at() + index(segment) / 64 * 8, encode_word(changed));
    if (step) word = changed;
    return step;
  }

  std::unique_ptr<File> file_;
  JournalIdentity identity_;
  JournalShape shape_;
  mutable Mutex mutex_;
  std::vector<std::uint64_t> words_ SEGDL_GUARDED_BY(mutex_);
  std::optional<Metadata> metadata_ SEGDL_GUARDED_BY(mutex_);
};

}  // namespace

Result<std::unique_ptr<Journal>> open_written(std::unique_ptr<File> file, JournalIdentity identity) {
  const JournalShape shape{identity.layout ? identity.layout->count() : 0};
  std::vector<std::byte> bytes(shape.bitmap_bytes());
  auto got = file->read_at(shape.bitmap_at(), bytes);
  if (!got) return std::move(got).error();
  JournalBlock metadata{};
  got = file->read_at(shape.metadata_at(), metadata);
  if (!got && !is_unreadable(got.error())) return std::move(got).error();
  std::vector<std::uint64_t> words(bytes.size() / 8);
  for (std::size_t i = 0; i < words.size(); ++i) words[i] = decode_word(std::span(bytes).subspan(i * 8).first<8>());
  return std::unique_ptr<Journal>(std::make_unique<WrittenJournal>(std::move(file), std::move(identity),
                                                                   std::move(words), decode_metadata(metadata)));
}

}  // namespace segdl::engine
