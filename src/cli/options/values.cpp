#include "cli/options/values.h"

#include "cli/base/text_of_file.h"
#include "shared/system_calls.h"

#include <segdl/session.h>
#include <segdl/text.h>

#include <CLI/CLI.hpp>

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <cctype>
#include <cerrno>
#include <charconv>
#include <cmath>
#include <cstring>
#include <limits>
#include <optional>
#include <sstream>
#include <string_view>
#include <utility>

namespace segdl::cli {
namespace {

constexpr std::size_t kLongestValues = std::size_t{1} << 20U;  // of a file of headers or credentials

[[noreturn]] void refuse(const std::string& reason) { throw CLI::ValidationError(reason); }

bool is_one_of(std::string_view text, std::initializer_list<std::string_view> names) {
  return std::find(names.begin(), names.end(), text) != names.end();
}

std::optional<unsigned> shift_of(std::string_view unit) {
  if (is_one_of(unit, {"", "B"})) return 0;
  if (is_one_of(unit, {"K", "k", "KiB", "KB", "kB"})) return 10;
  if (is_one_of(unit, {"M", "m", "MiB", "MB"})) return 20;
  if (is_one_of(unit, {"G", "g", "GiB", "GB"})) return 30;
  if (is_one_of(unit, {"T", "t", "TiB", "TB"})) return 40;
  return std::nullopt;
}

// A size with decimals, rounded up: what is not nothing must not become it, which often means no limit.
std::uint64_t parse_fraction(const std::string& text) {
  double number = 0;
  const char* const last = text.data() + text.size();
  const auto [end, error] = std::from_chars(text.data(), last, number, std::chars_format::fixed);
  const auto shift = shift_of(std::string_view(end, static_cast<std::size_t>(last - end)));
  if (error != std::errc() || !shift) refuse(fmt::format("invalid size '{}'; examples: 65536, 1.5M, 1MiB", text));
  const double bytes = std::ceil(std::ldexp(number, static_cast<int>(*shift)));
  if (bytes >= 0x1p63) refuse(fmt::format("{} is too large", text));
  return static_cast<std::uint64_t>(bytes);
}

std::string text_of(const std::string& path, std::size_t most) {
  auto text = text_of_file(path, most + 1);
  if (!text) refuse(fmt::format("can't read {}: {}", path, std::strerror(errno)));
  if (text->size() > most) refuse(fmt::format("{} is larger than {} MiB", path, most >> 20U));
  return std::move(*text);
}

std::vector<std::string> lines_of(const std::string& path) {
  std::istringstream text(text_of(path, kLongestValues));
  std::vector<std::string> lines;
  for (std::string line; std::getline(text, line);) {
    if (!line.empty() && line.back() == '\r') line.pop_back();
    lines.push_back(line);
  }
  return lines;
}

HeaderWish parse_header(const std::string& line) {
  constexpr const char* kBlanks = " \t";
  const auto colon = line.find(':');
  const auto last = line.find_last_not_of(kBlanks);
  if (colon == std::string::npos && last != std::string::npos && last > 0 && line[last] == ';') {
    return {{line.substr(0, last), ""}};
  }
  if (colon == std::string::npos || colon == 0) refuse("expected 'Name: value', or 'Name;' without a value");
  const auto value = line.find_first_not_of(kBlanks, colon + 1);
  if (value == std::string::npos) return {{line.substr(0, colon), ""}, true};
  return {{line.substr(0, colon), line.substr(value)}};
}

// Why a header is left out; else empty.
std::string why_left_out(const HeaderWish& wish) {
  const auto is = [](std::string_view text, std::string_view wanted) {
    return text.size() == wanted.size() && std::equal(text.begin(), text.end(), wanted.begin(), [](char a, char b) {
             return std::tolower(static_cast<unsigned char>(a)) == b;
           });
  };
  const auto& [name, value] = wish.header;
  if (is(name, "accept-encoding")) {
    return fmt::format("header {} ignored: segdl chooses codings itself", printable(name));
  }
  if ((is(name, "connection") && is(value, "keep-alive")) || (is(name, "te") && is(value, "trailers"))) {
    return fmt::format("header {} ignored: segdl manages connections itself", printable(name));
  }
  const bool is_own = is(name, "user-agent") || is(name, "accept") || is(name, "cookie") || is(name, "referer") ||
                      is(name, "authorization");
  if (!wish.omits || is_own) return "";
  return fmt::format("header {0} ignored: it has no value; to send it so, use '{0};'", printable(name));
}

}  // namespace

std::uint64_t parse_size(const std::string& text) {
  std::uint64_t number = 0;
  const char* const last = text.data() + text.size();
  auto [end, error] = std::from_chars(text.data(), last, number);
  if (error == std::errc() && end != last && *end == '.') return parse_fraction(text);
  const auto shift = shift_of(std::string_view(end, static_cast<std::size_t>(last - end)));
  if (error == std::errc::result_out_of_range) refuse(fmt::format("{} is too large", text));
  if (error != std::errc() || !shift) refuse(fmt::format("invalid size '{}'; examples: 65536, 1.5M, 1MiB", text));
  if (number > (std::numeric_limits<std::uint64_t>::max() >> 1 >> *shift)) refuse(fmt::format("{} is too large", text));
  return number << *shift;
}

std::chrono::milliseconds parse_duration(const std::string& text) {
  constexpr double kTenYears = 10.0 * 366 * 86400;
  double number = 0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), number, std::chars_format::fixed);
  const std::string_view unit(end, static_cast<std::size_t>(text.data() + text.size() - end));
  constexpr std::array<std::pair<std::string_view, double>, 5> kUnits = {
      {{"", 1.0}, {"s", 1.0}, {"ms", 0.001}, {"m", 60.0}, {"h", 3600.0}}};
  const auto* found =
      std::find_if(kUnits.begin(), kUnits.end(), [&](const auto& known) { return known.first == unit; });
  if (error != std::errc() || found == kUnits.end() || !(number >= 0)) {
    refuse(fmt::format("invalid time '{}'; examples: 30, 1.5, 300ms, 5m", text));
  }
  const double seconds = number * found->second;
  if (seconds > kTenYears) refuse(fmt::format("{} is too long", text));
  return std::chrono::milliseconds(static_cast<std::int64_t>(std::ceil(seconds * 1000)));
}

