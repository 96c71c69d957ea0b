#include <segdl/checksum_list.h>

#include "batch/blanks.h"

#include <fmt/format.h>

#include <algorithm>
#include <cctype>
#include <compare>
#include <functional>
#include <iterator>
#include <map>
#include <utility>

namespace segdl {
namespace {

using batch::kBlanks;
using batch::kByteOrderMark;
using batch::trimmed;

constexpr std::string_view kXxh3 = "XXH3_";

std::string_view without_blanks_before(std::string_view text) {
  return text.substr(std::min(text.find_first_not_of(kBlanks), text.size()));
}

// Nothing if a backslash is followed by anything it does not stand before.
std::optional<std::string> unescaped(std::string_view name) {
  std::string plain;
  for (std::size_t i = 0; i < name.size(); ++i) {
    if (name[i] != '\\') {
      plain += name[i];
      continue;
    }
    if (++i == name.size()) return std::nullopt;
    const auto which = std::string_view("\\nr").find(name[i]);
    if (which == std::string_view::npos) return std::nullopt;
    plain += "\\\n\r"[which];
  }
  return plain;
}

std::optional<ListedChecksum> listed(std::string_view name, bool escaped, std::string_view algorithm,
                                     std::string_view digits) {
  auto checksum = parse_checksum(fmt::format("{}={}", algorithm, digits));
  auto plain = escaped ? unescaped(name) : std::optional(std::string(name));
  if (!checksum || !plain || plain->empty()) return std::nullopt;
  return ListedChecksum{std::move(*plain), std::move(*checksum)};
}

// What a list may be called by, in lower case and without "sum" or "sums" behind it.
constexpr std::string_view kKnown[] = {"md5", "sha1", "sha256", "sha512", "xxh128"};
constexpr std::string_view kFamilies[] = {"xxh", "xxh2", "xxh3"};
constexpr std::string_view kUnsupported[] = {"b2",     "b3",     "blake2",  "blake2b",   "blake2s", "blake3",
                                             "sha224", "sha384", "sha3",    "xxh32",     "xxh64",   "xxh1",
                                             "xxh0",   "crc",    "crc32",   "crc32c",    "cksum",   "sm3",
                                             "rmd160", "tiger",  "adler32", "whirlpool", "sfv"};

// In lower case, too.
std::string without_hyphen(std::string_view name) {
  std::string plain;
  for (const char c : name) {
    if (c != '-' && c != '_') plain += static_cast<char>(std::tolower(static_cast<unsigned char>(c)));
  }
  return plain;
}

template <std::size_t kCount>
bool is_one_of(const std::string_view (&words)[kCount], std::string_view word) {
  return std::find(std::begin(words), std::end(words), word) != std::end(words);
}

// That of a line without a tag; empty: none that segdl knows.
std::string_view algorithm_of(std::size_t digits, const Untagged& untagged) {
  const std::string& word = untagged.word;
  constexpr std::pair<std::size_t, std::string_view> kLengths[] = {
      {32, "md5"}, {40, "sha-1"}, {64, "sha-256"}, {128, "sha-512"}};
  if (is_one_of(kUnsupported, word)) return {};
  if (digits == 32 && (word == "xxh128" || is_one_of(kFamilies, word))) return "xxh128";
  for (const auto& [length, name] : kLengths) {
    if (length == digits && (!untagged.only || word == without_hyphen(name))) return name;
  }
  return {};
}

// HEX, a blank, a blank or '*' or neither, NAME.
std::optional<ListedChecksum> parse_plain(std::string_view line, bool escaped, const Untagged& untagged) {
  std::string_view digits = line.substr(0, std::min(line.find(' '), line.size()));
  std::string_view name = line.substr(std::min(digits.size() + 1, line.size()));
  if (!name.empty() && (name.front() == ' ' || name.front() == '*')) name.remove_prefix(1);
  if (digits.starts_with(kXxh3)) return listed(name, escaped, "xxh3-64", digits.substr(kXxh3.size()));
  return listed(name, escaped, algorithm_of(digits.size(), untagged), digits);
}

// TAG (NAME) = HEX, with or without those blanks.
std::optional<ListedChecksum> parse_tagged(std::string_view line, bool escaped) {
  const auto open = line.find('(');
  const auto close = line.rfind(')');
  if (open == std::string_view::npos || close == std::string_view::npos || close < open) return std::nullopt;
  const std::string_view behind = without_blanks_before(line.substr(close + 1));
  if (!behind.starts_with('=')) return std::nullopt;
  return listed(line.substr(open + 1, close - open - 1), escaped, line.substr(0, open), behind.substr(1));
}

// HEX alone, which is that of a file without a name.
std::optional<ListedChecksum> parse_digest(std::string_view line, const Untagged& untagged) {
  if (line.ends_with('\r')) line.remove_suffix(1);
  line = trimmed(line);
  if (line.find(' ') != std::string_view::npos) return std::nullopt;
  return parse_plain(fmt::format("{}  -", line), false, untagged);
}

bool is_comment(std::string_view line) {
  line = trimmed(line, " \t\r");
  return line.empty() || line.starts_with('#');
}

std::string_view last_component(std::string_view name) { return name.substr(name.rfind('/') + 1); }

// Without the last component, "." and what is empty.
std::vector<std::string> directories_of(std::string_view path) {
  std::vector<std::string> directories;
  for (auto slash = path.find('/'); slash != std::string_view::npos; slash = path.find('/')) {
    const std::string_view part = path.substr(0, slash);
    if (!part.empty() && part != ".") directories.emplace_back(part);
    path.remove_prefix(slash + 1);
  }
  return directories;
}

int hex_digit(char c) {
  const auto at = std::string_view("0123456789abcdefABCDEF").find(c);
  return at == std::string_view::npos ? -1 : static_cast<int>(at < 16 ? at : at - 6);
}

std::string decoded(std::string_view text) {
  std::string plain;
  for (std::size_t i = 0; i < text.size(); ++i) {
    const bool escape =
        text[i] == '%' && i + 2 < text.size() && hex_digit(text[i + 1]) >= 0 && hex_digit(text[i + 2]) >= 0;
    plain += escape ? static_cast<char>(hex_digit(text[i + 1]) * 16 + hex_digit(text[i + 2])) : text[i];
    if (escape) i += 2;
  }
  return plain;
}

// Behind the host.
std::vector<std::string> directories_of_url(std::string_view url) {
  url = url.substr(0, url.find_first_of("?#"));
  const auto scheme = url.find("://");
  if (scheme != std::string_view::npos) url.remove_prefix(scheme + 3);
  url.remove_prefix(std::min(url.find('/'), url.size()));
  auto directories = directories_of(url);
  for (std::string& directory : directories) directory = decoded(directory);
  return directories;
}

// As it is written there; what segdl spells differently in the name of the file is equal once both are decoded.
std::string_view name_in_url(std::string_view url) { return last_component(url.substr(0, url.find_first_of("?#"))); }

// How well the place of a listed file is that of a URL.
struct Likeness {
  std::size_t common = 0;  // directories, from the end on
  bool whole = false;      // the listed file has no others
  friend auto operator<=>(const Likeness&, const Likeness&) = default;
};

Likeness likeness_of(const std::vector<std::string>& listed, const std::vector<std::string>& path) {
  const auto differ = std::mismatch(listed.rbegin(), listed.rend(), path.rbegin(), path.rend());
  const auto common = static_cast<std::size_t>(differ.first - listed.rbegin());
  return {common, common == listed.size()};
}

}  // namespace

std::optional<Untagged> given_algorithm(std::string_view name) {
  std::string word = without_hyphen(name);
  if (!is_one_of(kKnown, word)) return std::nullopt;
  return Untagged{std::move(word), true};
}

Untagged named_algorithm(std::string_view list) {
  std::string found;
  std::string word;
  for (const char c : std::string(last_component(list)) + ".") {
    if (const auto letter = static_cast<unsigned char>(c); std::isalnum(letter) != 0) {
      word += static_cast<char>(std::tolower(letter));
      continue;
    }
    for (const std::string_view end : {"s", "sum"}) {
      if (word != "cksum" && word.ends_with(end)) word.resize(word.size() - end.size());
    }
    const bool known = is_one_of(kKnown, word) || is_one_of(kFamilies, word);
    if (known || (found.empty() && is_one_of(kUnsupported, word))) found = word;  // SHA256SUMS-b2.txt: of a release
    word.clear();
  }
  return {std::move(found)};
}

std::optional<ListedChecksum> parse_checksum_line(std::string_view line, const Untagged& untagged) {
  if (line.ends_with('\r')) line.remove_suffix(1);
  line = without_blanks_before(line);
  const bool escaped = line.starts_with('\\');
  if (escaped) line.remove_prefix(1);
  auto plain = parse_plain(line, escaped, untagged);
  return plain ? plain : parse_tagged(line, escaped);
}

ChecksumList::ChecksumList(std::string source, std::string text, Untagged untagged)
    : source_(std::move(source)), text_(std::move(text)), untagged_(std::move(untagged)) {
  std::size_t begin = text_.starts_with(kByteOrderMark) ? kByteOrderMark.size() : 0;
  std::optional<ListedChecksum> nameless;
  std::size_t others = 0;  // lines with content but no name
  while (begin < text_.size()) {
    const std::string_view line = line_at(begin);
    if (const auto one = parse_checksum_line(line, untagged_); one && one->name == "-") {
      nameless = one;
      ++others;
    } else if (one) {
      lines_.push_back({std::hash<std::string_view>()(last_component(one->name)), begin});
    } else if (const auto digest = parse_digest(line, untagged_)) {
      nameless = digest;
      ++others;
    } else if (!is_comment(line)) {
      ++others;
    }
    begin += line.size() + 1;
  }
  std::stable_sort(lines_.begin(), lines_.end(), [](const Line& a, const Line& b) { return a.hash < b.hash; });
  if (lines_.empty() && others < 2) digest_ = std::move(nameless);
}

std::string_view ChecksumList::line_at(std::size_t begin) const {
  const std::string_view rest = std::string_view(text_).substr(begin);
  return rest.substr(0, rest.find('\n'));
}

Error ChecksumList::refused(const std::string& name, std::string reason) const {
  Error error{Cause::usage, Remedy::stop, "look up the checksum of", name};
  error.reason = source_ + std::move(reason);
  return error;
}

std::vector<ListedChecksum> ChecksumList::nearest(std::string_view name, const std::string& url) const {
  const auto path = directories_of_url(url);
  const std::size_t hash = std::hash<std::string_view>()(name);
  const auto first = std::lower_bound(lines_.begin(), lines_.end(), hash,
                                      [](const Line& line, std::size_t wanted) { return line.hash < wanted; });
  Likeness best;
  std::vector<ListedChecksum> found;
  for (auto line = first; line != lines_.end() && line->hash == hash; ++line) {
    auto one = parse_checksum_line(line_at(line->begin), untagged_);
    if (last_component(one->name) != name) continue;
    const Likeness likeness = likeness_of(directories_of(one->name), path);
    if (!found.empty() && likeness < best) continue;
    if (found.empty() || best < likeness) {
      best = likeness;
      found.clear();
    }
    found.push_back(std::move(*one));
  }
  return found;
}

Result<Checksum> ChecksumList::find(const std::string& name, const std::string& url) const {
  if (digest_) return digest_->checksum;
  auto found = nearest(name, url);
  if (found.empty() && decoded(name) == decoded(name_in_url(url))) found = nearest(decoded(name_in_url(url)), url);
  if (found.empty()) {
    Error error = refused(name, " has no checksum for this name");
    error.hints = {{Hint::custom, "use the listed name, or give the digest itself"}};
    return error;
  }
  std::map<Algorithm, ListedChecksum> each;
  for (ListedChecksum& one : found) {
    const auto& known = each.emplace(one.checksum.algorithm, one).first->second;
    if (known.checksum == one.checksum) continue;
    Error error = refused(name, " has two different checksums");
    error.hints = {{Hint::custom, "give the digest itself"}};
    return error;
  }
  return each.begin()->second.checksum;
}

}  // namespace segdl
