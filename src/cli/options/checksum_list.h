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
//
// What a list is called may say of which algorithm its lines without a tag are: MD5SUMS, x.xxh128, b2sums.txt. Those of
// an algorithm that segdl does not know are skipped, although another one has as many digits.
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

// What is known of lines without a tag.
struct Untagged {
  std::string word = {};  // an algorithm, without hyphens, which segdl may not know: "md5", "xxh", "b2"; or empty
  bool only = false;      // given by the user: what has another number of digits is skipped
};

// The algorithm in the name of a list.
Untagged named_algorithm(std::string_view list);

// As given by the user: md5, sha-1, sha-256, sha-512, xxh128, spelt as parse_checksum() has them. Else nothing.
std::optional<Untagged> given_algorithm(std::string_view name);

// One line without its end. Nothing if it is not one of those above.
std::optional<ListedChecksum> parse_checksum_line(std::string_view line, const Untagged& = {});

class ChecksumList final {
 public:
  // `source` is what messages call it.
  ChecksumList(std::string source, std::string text, Untagged untagged = {});

  bool empty() const { return lines_.empty() && !digest_; }
  // It has a digest without a name.
  bool is_one_digest() const { return digest_.has_value(); }

  // Of the file of that name: of lines with that last component the one that has most directories in common with the
  // path of the URL, from the end on, and among those one that has no other. Of several algorithms the first in order
  // of preference. A name that segdl spells differently from the URL (a%FF) may be listed as it is. Cause::usage if
  // there is none, or two that contradict each other.
  Result<Checksum> find(const std::string& name, const std::string& url) const;

 private:
  // A line with a checksum, by the last component of its name.
  struct Line {
    std::size_t hash;
    std::size_t begin;  // in the text
  };

  std::string_view line_at(std::size_t begin) const;
  // The lines of that name whose directories are nearest to those of the URL.
  std::vector<ListedChecksum> nearest(std::string_view name, const std::string& url) const;
  Error refused(const std::string& name, std::string reason) const;

  std::string source_;
  std::string text_;
  Untagged untagged_;
  std::vector<Line> lines_;  // by hash, and in the order of the text
  std::optional<ListedChecksum> digest_;
};

}  // namespace segdl::cli