std::chrono::milliseconds parse_timeout(const std::string& text) {
  const auto time = parse_duration(text);
  if (time.count() == 0) refuse(fmt::format("invalid time '{}': must be greater than 0", text));
  return time;
}

unsigned parse_count(const std::string& text) {
  unsigned number = 0;
  const char* const last = text.data() + text.size();
  const auto [end, error] = std::from_chars(text.data(), last, number);
  if (error != std::errc() || end != last || number > 1'000'000) {
    refuse(fmt::format("invalid number '{}': must be from 0 to 1000000", text));
  }
  return number;
}

unsigned parse_positive(const std::string& text) {
  const unsigned number = parse_count(text);
  if (number == 0) refuse(fmt::format("invalid number '{}': must be at least 1", text));
  return number;
}

unsigned parse_retries(const std::string& text) {
  if (text == "inf") return kUnlimitedRetries;
  if (text.find_first_not_of("0123456789") != std::string::npos) {
    refuse(fmt::format("invalid value '{}': must be a number, or inf to retry forever", text));
  }
  return parse_count(text);
}

unsigned parse_connections(const std::string& text) {
  unsigned number = 0;
  if (text == "auto") return number;
  const char* const last = text.data() + text.size();
  const auto [end, error] = std::from_chars(text.data(), last, number);
  if (error != std::errc() || end != last || number == 0 || number > kMaxConnections) {
    const bool like_proxy = text.find(':') != std::string::npos;  // for which curl has this letter
    refuse(fmt::format("invalid value '{}': must be auto or a number from 1 to {}{}", text, kMaxConnections,
                       like_proxy ? "; for a proxy use --proxy URL" : ""));
  }
  return number;
}

Sync parse_sync(const std::string& text) {
  if (text == "interval") return Sync::interval;
  if (text == "end") return Sync::end;
  if (text == "none") return Sync::none;
  refuse(fmt::format("invalid value '{}': must be interval, end or none", text));
}

ProgressAs parse_progress(const std::string& text) {
  if (text == "auto") return ProgressAs::automatic;
  if (text == "bar") return ProgressAs::bar;
  if (text == "plain") return ProgressAs::plain;
  if (text == "none") return ProgressAs::none;
  refuse(fmt::format("invalid value '{}': must be auto, bar, plain or none", text));
}

std::vector<HeaderWish> parse_headers(const std::string& text) {
  if (!text.starts_with('@')) return {parse_header(text)};
  std::vector<HeaderWish> wishes;
  for (const std::string& line : lines_of(text.substr(1))) {
    if (!line.empty()) wishes.push_back(parse_header(line));
  }
  return wishes;
}

