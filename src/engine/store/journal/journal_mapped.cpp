#include "engine/store/journal/journal_store.h"

#include <atomic>
#include <bit>
#include <cassert>
#include <cstring>
#include <utility>

namespace segdl::engine {
namespace {

// On disk everything is little-endian.
constexpr std::uint64_t little(std::uint64_t value) {
  if constexpr (std::endian::native == std::endian::big) {
    return __builtin_bswap64(value);
  } else {
    return value;
  }
}

class MappedJournal final : public Journal {
 public:
  MappedJournal(std::unique_ptr<File> file, JournalIdentity identity, std::unique_ptr<Mapping> mapping)
      : file_(std::move(file)),
        identity_(std::move(identity)),
        mapping_(std::move(mapping)),
        shape_{identity_.layout ? identity_.layout->count() : 0} {}

  const JournalIdentity& identity() const override { return identity_; }

  bool claims(Segment segment) const override {
    return (bits(segment).load(std::memory_order_acquire) & mask(segment)) != 0;
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
    bits(segment).fetch_or(mask(segment), std::memory_order_release);  // J3: after the digest
    return {};
  }

  Result<void> revoke(Segment segment) override {
    bits(segment).fetch_and(~mask(segment), std::memory_order_release);
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
  static std::uint64_t mask(Segment segment) { return little(std::uint64_t{1} << index(segment) % 64); }

  std::unique_ptr<File> file_;
  JournalIdentity identity_;
  std::unique_ptr<Mapping> mapping_;
  JournalShape shape_;
};

}  // namespace

std::unique_ptr<Journal> open_mapped(std::unique_ptr<File> file, JournalIdentity identity,
                                     std::unique_ptr<Mapping> mapping) {
  return std::make_unique<MappedJournal>(std::move(file), std::move(identity), std::move(mapping));
}

}  // namespace segdl::engine
