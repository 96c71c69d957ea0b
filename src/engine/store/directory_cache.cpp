#include "engine/store/directory_cache.h"

#include "core/store/file_name.h"

#include <algorithm>
#include <chrono>
#include <iterator>
#include <limits>

namespace segdl::engine {
namespace {

constexpr std::chrono::seconds kFresh{1};
constexpr unsigned kWorthListing = 32;        // downloads: a single one shall not read a large directory
constexpr std::size_t kMaxNames = 64 * 1024;  // 20 ms to read, 512 KiB to keep

std::uint64_t hash_of(const std::string& name) { return digest_of(std::as_bytes(std::span(name))); }

}  // namespace

bool OpenDirectory::lacked(const std::string& name) const {
  return listed_.load(std::memory_order_acquire) && !std::binary_search(names_.begin(), names_.end(), hash_of(name));
}

bool OpenDirectory::serves(const std::filesystem::path& path, Instant now) const {
  return now - since_ < kFresh && path.native() == path_.native() && directory_->is_at(path);
}

const std::vector<std::string>& OpenDirectory::small_names() {
  const MutexLock lock(listing_);
  if (small_names_) return *small_names_;
  std::vector<std::string> small;
  auto names = directory_->names(std::numeric_limits<std::size_t>::max());
  if (names && names->has_value()) {  // if not, what is left there stays
    std::ranges::copy_if(**names, std::back_inserter(small), has_small_suffix);
  }
  return small_names_.emplace(std::move(small));
}

void OpenDirectory::count_download() {
  if (++downloads_ != kWorthListing) return;
  const auto names = directory_->names(kMaxNames);
  if (!names || !names->has_value()) return;  // then every name is looked up
  names_.reserve((*names)->size());
  for (const std::string& name : **names) names_.push_back(hash_of(name));
  std::sort(names_.begin(), names_.end());
  listed_.store(true, std::memory_order_release);
}

std::shared_ptr<OpenDirectory> DirectoryCache::latest() {
  const MutexLock lock(mutex_);
  return latest_.lock();
}

Result<std::shared_ptr<OpenDirectory>> DirectoryCache::open(const std::filesystem::path& path, bool make) {
  const Instant now = clock_.now();
  auto open = latest();
  if (!open || !open->serves(path, now)) {
    auto opened = files_.open_directory(path);
    auto made = make && !opened ? files_.make_directories(path) : Result<void>();
    if (!made) return std::move(made).error();
    if (make && !opened) opened = files_.open_directory(path);
    if (!opened) return std::move(opened).error();
    open = std::make_shared<OpenDirectory>(std::move(*opened), path, now, empty_outputs_);
    const MutexLock lock(mutex_);
    latest_ = open;
  }
  open->count_download();
  return open;
}

}  // namespace segdl::engine
