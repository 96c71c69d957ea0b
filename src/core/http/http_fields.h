// Header fields that decide what a response is: lengths, ranges, validators, dates (RFC 9110).
//
// All are parsed exactly: what the grammar does not allow is refused, and an overflow is an error.
#pragma once

#include <segdl/range.h>

#include "core/http/http_head.h"

#include <chrono>
#include <cstdint>
#include <limits>
#include <optional>
#include <string>
#include <string_view>

namespace segdl {

// RFC 9110 section 14.4. `bytes 0-9/100`, `bytes 0-9/*`, or unsatisfied: `bytes */100`.
struct ContentRange {
  std::optional<Range> range;          // absent: unsatisfied
  std::optional<std::uint64_t> total;  // absent: *
};
// Nothing if the unit is not bytes, a position is not a plain decimal below 2^63, last < first, or total <= last.
std::optional<ContentRange> parse_content_range(std::string_view value);
// That of a response; nothing if it has none either, or different ones.
std::optional<ContentRange> content_range_of(const ResponseHead&);

// As the end of a requested range: the end of the resource, wherever it is.
inline constexpr std::uint64_t kOpenEnd = std::numeric_limits<std::uint64_t>::max();

// `bytes=FIRST-LAST`, from a half-open range; `bytes=FIRST-` up to kOpenEnd. REQUIRES: !range.empty().
std::string range_field(Range range);

// The validators of a response, by which responses are recognised as the same resource (RFC 9110 section 8.8). `kind`
// is that of the best one, strongest last.
//
// Values are opaque. They are compared as sent, weak and malformed ones too: a difference is evidence of another
// version even if a stronger validator is the same.
struct Validator {
  enum class Kind : std::uint8_t { none = 0, weak_date = 1, weak_etag = 2, strong_date = 3, strong_etag = 4 };
  Kind kind = Kind::none;
  // As sent, an ETag with its quotes; several are one list. A value longer than kMaxValidator is replaced by its
  // digest.
  std::optional<std::string> etag = std::nullopt;
  std::optional<std::string> modified = std::nullopt;  // Last-Modified

  bool strong() const { return kind >= Kind::strong_date; }
  bool is_etag() const { return kind == Kind::strong_etag || kind == Kind::weak_etag; }
  // The value that `kind` is about; empty if there is none.
  std::string_view value() const;
  // The value for If-Range: a strong ETag, or a strong date if there is no ETag of any kind (RFC 9110 section 13.1.5).
  // Null if there is neither.
  const std::string* for_if_range() const;
  friend bool operator==(const Validator&, const Validator&) = default;
};

inline constexpr std::size_t kMaxValidator = 1024;

// The validators of a response.
// Strong are: one well-formed strong ETag, perhaps repeated, of at most kMaxValidator; and one Last-Modified that
// strong_date_of() returns.
// Beside a strong ETag, a Last-Modified within a second of the Date is left out: some servers send the time of the
// response.
Validator validator_of(const ResponseHead&);

// The resource that a URL names, as far as it is known: from a response, or from the journal of an earlier run.
struct Resource {
  std::optional<std::uint64_t> total = std::nullopt;  // bytes
  Validator validator = {};                           // all that the server sent: each is compared
  std::string coding = {};                            // from content_coding(); empty: none
  // Accepts any validator: the caller that joins the bytes compares all of them, or verifies a digest in the end.
  bool any_version = false;
  friend bool operator==(const Resource&, const Resource&) = default;
};

// The Last-Modified of a response that is at least 60 s older than its Date: a second change within the same second is
// then included (RFC 9110 section 8.8.2.2). None on the first day of 1970, which is not the date of a version.
std::optional<std::chrono::sys_seconds> strong_date_of(const ResponseHead&);

// IMF-fixdate, RFC 850 and asctime forms (RFC 9110 section 5.6.7). Nothing for anything else.
std::optional<std::chrono::sys_seconds> parse_http_date(std::string_view);

// Retry-After, in seconds below 2^63 or as a date relative to the response's Date (`wall` if it has none); clamped to
// [0 s, 300 s].
std::optional<std::chrono::seconds> retry_after(const ResponseHead&, std::chrono::system_clock::time_point wall);

}  // namespace segdl
