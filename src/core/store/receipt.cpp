#include "core/store/receipt.h"

#include "core/base/ascii.h"
#include "core/base/xxh3.h"

#include <algorithm>
#include <utility>

namespace segdl {
namespace {

constexpr std::byte kReceiptVersion{2};
constexpr std::size_t kReceiptHead = 1 + 1 + 8 + 8 + 4 + 4 + 4;

// Little-endian, like all that segdl keeps on disk.
template <class Number>
void put_number(std::vector<std::byte>& bytes, Number number) {
  for (std::size_t i = 0; i < sizeof(Number); ++i) bytes.push_back(static_cast<std::byte>(number >> (8 * i) & 0xff));
}

template <class Number>
Number take_number(std::span<const std::byte>& bytes) {
  Number number = 0;
  for (std::size_t i = 0; i < sizeof(Number); ++i) number |= std::to_integer<Number>(bytes[i]) << (8 * i);
  bytes = bytes.subspan(sizeof(Number));
  return number;
}

}  // namespace

std::uint32_t url_tag_of(std::uint32_t salt, std::string_view url) {
  const std::string salted = std::to_string(salt) + " " + std::string(url);
  return static_cast<std::uint32_t>(digest_of(std::as_bytes(std::span(salted))));
}

std::vector<std::byte> encode_receipt(const Receipt& receipt) {
  std::vector<std::byte> bytes;
  bytes.reserve(kReceiptHead + receipt.validator.size());
  bytes.push_back(kReceiptVersion);
  bytes.push_back(static_cast<std::byte>(receipt.kind));
  put_number(bytes, receipt.size);
  put_number(bytes, static_cast<std::uint64_t>(receipt.modified.time_since_epoch().count()));
  put_number(bytes, receipt.salt);
  put_number(bytes, receipt.url_tag);
  put_number(bytes, receipt.whole_url_tag);
  const auto validator = std::as_bytes(std::span(receipt.validator));
  bytes.insert(bytes.end(), validator.begin(), validator.end());
  return bytes;
}

std::optional<Receipt> decode_receipt(std::span<const std::byte> bytes) {
  if (bytes.size() < kReceiptHead || bytes.size() > kReceiptHead + kMaxValidator || bytes[0] != kReceiptVersion)
    return std::nullopt;
  Receipt receipt;
  receipt.kind = static_cast<Validator::Kind>(bytes[1]);
  const bool strong = receipt.kind == Validator::Kind::strong_etag || receipt.kind == Validator::Kind::strong_date;
  if (!strong && receipt.kind != Validator::Kind::none) return std::nullopt;
  if (strong != (bytes.size() > kReceiptHead)) return std::nullopt;
  bytes = bytes.subspan(2);
  receipt.size = take_number<std::uint64_t>(bytes);
  receipt.modified = FileTime(std::chrono::nanoseconds(static_cast<std::int64_t>(take_number<std::uint64_t>(bytes))));
  receipt.salt = take_number<std::uint32_t>(bytes);
  receipt.url_tag = take_number<std::uint32_t>(bytes);
  receipt.whole_url_tag = take_number<std::uint32_t>(bytes);
  receipt.validator.assign(reinterpret_cast<const char*>(bytes.data()), bytes.size());
  // The validator is going to be sent in a request.
  return std::ranges::none_of(receipt.validator, is_control) ? std::optional(std::move(receipt)) : std::nullopt;
}

}  // namespace segdl
