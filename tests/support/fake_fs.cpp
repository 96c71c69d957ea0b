#include "support/fake_fs.h"

#include "support/fake_fs_handles.h"
#include "support/pattern.h"

#include <algorithm>
#include <atomic>
#include <cstring>
#include <random>
#include <span>
#include <utility>

namespace segdl::test {
namespace {

std::atomic<std::uint64_t> kills;
std::atomic<std::uint64_t> power_cuts;
std::atomic<std::uint64_t> failures;

// Mapped bytes may be stored to by other threads at this moment, so they are read a word at a time, as the hardware
// would. REQUIRES: both are equally long, and begin at a word.
void copy_words(std::span<std::byte> from, std::span<std::byte> to) {
  const std::size_t words = from.size() / 8;
  for (std::size_t i = 0; i < words; ++i) {
    const std::uint64_t word =
        std::atomic_ref(*reinterpret_cast<std::uint64_t*>(from.data() + 8 * i)).load(std::memory_order_relaxed);
    std::memcpy(to.data() + 8 * i, &word, 8);
  }
  std::copy(from.begin() + static_cast<std::ptrdiff_t>(8 * words), from.end(),
            to.begin() + static_cast<std::ptrdiff_t>(8 * words));
}

std::vector<std::byte> copy_bytes(std::vector<std::byte>& from) {
  std::vector<std::byte> to(from.size());
  copy_words(from, to);
  return to;
}

bool same_page(const FakeInode& inode, std::size_t at) {
  const auto page = [at](const std::vector<std::byte>& bytes) {
    return std::span(bytes)
        .subspan(std::min(at, bytes.size()))
        .first(std::min(kFakePage, bytes.size() - std::min(at, bytes.size())));
  };
  const auto live = page(inode.live);
  const auto durable = page(inode.durable);
  return live.size() == durable.size() && (live.empty() || std::memcmp(live.data(), durable.data(), live.size()) == 0);
}

// What is on the platter after a power cut: each page, and the length, is old or new.
template <class Coin>
void lose_power(FakeInode& inode, const Coin& stays) {
  std::vector<std::byte> survived(stays() ? inode.live.size() : inode.durable.size());
  for (std::size_t at = 0; at < survived.size(); at += kFakePage) {
    const std::vector<std::byte>& side = stays() ? inode.live : inode.durable;
    const std::size_t end = std::min({survived.size(), side.size(), at + kFakePage});
    if (at < end) std::memcpy(survived.data() + at, side.data() + at, end - at);
  }
  inode.live = survived;
  inode.durable = std::move(survived);
  inode.lost.clear();
  inode.dirty.clear();
}

}  // namespace

void FakeInode::set_length(std::uint64_t length) {
  // As on ext4: a file that grows keeps the space reserved beyond its end, any other loses it.
  if (length <= live.size()) reserved = std::min(reserved, length);
  make_dirty(std::min<std::uint64_t>(length, live.size()), std::max<std::uint64_t>(length, live.size()));
  live.resize(length);
  written.resize((length + kFakePage - 1) / kFakePage);
  written_to = std::min(written_to, length);
}

void FakeInode::make_dirty(std::uint64_t begin, std::uint64_t end) {
  for (std::uint64_t page = begin / kFakePage; page * kFakePage < end; ++page) dirty.insert(page);
}

std::uint64_t FakeInode::first_hole() const {
  for (std::size_t page = 0; page * kFakePage < live.size(); ++page) {
    if (page >= written.size() || !written[page]) return page * kFakePage;
  }
  return live.size();
}

FakeDamage fake_damage() { return {kills, power_cuts, failures}; }

Result<std::unique_ptr<Directory>> FakeFs::open_directory(const std::filesystem::path&) {
  const std::lock_guard lock(mutex_);
  if (auto error = begin(life_, "open-directory", "open-directory")) return *error;
  return std::unique_ptr<Directory>(std::make_unique<FakeDirectory>(*this, life_));
}

std::optional<Error> FakeFs::begin(std::uint64_t life, const std::string& kind, const std::string& words) {
  if (life != life_ || frozen_) return make_error(Cause::internal, kind, "", "the process is dead");
  ++operations_;
  ++kinds_[kind];
  if (crash_at_ != 0 && operations_ >= crash_at_) {
    freeze();
    return make_error(Cause::internal, kind, "", "the process is dead");
  }
  const bool now = operations_ == fail_at_ || (kind == failing_kind_ && kinds_[kind] == failing_nth_);
  if (now && fail_always_) failing_kind_ = kind;
  if (now || (fail_always_ && fired_ && kind == failing_kind_)) {
    if (!std::exchange(fired_, true)) ++failures;
    return make_error(Cause::local, words, "", fail_reason_);
  }
  log_.push_back(words);
  return std::nullopt;
}

FakeFs::Image FakeFs::copy(const Image& image) {
  std::map<const FakeInode*, Inode> copies;
  const auto copied = [&copies](const Names& names) {
    Names result;
    for (const auto& [name, inode] : names) {
      Inode& twin = copies[inode.get()];
      if (!twin) {
        twin = std::make_shared<FakeInode>();
        twin->number = inode->number;
        twin->kind = inode->kind;
        twin->live = copy_bytes(inode->live);
        twin->durable = inode->durable;
        twin->lost = inode->lost;
        twin->dirty = inode->dirty;
        twin->stored_to = inode->stored_to;
        twin->written = inode->written;
        twin->reserved = inode->reserved;
        twin->written_to = inode->written_to;
        twin->mode = inode->mode;
        twin->named = inode->named;
        twin->rooted = inode->rooted;
        twin->bad = inode->bad;
        twin->owner = inode->owner;
        twin->may_be_planted = inode->may_be_planted;
        twin->group = inode->group;
        twin->modified = inode->modified;
        twin->changes = inode->changes;
        twin->attributes = inode->attributes;
      }
      result[name] = twin;
    }
    return result;
  };
  Image result{copied(image.live), {}};
  for (const Names& names : image.history) result.history.push_back(copied(names));
  return result;
}

void FakeFs::sync(FakeInode& inode) {
  if (inode.stored_to) inode.make_dirty(0, inode.live.size());
  inode.durable.resize(inode.live.size());
  for (const std::uint64_t page : inode.dirty) {
    const std::size_t begin = page * kFakePage;
    if (begin >= inode.live.size() || inode.lost.contains(page)) continue;
    const std::size_t size = std::min(kFakePage, inode.live.size() - begin);
    copy_words(std::span(inode.live).subspan(begin, size), std::span(inode.durable).subspan(begin, size));
  }
  inode.dirty.clear();
  inode.rooted = inode.rooted || inode.named;
}

void FakeFs::lose_dirty(FakeInode& inode) {
  if (inode.stored_to) inode.make_dirty(0, inode.live.size());
  for (const std::uint64_t page : inode.dirty) {
    if (page * kFakePage < inode.live.size() && !same_page(inode, page * kFakePage)) inode.lost.insert(page);
  }
}

void FakeFs::freeze() {
  fired_ = true;
  frozen_ = copy(image_);
}

void FakeFs::new_life(Image image) {
  image_ = std::move(image);
  frozen_.reset();
  ++life_;
  operations_ = crash_at_ = fail_at_ = failing_nth_ = 0;
  failing_kind_.clear();
  kinds_.clear();
  log_.clear();
  fail_always_ = fired_ = torn_ = false;
  meddled_writes_ = 0;
}

void FakeFs::kill() {
  const std::lock_guard lock(mutex_);
  if (frozen_) ++kills;
  new_life(frozen_ ? std::move(*frozen_) : copy(image_));
}

// What was named and not synced since may be there or not, by any of its names.
void FakeFs::drop_rootless(Names& names, std::mt19937_64& random, bool all) const {
  std::set<const FakeInode*> gone;
  for (const auto& [name, inode] : names) {
    if (!inode->rooted && (all || random() % 2 == 0)) gone.insert(inode.get());
    inode->rooted = true;
  }
  std::erase_if(names, [&gone](const auto& entry) { return gone.contains(entry.second.get()); });
}

void FakeFs::power_cut(std::uint64_t seed) {
  const std::lock_guard lock(mutex_);
  if (frozen_) ++power_cuts;
  Image image = frozen_ ? std::move(*frozen_) : copy(image_);
  std::mt19937_64 random(seed);
  image.live = image.history[seed == 0 ? 0 : random() % image.history.size()];
  const auto stays = [&] { return seed != 0 && random() % 2 == 0; };
  if (!kind_.journaled) drop_rootless(image.live, random, seed == 0);
  image.history = {image.live};
  for (auto& [name, inode] : image.live) lose_power(*inode, stays);
  new_life(std::move(image));
}

std::uint64_t FakeFs::room_for(const FakeInode& inode) const {
  std::uint64_t others = 0;
  for (const auto& [name, other] : image_.live) {
    if (other.get() != &inode) others += std::max(other->reserved, other->written_to);
  }
  return std::max({inode.reserved, inode.written_to, capacity_ > others ? capacity_ - others : 0});
}

void FakeFs::crash_at(std::uint64_t operation, bool torn) {
  const std::lock_guard lock(mutex_);
  crash_at_ = operation;
  torn_ = torn;
}

void FakeFs::fail_at(std::uint64_t operation, std::string reason, bool always) {
  const std::lock_guard lock(mutex_);
  fail_at_ = operation;
  fail_reason_ = std::move(reason);
  fail_always_ = always;
}

void FakeFs::fail_kind(const std::string& kind, std::uint64_t nth, std::string reason, bool always) {
  const std::lock_guard lock(mutex_);
  fail_always_ = always;
  failing_kind_ = kind;
  failing_nth_ = nth;
  fail_reason_ = std::move(reason);
}

bool FakeFs::fired() const {
  const std::lock_guard lock(mutex_);
  return fired_;
}

std::uint64_t FakeFs::operations() const {
  const std::lock_guard lock(mutex_);
  return operations_;
}

std::vector<std::string> FakeFs::log() const {
  const std::lock_guard lock(mutex_);
  return log_;
}

void FakeFs::meddle(const std::string& name, std::uint64_t nth_write, std::function<void(FakeInode&)> what) {
  const std::lock_guard lock(mutex_);
  meddle_again(name, nth_write, std::move(what));
}

void FakeFs::meddle_again(const std::string& name, std::uint64_t nth_write, std::function<void(FakeInode&)> what) {
  meddled_ = name;
  meddled_writes_ = nth_write;
  meddling_ = std::move(what);
}

void FakeFs::wrote(const std::string& name, FakeInode& inode) {
  if (meddled_writes_ == 0 || name != meddled_ || --meddled_writes_ > 0) return;
  const auto what = meddling_;  // it may set the next
  inode.stored_to = true;
  what(inode);
}

void FakeFs::set_capacity(std::uint64_t bytes) {
  const std::lock_guard lock(mutex_);
  capacity_ = bytes;
}

void FakeFs::set_kind(const FakeKind& kind) {
  const std::lock_guard lock(mutex_);
  kind_ = kind;
}

void FakeFs::set_holes_seen(bool value) {
  const std::lock_guard lock(mutex_);
  holes_seen_ = value;
}

void FakeFs::make_unreadable(const std::string& name, BadSector sector) {
  const std::lock_guard lock(mutex_);
  image_.live.at(name)->bad.push_back(sector);
}

std::vector<std::string> FakeFs::names() const {
  const std::lock_guard lock(mutex_);
  std::vector<std::string> names;
  for (const auto& [name, inode] : image_.live) names.push_back(name);
  return names;
}

std::optional<std::vector<std::byte>> FakeFs::get(const std::string& name) const {
  const std::lock_guard lock(mutex_);
  const auto found = image_.live.find(name);
  return found == image_.live.end() ? std::nullopt : std::optional(copy_bytes(found->second->live));
}

bool FakeFs::has_pattern(const std::string& name, std::uint64_t seed, std::uint64_t size) const {
  const std::lock_guard lock(mutex_);
  const auto found = image_.live.find(name);
  return found != image_.live.end() && found->second->live.size() == size && is_pattern(found->second->live, seed);
}

void FakeFs::put_special(const std::string& name, FileKind kind) {
  const std::lock_guard lock(mutex_);
  auto inode = std::make_shared<FakeInode>();
  inode->number = next_inode_++;
  inode->kind = kind;
  inode->rooted = true;
  image_.live[name] = std::move(inode);
  image_.history = {image_.live};
}

void FakeFs::put(const std::string& name, std::vector<std::byte> bytes) {
  const std::lock_guard lock(mutex_);
  auto inode = std::make_shared<FakeInode>();
  inode->number = next_inode_++;
  inode->live = inode->durable = std::move(bytes);
  inode->rooted = true;
  inode->written_to = inode->live.size();
  inode->written.assign((inode->live.size() + kFakePage - 1) / kFakePage, true);
  image_.live[name] = std::move(inode);
  image_.history = {image_.live};
}

void FakeFs::punch(const std::string& name, std::uint64_t begin, std::uint64_t end) {
  const std::lock_guard lock(mutex_);
  FakeInode& inode = *image_.live.at(name);
  for (std::uint64_t at = begin; at < end; ++at) inode.live.at(at) = std::byte{0};
  for (std::uint64_t page = begin / kFakePage; page < end / kFakePage; ++page) inode.written.at(page) = false;
  inode.durable = inode.live;
}

void FakeFs::flip(const std::string& name, std::uint64_t offset) {
  const std::lock_guard lock(mutex_);
  FakeInode& inode = *image_.live.at(name);
  inode.live.at(offset) ^= std::byte{0x10};
  inode.durable = inode.live;
  inode.dirty.clear();
}

void FakeFs::erase(const std::string& name) {
  const std::lock_guard lock(mutex_);
  image_.live.erase(name);
  image_.history = {image_.live};
}

void FakeFs::link(const std::string& from, const std::string& to) {
  const std::lock_guard lock(mutex_);
  image_.live[to] = image_.live.at(from);
  image_.history = {image_.live};
}

void FakeFs::move(const std::string& from, const std::string& to) {
  const std::lock_guard lock(mutex_);
  image_.live[to] = image_.live.at(from);
  image_.live.erase(from);
  image_.history = {image_.live};
}

}  // namespace segdl::test
