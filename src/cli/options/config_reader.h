// Settings for every run, one a line. Pure: text goes in, lines come out.
//
//   # comment
//   connections = 8
//   header = Accept-Language: de
//   remote-time
//
// A long option of the command without its dashes, and after '=' its value; without '=' a switch that is on. Blanks
// around both do not count, nor do empty lines and lines that begin with '#'.
#pragma once

#include <cstddef>
#include <string>
#include <string_view>
#include <vector>

namespace segdl::cli {

// Bytes of a file of settings.
inline constexpr std::size_t kLargestConfig = 65536;

struct ConfigLine {
  std::size_t number = 0;  // from 1, as editors count
  std::string key = {};
  std::string value = {};
  bool bare = false;         // it has no '='; the value is "true" then
  std::string problem = {};  // why this line can't be used; else empty
};

// At most `kLargestConfig` bytes are looked at: one line more reports that there were more.
std::vector<ConfigLine> read_config(std::string_view text);

}  // namespace segdl::cli
