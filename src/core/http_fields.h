// Values of header fields that decide what a response is: lengths, ranges, validators, dates (RFC 9110).
//
// All of them are parsed exactly and refuse what is not there in the grammar; an overflow is an error, never a wrap.
#pragma once

#include <segdl/range.h>

#include "core/http_head.h"

#include <chrono>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

namespace segdl {

// RFC 9110 section 14.4. `bytes 0-9/100`, `bytes 0-9/*`, or unsatisfied: `bytes */100`.
struct ContentRange {
  std::optional<Range> range;          // absent: unsatisfied
  std::optional<std::uint64_t> total;  // absent: *
};
// Nothing if the unit is not bytes, a bound is not a plain decimal below 2^63, last < first, or total <= last.
std::optional<ContentRange> parse_content_range(std::string_view value);

// `bytes=FIRST-LAST`, from a half-open range. REQUIRES: !range.empty().
std::string range_field(Range range);

// What makes two responses the same resource, strongest last (RFC 9110 section 8.8).
struct Validator {
  enum class Kind : std::uint8_t { none = 0, weak_date = 1, weak_etag = 2, strong_date = 3, strong_etag = 4 };
  Kind kind = Kind::none;
  std::string value = {};  // the ETag with its quotes, or the Last-Modified date, as sent; at most 1 KiB

  bool strong() const { return kind >= Kind::strong_date; }
  bool is_etag() const { return kind == Kind::strong_etag || kind == Kind::weak_etag; }
  friend bool operator==(const Validator&, const Validator&) = default;
};

inline constexpr std::size_t kMaxValidator = 1024;

// The best validator of a response: a strong ETag, else a Last-Modified at least 60 s older than the Date beside it
// (which also makes it strong), else a weak ETag, else a weak date. An ETag that is unquoted, empty, longer than 1 KiB
// or given twice counts as weak or not at all.
Validator validator_of(const ResponseHead&);

// The same, as if there were no ETag.
Validator date_validator_of(const ResponseHead&);

// IMF-fixdate, RFC 850 and asctime forms (RFC 9110 section 5.6.7). Nothing for anything else.
std::optional<std::chrono::sys_seconds> parse_http_date(std::string_view);

// Retry-After in seconds or as a date measured against the response's Date field (`wall` if it has none); clamped to [0
// s, 300 s].
std::optional<std::chrono::seconds> retry_after(const ResponseHead&, std::chrono::system_clock::time_point wall);

}  // namespace segdl
