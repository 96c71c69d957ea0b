#include "cli/checksum_list.h"

#include "cli/blanks.h"

#include <fmt/format.h>

#include <algorithm>
#include <map>
#include <utility>

namespace segdl::cli {
namespace {

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

std::string_view algorithm_of_length(std::size_t digits) {
  constexpr std::pair<std::size_t, std::string_view> kLengths[] = {
      {32, "md5"}, {40, "sha-1"}, {64, "sha-256"}, {128, "sha-512"}};
  for (const auto& [length, name] : kLengths) {
    if (length == digits) return name;
  }
  return {};
}

// HEX, a blank, a blank or '*' or neither, NAME.
std::optional<ListedChecksum> parse_plain(std::string_view line, bool escaped) {
  std::string_view digits = line.substr(0, std::min(line.find(' '), line.size()));
  std::string_view name = line.substr(std::min(digits.size() + 1, line.size()));
  if (!name.empty() && (name.front() == ' ' || name.front() == '*')) name.remove_prefix(1);
  if (digits.starts_with(kXxh3)) return listed(name, escaped, "xxh3-64", digits.substr(kXxh3.size()));
  return listed(name, escaped, algorithm_of_length(digits.size()), digits);
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

}  // namespace

std::optional<ListedChecksum> parse_checksum_line(std::string_view line) {
  if (line.ends_with('\r')) line.remove_suffix(1);
  line = without_blanks_before(line);
  const bool escaped = line.starts_with('\\');
  if (escaped) line.remove_prefix(1);
  auto plain = parse_plain(line, escaped);
  return plain ? plain : parse_tagged(line, escaped);
}

ChecksumList::ChecksumList(std::string source, std::string_view text) : source_(std::move(source)) {
  constexpr std::string_view kByteOrderMark = "\xef\xbb\xbf";
  if (text.starts_with(kByteOrderMark)) text.remove_prefix(kByteOrderMark.size());
  while (!text.empty()) {
    const std::string_view line = text.substr(0, text.find('\n'));
    text.remove_prefix(std::min(line.size() + 1, text.size()));
    auto one = parse_checksum_line(line);
    if (!one) continue;
    std::string_view path = one->name;
    while (path.starts_with("./")) path.remove_prefix(2);
    const auto slash = path.rfind('/');
    const bool in_directory = slash != std::string_view::npos;
    if (in_directory) path.remove_prefix(slash + 1);
    listed_[std::string(path)].push_back({in_directory, std::move(one->checksum)});
  }
}

Error ChecksumList::refused(const std::string& name, std::string reason) const {
  Error error{Cause::usage, Remedy::stop, "look up the checksum of", name};
  error.reason = source_ + std::move(reason);
  return error;
}

Result<Checksum> ChecksumList::find(const std::string& name) const {
  const auto found = listed_.find(name);
  if (found == listed_.end()) {
    Error error = refused(name, " has none for that name");
    error.way_out = "name the file as it is listed, or give its checksum itself";
    return error;
  }
  const auto& all = found->second;
  const bool plain = std::any_of(all.begin(), all.end(), [](const Listed& one) { return !one.in_directory; });
  std::map<Algorithm, const Checksum*> each;
  for (const Listed& one : all) {
    if (plain && one.in_directory) continue;
    const auto known = each.emplace(one.checksum.algorithm, &one.checksum).first;
    if (*known->second != one.checksum) return refused(name, " has two that differ");
  }
  return *each.begin()->second;
}

}  // namespace segdl::cli
