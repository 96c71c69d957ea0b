#include "batch/name_set.h"

#include <algorithm>
#include <functional>
#include <utility>

namespace segdl::batch {

namespace {

std::uint64_t hash_of(std::string_view name) { return std::max<std::uint64_t>(1, std::hash<std::string_view>()(name)); }

}  // namespace

bool NameSet::insert(std::string_view name) {
  if ((used_ + 1) * 4 > slots_.size() * 3) grow();
  const bool fresh = place(hash_of(name));
  if (fresh) ++used_;
  return fresh;
}

bool NameSet::contains(std::string_view name) const {
  if (slots_.empty()) return false;
  const std::uint64_t hash = hash_of(name);
  const std::size_t mask = slots_.size() - 1;
  std::size_t slot = hash & mask;
  while (slots_[slot] != 0 && slots_[slot] != hash) slot = (slot + 1) & mask;
  return slots_[slot] == hash;
}

bool NameSet::place(std::uint64_t hash) {
  const std::size_t mask = slots_.size() - 1;  // a power of two
  std::size_t slot = hash & mask;
  while (slots_[slot] != 0) {
    if (slots_[slot] == hash) return false;
    slot = (slot + 1) & mask;
  }
  slots_[slot] = hash;
  return true;
}

void NameSet::grow() {
  std::vector<std::uint64_t> old =
      std::exchange(slots_, std::vector<std::uint64_t>(std::max<std::size_t>(64, slots_.size() * 2)));
  for (const std::uint64_t hash : old) {
    if (hash != 0) place(hash);
  }
}

std::optional<std::string> name_in_the_way(const std::string& name,
                                           const std::function<bool(const std::string&)>& is_in_use) {
  for (const char* suffix : {".part", ".segdl", ".segdl.new", ".part.old", ".segdl.old", ".part.out"}) {
    std::string other = name + suffix;
    if (is_in_use(other)) return other;
    if (!name.ends_with(suffix)) continue;
    other = name.substr(0, name.size() - std::string_view(suffix).size());
    if (is_in_use(other)) return other;
  }
  return std::nullopt;
}

}  // namespace segdl::batch
