#include <segdl/checksum.h>

#include "core/base/ascii.h"
#include "core/base/errors.h"
#include "core/base/escape.h"

#include <fmt/format.h>
#include <fmt/ranges.h>

#include <algorithm>
#include <array>
#include <optional>
#include <utility>

namespace segdl {
namespace {

constexpr std::size_t kLongestName = 16;  // of an algorithm, to be looked up and shown

struct Entry {
  Algorithm algorithm;
  std::string_view name;
  std::array<std::string_view, 2> spellings;  // without hyphens
  std::size_t size;
};
constexpr std::array<Entry, 6> kKnown = {{{Algorithm::sha256, "sha-256", {"sha256", "sha2256"}, 32},
                                          {Algorithm::sha512, "sha-512", {"sha512", "sha2512"}, 64},
                                          {Algorithm::sha1, "sha-1", {"sha1", "sha1"}, 20},
                                          {Algorithm::md5, "md5", {"md5", "md5"}, 16},
                                          {Algorithm::xxh3_64, "xxh3-64", {"xxh364", "xxh3"}, 8},
                                          {Algorithm::xxh128, "xxh128", {"xxh128", "xxh3128"}, 16}}};

const Entry& known(Algorithm algorithm) { return kKnown[static_cast<std::size_t>(algorithm)]; }

Error refused(std::string reason) { return make_error(Cause::usage, "read checksum", "", std::move(reason)); }

// Case, hyphens and underscores are ignored: "SHA256", "sha-256", "SHA2_256".
std::optional<Algorithm> algorithm_of(std::string_view name) {
  if (name.size() > kLongestName) return std::nullopt;
  std::string plain = lower(name);
  std::erase_if(plain, [](char c) { return c == '-' || c == '_'; });
  for (const Entry& one : kKnown) {
    if (std::ranges::count(one.spellings, plain) > 0) return one.algorithm;
  }
  return std::nullopt;
}

Error unknown_algorithm(std::string_view name) {
  std::string names;
  for (const Entry& one : kKnown) names += fmt::format("{}{}", names.empty() ? "" : ", ", one.name);
  return refused(fmt::format("'{}' is none of {}", escape(name.substr(0, kLongestName)), names));
}

}  // namespace

std::string_view algorithm_name(Algorithm algorithm) { return known(algorithm).name; }

std::size_t digest_size(Algorithm algorithm) { return known(algorithm).size; }

std::string hex(const Checksum& checksum) { return fmt::format("{:02x}", fmt::join(checksum.digest, "")); }

Result<Checksum> parse_checksum(std::string_view text) {
  const std::string_view whole = trim(text);
  const auto sign = whole.find_first_of("=:");
  if (sign == std::string_view::npos)
    return refused("a checksum is written ALGORITHM=HEX, for example sha-256=e3b0...");
  const auto algorithm = algorithm_of(trim(whole.substr(0, sign)));
  if (!algorithm) return unknown_algorithm(trim(whole.substr(0, sign)));
  const std::string_view digits = trim(whole.substr(sign + 1));
  const std::size_t wanted = 2 * digest_size(*algorithm);
  if (digits.size() != wanted) {
    return refused(fmt::format("a digest of {} has {} hexadecimal digits, not {}", algorithm_name(*algorithm), wanted,
                               digits.size()));
  }
  if (std::ranges::any_of(digits, [](char c) { return hex_value(c) < 0; })) {
    return refused("what follows the algorithm are not all hexadecimal digits");
  }
  Checksum checksum{*algorithm};
  for (std::size_t i = 0; i < digits.size(); i += 2) {
    checksum.digest.push_back(static_cast<std::byte>(16 * hex_value(digits[i]) + hex_value(digits[i + 1])));
  }
  return checksum;
}

}  // namespace segdl
