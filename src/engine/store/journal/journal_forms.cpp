// The two forms in which a journal is kept.
#include "engine/store/journal/journal.h"

#include "core/base/errors.h"
#include "engine/base/monitor.h"

#include <array>
#include <atomic>
#include <bit>
#include <cassert>
#include <cstring>
#include <span>

namespace segdl::engine {
namespace {

// On disk everything is little-endian.
constexpr std::uint64_t little(std::uint64_t value) {
  return std::endian::native == std::endian::big ? __builtin_bswap64(value) : value;
}

std::array<std::byte, 8> encode_word(std::uint64_t value) {
  return std::bit_cast<std::array<std::byte, 8>>(little(value));
}

std::uint64_t bit_of(Segment segment) { return std::uint64_t{1} << index(segment) % 64; }

// A shared mapping: a claim costs two stores.
class MappedJournal final : public Journal {
 public:
  MappedJournal(std::unique_ptr<File> file, JournalIdentity identity, std::unique_ptr<Mapping> mapping)
      : Journal(std::move(file), std::move(identity)), mapping_(std::move(mapping)) {}

  bool claims(Segment segment) const override {
    return (bits(segment).load(std::memory_order_acquire) & little(bit_of(segment))) != 0;
  }

  Result<std::uint64_t> proof(Segment segment) const override {
    return little(digest(segment).load(std::memory_order_relaxed));
  }

  std::uint32_t claimed() const override {
    std::uint32_t count = 0;
    for (std::uint32_t i = 0; i < shape_.count; i += 64) {
      const std::uint64_t word = little(bits(Segment{i}).load(std::memory_order_acquire));
      count += static_cast<std::uint32_t>(std::popcount(word & shape_.bits_of(i / 64)));
    }
    return count;
  }

  Result<void> commit(Segment segment, std::uint64_t proof) override {
    digest(segment).store(little(proof), std::memory_order_relaxed);
    bits(segment).fetch_or(little(bit_of(segment)), std::memory_order_release);  // J3: after the digest
    return {};
  }

  Result<void> revoke(Segment segment) override {
    bits(segment).fetch_and(~little(bit_of(segment)), std::memory_order_release);
    return {};
  }

  std::optional<Metadata> metadata() const override {
    JournalBlock block;
    std::memcpy(block.data(), mapping_->bytes().data() + shape_.metadata_at(), block.size());
    return decode_metadata(block);
  }

  Result<void> set_metadata(const Metadata& metadata) override {
    const JournalBlock block = encode_metadata(metadata);
    std::memcpy(mapping_->bytes().data() + shape_.metadata_at(), block.data(), block.size());
    return {};
  }

  Result<void> sync() override { return mapping_->sync(); }

 private:
  std::atomic_ref<std::uint64_t> word(std::uint64_t offset) const {
    return std::atomic_ref(*reinterpret_cast<std::uint64_t*>(mapping_->bytes().data() + offset));
  }
  std::atomic_ref<std::uint64_t> bits(Segment segment) const {
    assert(index(segment) < shape_.count);
    return word(shape_.bitmap_at() + index(segment) / 64 * 8);
  }
  std::atomic_ref<std::uint64_t> digest(Segment segment) const {
    assert(index(segment) < shape_.count);
    return word(shape_.digests_at() + std::uint64_t{index(segment)} * 8);
  }

  std::unique_ptr<Mapping> mapping_;
};

// pwrite of the digest, then of the bitmap's word; the bitmap is kept in memory as well. Also for reading only.
class WrittenJournal final : public Journal {
 public:
  WrittenJournal(std::unique_ptr<File> file, JournalIdentity identity, std::vector<std::uint64_t> words,
                 std::optional<Metadata> metadata)
      : Journal(std::move(file), std::move(identity)), words_(std::move(words)), metadata_(std::move(metadata)) {}

  bool claims(Segment segment) const override {
    const MutexLock lock(mutex_);
    return (words_[index(segment) / 64] & bit_of(segment)) != 0;
  }

  Result<std::uint64_t> proof(Segment segment) const override {
    std::uint64_t word = 0;
    auto got = file_->read_at(digest_at(segment), std::as_writable_bytes(std::span(&word, 1)));
    if (!got && !is_unreadable(got.error())) return std::move(got).error();
    // A digest of zero belongs to practically no data.
    return got && *got == sizeof(word) ? little(word) : 0;
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
    const std::uint64_t changed = value ? word | bit_of(segment) : word & ~bit_of(segment);
    auto step = file_->write_at(shape_.bitmap_at() + index(segment) / 64 * 8, encode_word(changed));
    if (step) word = changed;
    return step;
  }

  mutable Mutex mutex_;
  std::vector<std::uint64_t> words_ SEGDL_GUARDED_BY(mutex_);
  std::optional<Metadata> metadata_ SEGDL_GUARDED_BY(mutex_);
};

}  // namespace

Result<std::unique_ptr<Journal>> open_journal(std::unique_ptr<File> file, JournalIdentity identity,
                                              std::unique_ptr<Mapping> mapping) {
  if (mapping) {
    return std::unique_ptr<Journal>(
        std::make_unique<MappedJournal>(std::move(file), std::move(identity), std::move(mapping)));
  }
  const JournalShape shape = shape_of(identity);
  std::vector<std::uint64_t> words(shape.bitmap_bytes() / 8);
  auto got = file->read_at(shape.bitmap_at(), std::as_writable_bytes(std::span(words)));
  if (!got) return std::move(got).error();
  JournalBlock metadata{};
  got = file->read_at(shape.metadata_at(), metadata);
  if (!got && !is_unreadable(got.error())) return std::move(got).error();
  for (std::uint64_t& word : words) word = little(word);
  return std::unique_ptr<Journal>(std::make_unique<WrittenJournal>(std::move(file), std::move(identity),
                                                                   std::move(words), decode_metadata(metadata)));
}

}  // namespace segdl::engine
