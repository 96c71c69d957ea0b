#include "core/http/content_coding.h"

#include "core/base/ascii.h"
#include "core/base/xxh3.h"

#include <fmt/format.h>

#include <algorithm>
#include <span>
#include <utility>

namespace segdl {
namespace {

bool is_no_coding(std::string_view word) {
  constexpr std::string_view kWords[] = {"",     "identity", "none",  "null",  "binary",   "7bit",
                                         "8bit", "raw",      "plain", "ascii", "us-ascii", "aws-chunked"};
  constexpr std::string_view kCharsets[] = {"utf-", "utf8", "utf16", "iso-8859-", "windows-125", "latin1", "charset="};
  return std::ranges::find(kWords, word) != std::end(kWords) ||
         std::ranges::any_of(kCharsets, [&](auto set) { return word.starts_with(set); }) ||
         word.find('/') != std::string_view::npos;
}

// One word of the list, without its parameters, by its registered name (RFC 9110 section 8.4.1.3).
std::string registered(std::string_view word) {
  std::string name = lower(trim(word.substr(0, word.find(';'))));
  if (name.size() > 2 && name.starts_with("x-")) name.erase(0, 2);
  std::ranges::replace_if(
      name, [](char c) { return c <= ' ' || c > '~'; }, '?');
  return name;
}

}  // namespace

std::string content_coding(const ResponseHead& head) {
  std::string coding;
  for (const std::string_view element : head.list("Content-Encoding")) {
    const std::string word = registered(element);
    if (!is_no_coding(word)) coding += coding.empty() ? word : ", " + word;
  }
  if (coding.size() <= kMaxCoding) return coding;
  return fmt::format("{}... of XXH3-64 {:016x}", coding.substr(0, kMaxCoding / 2),
                     digest_of(std::as_bytes(std::span(coding))));
}

bool names_coding(std::string_view name, std::string_view coding) {
  constexpr std::pair<std::string_view, std::string_view> kSuffixes[] = {
      {".gz", "gzip"}, {".tgz", "gzip"},  {".svgz", "gzip"}, {".Z", "compress"}, {".bz2", "bzip2"},
      {".xz", "xz"},   {".lzma", "lzma"}, {".br", "br"},     {".zst", "zstd"},
  };
  return std::ranges::any_of(kSuffixes, [&](const auto& known) {
    const auto& [suffix, own] = known;
    return coding == own && name.size() > suffix.size() && name.ends_with(suffix);
  });
}

std::vector<std::string> codings_to_undo(std::string_view name, std::string_view coding) {
  constexpr std::string_view kBetween = ", ";
  std::vector<std::string> codings;
  while (!coding.empty()) {
    const std::size_t at = coding.rfind(kBetween);
    const std::size_t begin = at == std::string_view::npos ? 0 : at + kBetween.size();
    const std::string_view last = coding.substr(begin);
    if (begin > 0 || !names_coding(name, last)) codings.emplace_back(last);
    coding = coding.substr(0, begin == 0 ? 0 : at);
  }
  return codings;
}

}  // namespace segdl
