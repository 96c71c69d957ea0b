// A list of checksums, as sha256sum and its relatives write it. Pure: text goes in.
//
//   e3b0...b855  movie.mkv            coreutils: blank, then a blank or '*', then the name; the algorithm by length
//   e3b0...b855 *movie.mkv            (32: MD5, 40: SHA-1, 64: SHA-256, 128: SHA-512)
//   XXH3_2d06800538d394c2  movie.mkv  xxhsum -H3
//   SHA256 (movie.mkv) = e3b0...b855  --tag, BSD, cksum; any algorithm of <segdl/checksum.h>
//   \e3b0...b855  two\nlines          a name in which \\, \n and \r stand for those characters
//
// Other lines are skipped: comments, signatures, algorithms that segdl does not know.
#pragma once

#include <segdl/checksum.h>

#include <cstddef>
#include <optional>
#include <string>
#include <string_view>
#include <unordered_map>
#include <vector>

namespace segdl::cli {

inline constexpr std::size_t kLongestChecksumList = 16U << 20U;

struct ListedChecksum {
  std::string name = {};  // as listed, with its directories
  Checksum checksum = {};
};

// One line without its end. Nothing if it is not one of those above.
std::optional<ListedChecksum> parse_checksum_line(std::string_view line);

class ChecksumList final {
 public:
  // `source` is what messages call it.
  ChecksumList(std::string source, std::string_view text);

  bool empty() const { return listed_.empty(); }

  // Of the file of that name: listed without a directory (but ./), or else in whichever one. Of several algorithms the
  // one that says most. Cause::usage if there is none, or two that contradict each other.
  Result<Checksum> find(const std::string& name) const;

 private:
  struct Listed {
    bool in_directory = false;
    Checksum checksum = {};
  };

  Error refused(const std::string& name, std::string reason) const;

  std::string source_;
  std::unordered_map<std::string, std::vector<Listed>> listed_;  // by the last component of the name
};

}  // namespace segdl::cli
