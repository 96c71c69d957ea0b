// A list of checksums, as sha256sum and its relatives write it, from which each file gets its own.
//
//   e3b0...b855  movie.mkv            coreutils: blank, then a blank or '*', then the name; the algorithm by length
//   e3b0...b855 *movie.mkv            (32: MD5, 40: SHA-1, 64: SHA-256, 128: SHA-512)
//   XXH3_2d06800538d394c2  movie.mkv  xxhsum -H3
//   SHA256 (movie.mkv) = e3b0...b855  --tag, BSD, cksum; any algorithm of <segdl/checksum.h>
//   \e3b0...b855  two\nlines          a name in which \\, \n and \r stand for those characters
//
// Other lines are skipped: comments, signatures, algorithms that segdl does not support.
// A text that has nothing but one digest, or one for `-`, is that of a single download, whatever its name.
//
// The name of a list may state the algorithm of its lines without a tag: MD5SUMS, x.xxh128, b2sums.txt. Those of an
// algorithm that segdl does not support are skipped, although another one has as many digits.
//
// Thread-safety: plain values; const functions may be called concurrently.
#pragma once

#include <segdl/checksum.h>
#include <segdl/error.h>

#include <cstddef>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#pragma GCC visibility push(default)
namespace segdl {

// The largest list worth reading, in bytes. One is held as it is, with 16 bytes more for each line with a checksum.
inline constexpr std::size_t kMaxChecksumList = std::size_t{256} << 20U;

struct ListedChecksum {
  std::string name = {};  // as listed, with its directories
  Checksum checksum = {};
};

// The algorithm of lines without a tag.
struct Untagged {
  std::string word = {};  // "md5", "xxh", "b2": without hyphens; segdl may not support it. Empty: by the length
  bool only = false;      // lines with another number of digits are skipped
};

// The algorithm in the name of a list, if there is one.
Untagged named_algorithm(std::string_view list);

// The algorithm that a user has given: md5, sha-1, sha-256, sha-512 or xxh128, spelt as for parse_checksum().
// Returns nullopt for any other.
std::optional<Untagged> given_algorithm(std::string_view name);

// Parses one line without its end. Returns nullopt if it is none of those above.
std::optional<ListedChecksum> parse_checksum_line(std::string_view line, const Untagged& untagged = {});

class ChecksumList final {
 public:
  // `source` is the name of the list in errors.
  ChecksumList(std::string source, std::string text, Untagged untagged = {});

  // True if it has no checksum.
  bool empty() const { return lines_.empty() && !digest_; }
  // True if it has a digest without a name, which is that of any file.
  bool is_one_digest() const { return digest_.has_value(); }

  // The checksum of the file of that name, downloaded from `url`.
  //
  // Of lines with that last component, the one that has most directories in common with the path of the URL, from the
  // end on, and among those one that has no other. Of several algorithms the first in order of preference. A name that
  // segdl spells differently from the URL (a%FF) may be listed as it is.
  // Errors: Cause::usage if there is none, or two that contradict each other.
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

}  // namespace segdl
#pragma GCC visibility pop
