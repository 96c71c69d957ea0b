#include "cli/name_set.h"

#include <algorithm>
#include <functional>
#include <utility>

namespace segdl::cli {

bool NameSet::insert(std::string_view name) {
  if ((used_ + 1) * 4 > slots_.size() * 3) grow();
  const bool fresh = place(std::max<std::uint64_t>(1, std::hash<std::string_view>()(name)));
  if (fresh) ++used_;
  return fresh;
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

}  // namespace segdl::cli
