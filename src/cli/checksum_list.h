// A list of checksums, as sha256sum and its relatives write it. Pure: text goes in.
//
//   e3b0...b855  movie.mkv            coreutils: blank, then a blank or '*', then the name; the algorithm by length
//   e3b0...b855 *movie.mkv            (32: MD5, 40: SHA-1, 64: SHA-256, 128: SHA-512)
//   XXH3_2d06800538d394c2  movie.mkv  xxhsum -H3
//   SHA256 (movie.mkv) = e3b0...b855  --tag, BSD, cksum; any algorithm of <segdl/checksum.h>
//   \e3b0...b855  two\nlines          a name in which \\, \n and \r stand for those characters
//
// Other lines are skipped: comments, signatures, algorithms that segdl does not know. A text that has nothing but one
// digest, or one for `-`, is that of a single download, whatever its name.
#pragma once

#include <segdl/checksum.h>

#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace segdl::cli {

// Bytes. Held as they are, with 16 more for each line that has a checksum.
inline constexpr std::size_t kLongestChecksumList = std::size_t{256} << 20U;

struct ListedChecksum {
  std::string name = {};  // as listed, with its directories
  Checksum checksum = {};
};

// One line without its end. Nothing if it is not one of those above.
std::optional<ListedChecksum> parse_checksum_line(std::string_view line);

class ChecksumList final {
 public:
  // `source` is what messages call it.
  ChecksumList(std::string source, std::string text);

  bool empty() const { return lines_.empty() && !digest_; }
  // It has a digest without a name.
  bool is_one_digest() const { return digest_.has_value(); }

  // Of the file of that name: of lines with that last component the one that has most directories in common with the
  // path of the URL, from the end on, and among those one that has no other. Of several algorithms the one that says
  // most. Cause::usage if there is none, or two that contradict each other.
  Result<Checksum> find(const std::string& name, const std::string& url) const;

 private:
  // A line with a checksum, by the last component of its name.
  struct Line {
    std::size_t hash;
    std::size_t begin;  // in the text
  };

  std::string_view line_at(std::size_t begin) const;
  Error refused(const std::string& name, std::string reason) const;

  std::string source_;
  std::string text_;
  std::vector<Line> lines_;  // by hash, and in the order of the text
  std::optional<Checksum> digest_;
};

}  // namespace segdl::cli