void take_header(HeaderWish wish, Request& request, std::vector<std::string>& warnings) {
  if (std::string why = why_left_out(wish); !why.empty()) {
    warnings.push_back(std::move(why));
  } else if (wish.omits) {
    request.omitted_headers.push_back(std::move(wish.header.name));
  } else {
    request.headers.push_back(std::move(wish.header));
  }
}

std::string why_unexpanded(const std::string& text) {
  const bool is_home = text == "~" || text.starts_with("~/");
  const bool is_variable =
      text.size() > 1 && text[0] == '$' && (text[1] == '{' || std::isalpha(static_cast<unsigned char>(text[1])) != 0);
  if (!is_home && !is_variable) return "";
  return fmt::format(
      "{} was not expanded by a shell: use \"$HOME/...\" or the full path; for a directory of that name ./{}",
      printable(text.substr(0, text.find('/'))), printable(text));
}

Output parse_output(const std::string& text) {
  if (const std::string why = why_unexpanded(text); !why.empty()) refuse(why);
  // Names of the system for the same: nothing else that the command prints may be written to it.
  if (is_one_of(text, {"-", "/dev/stdout", "/dev/fd/1", "/proc/self/fd/1"})) return {"", "", true};
  const std::filesystem::path path(text);
  const std::string name = path.filename().string();
  if (text.empty()) refuse("empty value");
  if (name.empty()) refuse(fmt::format("{} is a directory; use -d for a directory", text));
  return {path.parent_path(), name, false};
}

namespace {

// Without an algorithm: a digest alone, or the name of a list.
[[noreturn]] void refuse_bare_checksum(const std::string& text) {
  constexpr std::array<std::pair<std::size_t, std::string_view>, 4> kUsual = {
      {{32, "md5"}, {40, "sha-1"}, {64, "sha-256"}, {128, "sha-512"}}};
  const bool is_hex = text.find_first_not_of("0123456789abcdefABCDEF") == std::string::npos;
  const auto* usual =
      std::find_if(kUsual.begin(), kUsual.end(), [&](auto& known) { return known.first == text.size(); });
  if (is_hex && usual != kUsual.end()) {
    refuse(fmt::format("missing algorithm; did you mean {}={}?", usual->second, text));
  }
  const auto found = look_at(text);
  if (found && S_ISREG(found->st_mode)) {
    refuse(fmt::format("expected ALGORITHM=HEX; for a list of checksums use @{}", printable(text)));
  }
  refuse("expected ALGORITHM=HEX, such as sha-256=e3b0..., or @FILE for a list such as SHA256SUMS");
}

}  // namespace

Checksum parse_one_checksum(const std::string& text) {
  auto checksum = parse_checksum(text);
  if (!checksum && text.find_first_of("=:") == std::string::npos) refuse_bare_checksum(text);
  if (!checksum) refuse(checksum.error().reason);
  return std::move(*checksum);
}

bool names_checksum_list(std::string_view text) {
  const auto at = text.find('@');
  return at == 0 || (at != std::string_view::npos && text.find('=') == at - 1);
}

ChecksumList read_checksum_list(const std::string& text) {
  const auto at = text.find('@');
  const std::string path = text.substr(at + 1);
  Untagged untagged = named_algorithm(path);
  if (at > 0) {
    const std::string name = text.substr(0, at - 1);
    auto given = given_algorithm(name);
    if (!given)
      refuse(fmt::format("invalid algorithm '{}' for a list: must be md5, sha-1, sha-256, sha-512 or xxh128", name));
    untagged = std::move(*given);
  }
  ChecksumList list(path, text_of(path, kMaxChecksumList), std::move(untagged));
  if (list.empty()) {
    refuse(
        fmt::format("no supported checksum in {}: expected the output of sha256sum or similar, or a single digest; "
                    "b2sum, cksum without -a and xxhsum without -H2 or -H3 are not supported",
                    path));
  }
  return list;
}

Credentials parse_credentials(const std::string& text) {
  std::string pair = text;
  if (text.starts_with('@')) {
    const auto lines = lines_of(text.substr(1));
    if (lines.empty()) refuse(fmt::format("{} is empty", text.substr(1)));
    pair = lines.front();
  }
  const auto colon = pair.find(':');
  if (colon == std::string::npos) refuse("expected NAME:PASS on one line");
  return {pair.substr(0, colon), pair.substr(colon + 1)};
}

}  // namespace segdl::cli
