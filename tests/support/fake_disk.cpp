#include "support/fake_disk.h"

#include "io/system_error.h"

#include <algorithm>
#include <array>
#include <random>

namespace segdl::test {
namespace {

const char* words(Op op) {
  constexpr std::array<const char*, 16> kWords = {
      "open directory",  "open", "look at", "read", "write",  "reserve",  "resize", "sync",
      "set the mode of", "lock", "map",     "sync", "rename", "exchange", "remove", "sync"};
  return kWords.at(static_cast<std::size_t>(op));
}

Error death(const FakeDisk::Request& request) {
  Error error;
  error.cause = Cause::internal;
  error.operation = words(request.op);
  error.subject = request.subject;
  error.reason = "crashed";
  return error;
}

}  // namespace

Result<void> FakeDisk::enter(std::uint64_t life, Request request, const std::function<void(std::uint64_t)>& tear) {
  if (life != life_ || crashed_) return death(request);
  const auto answer = faults.next(request.op, std::move(request.line));
  if (answer.verdict == FakeFaults::Verdict::proceed) return {};
  const bool dies = answer.verdict == FakeFaults::Verdict::die;
  if (tear) tear(dies ? std::min(answer.torn, request.length) : request.length / 2);
  if (!dies) return io::file_error(answer.number, words(request.op), request.subject, request.offset);
  crash();
  return death(request);
}

void FakeDisk::crash() {
  if (crashed_) return;
  crashed_ = true;
  for (const Inode& inode : living()) inode->freeze();
}

void FakeDisk::begin_life() {
  crash();
  for (const Inode& inode : living()) inode->end_life();
  faults.begin_life();
  crashed_ = false;
  ++life_;
}

void FakeDisk::power_cut(std::uint64_t seed) {
  begin_life();
  std::mt19937_64 random(seed);
  const auto stays = [&] { return seed != 0 && (random() >> 32 & 1) != 0; };
  const std::size_t kept = seed == 0 ? 0 : random() % (unsynced_.size() + 1);
  for (std::size_t i = 0; i < kept; ++i) {
    for (auto& [name, inode] : unsynced_[i]) durable_names_[name] = std::move(inode);
  }
  std::erase_if(durable_names_, [](const auto& entry) { return entry.second == nullptr; });
  unsynced_.clear();
  names_ = durable_names_;
  for (const auto& [name, inode] : names_) inode->power_cut(stays);
}

FakeDisk::Inode FakeDisk::create(FileKind kind) {
  auto inode = std::make_shared<FakeInode>(next_number_++, kind);
  std::erase_if(inodes_, [](const auto& weak) { return weak.expired(); });
  inodes_.push_back(inode);
  return inode;
}

FakeDisk::Inode FakeDisk::find(const std::string& name) const {
  const auto found = names_.find(name);
  return found == names_.end() ? nullptr : found->second;
}

void FakeDisk::change(Change change) {
  for (const auto& [name, inode] : change) {
    if (inode != nullptr) {
      names_[name] = inode;
    } else {
      names_.erase(name);
    }
  }
  unsynced_.push_back(std::move(change));
}

void FakeDisk::put(const std::string& name, const Inode& inode) {
  names_[name] = inode;
  durable_names_[name] = inode;
}

void FakeDisk::sync_names() {
  durable_names_ = names_;
  unsynced_.clear();
}

std::uint64_t FakeDisk::grant(const FakeInode& inode, std::uint64_t begin, std::uint64_t end) const {
  if (!capacity_) return end - begin;
  const std::uint64_t used = used_space();
  std::uint64_t left = *capacity_ > used ? *capacity_ - used : 0;
  std::uint64_t page = begin;
  for (; page < end; ++page) {
    const std::uint64_t missing = inode.missing_space(page, page + 1);
    if (missing > left) break;
    left -= missing;
  }
  return page - begin;
}

void FakeDisk::limit_space(std::optional<std::uint64_t> bytes) {
  capacity_ = bytes ? std::optional(used_space() + *bytes / kFakePage) : std::nullopt;
}

std::uint64_t FakeDisk::used_space() const {
  std::uint64_t pages = 0;
  for (const Inode& inode : living()) {
    const bool named =
        std::any_of(names_.begin(), names_.end(), [&](const auto& entry) { return entry.second == inode; });
    if (named || inode->handles > 0) pages += inode->space();
  }
  return pages;
}

std::vector<FakeDisk::Inode> FakeDisk::living() const {
  std::vector<Inode> result;
  for (const auto& weak : inodes_) {
    if (auto inode = weak.lock()) result.push_back(std::move(inode));
  }
  return result;
}

}  // namespace segdl::test
