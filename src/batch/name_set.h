// Which names have been given to a file before, or which URLs were asked for, by 64 bits of hash each: 11 to 22 bytes a
// name, so that a list of ten million lines can be checked. Two different names are taken for one with a chance of
// n * n / 2^65: for a million names one in thirty million, and then one file is not fetched, which is reported.
#pragma once

#include <cstddef>
#include <cstdint>
#include <functional>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace segdl::batch {

class NameSet {
 public:
  // False if it is there already.
  bool insert(std::string_view name);
  bool contains(std::string_view name) const;

 private:
  bool place(std::uint64_t hash);
  void grow();

  std::vector<std::uint64_t> slots_;  // open addressing; 0 is an empty one
  std::size_t used_ = 0;
};

// Of two files in one directory the one may have the name of what the other is written to, and would be replaced by it:
// x.part and x, x.segdl and x (doc/recovery.md). The name in use that is in the way of `name` so, either way round.
std::optional<std::string> name_in_the_way(const std::string& name,
                                           const std::function<bool(const std::string&)>& is_in_use);

}  // namespace segdl::batch
