#include "support/fake_inode.h"

#include <algorithm>
#include <array>
#include <utility>

namespace segdl::test {

void FakeInode::set_contents(std::span<const std::byte> bytes) {
  for (FakeBytes* content : {&live_, &durable_}) {
    content->resize(0);
    content->write(0, bytes);
  }
  dirty_.clear();
  lost_.clear();
  reserved_ = 0;
  beyond_.clear();
  take_space(0, pages_of(bytes.size()));
}

void FakeInode::flip_byte(std::uint64_t offset) {
  for (FakeBytes* content : {&live_, &durable_}) {
    std::array<std::byte, 1> byte{};
    if (content->read(offset, byte) == 0) continue;
    byte[0] ^= std::byte{0xff};
    content->write(offset, byte);
  }
}

void FakeInode::write(std::uint64_t offset, std::span<const std::byte> bytes) {
  if (bytes.empty()) return;
  const std::uint64_t begin = offset / kFakePage;
  const std::uint64_t end = pages_of(offset + bytes.size());
  live_.write(offset, bytes);
  take_space(begin, end);
  for (std::uint64_t page = begin; page < end; ++page) {
    dirty_.insert(page);
    lost_.erase(page);
  }
}

void FakeInode::resize(std::uint64_t size) {
  const std::uint64_t before = live_.size();
  if (size < before) {
    // The cut page, and every page that would come back to life if the length reverted.
    if (size % kFakePage != 0) dirty_.insert(size / kFakePage);
    durable_.for_each_data_page(size / kFakePage, pages_of(durable_.size()),
                                [this](std::uint64_t page) { dirty_.insert(page); });
  }
  if (size <= before) {
    reserved_ = std::min(reserved_, pages_of(size));
    beyond_.erase(beyond_.lower_bound(pages_of(size)), beyond_.end());
  }
  live_.resize(size);
}

void FakeInode::sync() {
  durable_.resize(live_.size());
  for (const std::uint64_t page : dirty_) durable_.set_page(page, live_.page(page));
  dirty_.clear();
  sync_mapped(mapped_pages_ * kFakePage);
}

void FakeInode::sync_mapped(std::uint64_t length) {
  for (std::uint64_t page = 0; page < pages_of(length); ++page) {
    durable_.set_page(page, live_.page(page));
    dirty_.erase(page);
    lost_.erase(page);
  }
}

void FakeInode::lose_dirty() {
  lost_.merge(dirty_);
  dirty_.clear();
}

std::uint64_t FakeInode::missing_space(std::uint64_t begin, std::uint64_t end) const {
  begin = std::max(begin, reserved_);
  if (begin >= end) return 0;
  const auto have = std::distance(beyond_.lower_bound(begin), beyond_.lower_bound(end));
  return end - begin - static_cast<std::uint64_t>(have);
}

void FakeInode::take_space(std::uint64_t begin, std::uint64_t end) {
  if (begin <= reserved_) {
    reserved_ = std::max(reserved_, end);
    beyond_.erase(beyond_.begin(), beyond_.lower_bound(reserved_));
    return;
  }
  for (std::uint64_t page = begin; page < end; ++page) beyond_.insert(page);
}

void FakeInode::mapped(std::uint64_t length) {
  ++mappings_;
  mapped_pages_ = std::max(mapped_pages_, pages_of(length));
}

void FakeInode::freeze() {
  if (mappings_ > 0) frozen_ = live_.clone();
}

void FakeInode::end_life() {
  if (frozen_) live_ = std::move(*frozen_);
  frozen_.reset();
  lock_owner = nullptr;
  handles = 0;
  mappings_ = 0;
}

void FakeInode::power_cut(const std::function<bool()>& stays) {
  const std::uint64_t live_size = live_.size();
  const std::uint64_t durable_size = durable_.size();
  std::set<std::uint64_t> unsynced = std::move(dirty_);
  unsynced.merge(lost_);
  for (std::uint64_t page = 0; page < mapped_pages_; ++page) unsynced.insert(page);
  durable_.resize(std::max(live_size, durable_size));
  for (const std::uint64_t page : unsynced) {
    const FakePage bytes = live_.page(page);
    if (bytes != durable_.page(page) && stays()) durable_.set_page(page, bytes);
  }
  durable_.resize(live_size != durable_size && stays() ? live_size : durable_size);
  live_ = durable_.clone();
  dirty_.clear();
  lost_.clear();
  mapped_pages_ = 0;
}

}  // namespace segdl::test
