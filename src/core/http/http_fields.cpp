#include "core/http/http_fields.h"

#include "core/base/ascii.h"
#include "core/base/xxh3.h"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <span>

namespace segdl {
namespace {

constexpr std::chrono::seconds kStrongAge{60};
constexpr std::chrono::sys_seconds kSecondDay{std::chrono::hours(24)};  // of 1970
constexpr std::chrono::seconds kClockStep{1};
constexpr std::chrono::seconds kMaxRetryAfter{300};

// entity-tag = [ %s"W/" ] DQUOTE *etagc DQUOTE (RFC 9110 section 8.8.3), and not weak.
bool is_strong_etag(std::string_view value) {
  const bool quoted = value.size() > 2 && value.front() == '"' && value.back() == '"';
  return quoted &&
         std::none_of(value.begin() + 1, value.end() - 1, [](char c) { return c == '"' || c == ' ' || c == '\t'; });
}

// All values of this field as one value that can be kept and compared.
std::optional<std::string> opaque_value(const ResponseHead& head, std::string_view name) {
  std::optional<std::string> value;
  for (const Field& field : head.fields) {
    if (!same_text(field.name, name) || value == field.value) continue;
    value = value ? std::move(*value) + ", " + field.value : field.value;
  }
  if (value && value->size() > kMaxValidator) {
    value = fmt::format("{} bytes of XXH3-64 {:016x}", value->size(), digest_of(std::as_bytes(std::span(*value))));
  }
  return value;
}

std::optional<std::chrono::sys_seconds> date_field(const ResponseHead& head, std::string_view name) {
  const std::string* value = head.find(name);
  return value != nullptr ? parse_http_date(*value) : std::nullopt;
}

// Reads the parts of a date one after the other.
class DateReader {
 public:
  explicit DateReader(std::string_view text) : text_(text) {}

  bool ok() const { return ok_; }
  bool at_end() const { return ok_ && text_.empty(); }

  void expect(std::string_view literal) {
    ok_ = ok_ && text_.starts_with(literal);
    if (ok_) text_.remove_prefix(literal.size());
  }

  int number(std::size_t digits, bool padded = false) {
    if (!ok_ || text_.size() < digits) return fail();
    std::string_view part = text_.substr(0, digits);
    if (padded && part.starts_with(' ')) part.remove_prefix(1);
    const auto value = parse_decimal(part);
    if (!value) return fail();
    text_.remove_prefix(digits);
    return static_cast<int>(*value);
  }

  unsigned month() {
    constexpr std::array<std::string_view, 12> kNames = {"Jan", "Feb", "Mar", "Apr", "May", "Jun",
                                                         "Jul", "Aug", "Sep", "Oct", "Nov", "Dec"};
    const auto found = std::find(kNames.begin(), kNames.end(), text_.substr(0, 3));
    if (!ok_ || found == kNames.end()) return static_cast<unsigned>(fail());
    text_.remove_prefix(3);
    return static_cast<unsigned>(found - kNames.begin()) + 1;
  }

  std::optional<std::chrono::seconds> time_of_day() {
    const int hour = number(2);
    expect(":");
    const int minute = number(2);
    expect(":");
    const int second = number(2);
    if (!ok_ || hour > 23 || minute > 59 || second > 60) return std::nullopt;
    return std::chrono::hours(hour) + std::chrono::minutes(minute) + std::chrono::seconds(second);
  }

 private:
  int fail() {
    ok_ = false;
    return 0;
  }

  std::string_view text_;
  bool ok_ = true;
};

std::optional<std::chrono::sys_seconds> date_from(int year, unsigned month, int day,
                                                  std::optional<std::chrono::seconds> time) {
  const std::chrono::year_month_day date{std::chrono::year(year), std::chrono::month(month),
                                         std::chrono::day(static_cast<unsigned>(day))};
  if (!time || !date.ok()) return std::nullopt;
  return std::chrono::sys_days(date) + *time;
}

constexpr std::array<std::string_view, 7> kDays = {"Monday", "Tuesday",  "Wednesday", "Thursday",
                                                   "Friday", "Saturday", "Sunday"};

// Sun, 06 Nov 1994 08:49:37 GMT, after the day's name
std::optional<std::chrono::sys_seconds> fixdate(std::string_view text) {
  DateReader reader(text);
  const int day = reader.number(2);
  reader.expect(" ");
  const unsigned month = reader.month();
  reader.expect(" ");
  const int year = reader.number(4);
  reader.expect(" ");
  const auto time = reader.time_of_day();
  reader.expect(" GMT");
  return reader.at_end() ? date_from(year, month, day, time) : std::nullopt;
}

// Sunday, 06-Nov-94 08:49:37 GMT, after the day's name
std::optional<std::chrono::sys_seconds> rfc850_date(std::string_view text) {
  DateReader reader(text);
  const int day = reader.number(2);
  reader.expect("-");
  const unsigned month = reader.month();
  reader.expect("-");
  const int year = reader.number(2);
  reader.expect(" ");
  const auto time = reader.time_of_day();
  reader.expect(" GMT");
  // Two digits mean the nearest century; a file's dates are in the past.
  return reader.at_end() ? date_from(year < 70 ? 2000 + year : 1900 + year, month, day, time) : std::nullopt;
}

// Sun Nov  6 08:49:37 1994, after the day's name
std::optional<std::chrono::sys_seconds> asctime_date(std::string_view text) {
  DateReader reader(text);
  const unsigned month = reader.month();
  reader.expect(" ");
  const int day = reader.number(2, true);
  reader.expect(" ");
  const auto time = reader.time_of_day();
  reader.expect(" ");
  const int year = reader.number(4);
  return reader.at_end() ? date_from(year, month, day, time) : std::nullopt;
}

// A build that sets all times to zero, or a clock that was never set, gives every version the first day.
bool tells_versions_apart(const std::optional<std::chrono::sys_seconds>& modified,
                          const std::optional<std::chrono::sys_seconds>& date) {
  return modified && date && *modified >= kSecondDay && *date - *modified >= kStrongAge;
}

}  // namespace

std::optional<ContentRange> parse_content_range(std::string_view value) {
  constexpr std::string_view kUnit = "bytes ";
  if (value.size() < kUnit.size() || !same_text(value.substr(0, kUnit.size()), kUnit)) return std::nullopt;
  value.remove_prefix(kUnit.size());
  const auto slash = value.find('/');
  if (slash == std::string_view::npos) return std::nullopt;
  const std::string_view range = value.substr(0, slash);
  const std::string_view total = value.substr(slash + 1);
  ContentRange result;
  if (total != "*") {
    result.total = parse_decimal(total);
    if (!result.total) return std::nullopt;
  }
  if (range == "*") return result.total ? std::optional(result) : std::nullopt;
  const auto dash = range.find('-');
  if (dash == std::string_view::npos) return std::nullopt;
  const auto first = parse_decimal(range.substr(0, dash));
  const auto last = parse_decimal(range.substr(dash + 1));
  if (!first || !last || *last < *first || (result.total && *result.total <= *last)) return std::nullopt;
  result.range = Range{*first, *last + 1};
  return result;
}

std::string range_field(Range range) {
  if (range.end == kOpenEnd) return fmt::format("bytes={}-", range.begin);
  return fmt::format("bytes={}-{}", range.begin, range.end - 1);
}

std::string_view Validator::value() const {
  const auto& best = is_etag() ? etag : modified;
  return best ? std::string_view(*best) : std::string_view();
}

const std::string* Validator::for_if_range() const {
  if (kind == Kind::strong_etag) return &*etag;
  return kind == Kind::strong_date && !etag ? &*modified : nullptr;
}

Validator validator_of(const ResponseHead& head) {
  using Kind = Validator::Kind;
  Validator validator{Kind::none, opaque_value(head, "ETag"), opaque_value(head, "Last-Modified")};
  const auto modified = date_field(head, "Last-Modified");
  const auto date = date_field(head, "Date");
  if (head.find("ETag") != nullptr && validator.etag->size() <= kMaxValidator && is_strong_etag(*validator.etag)) {
    validator.kind = Kind::strong_etag;
    if (modified && date && std::chrono::abs(*date - *modified) <= kClockStep) validator.modified.reset();
  } else if (tells_versions_apart(modified, date)) {
    validator.kind = Kind::strong_date;
  } else if (validator.etag) {
    validator.kind = Kind::weak_etag;
  } else if (validator.modified) {
    validator.kind = Kind::weak_date;
  }
  return validator;
}

std::optional<std::chrono::sys_seconds> strong_date_of(const ResponseHead& head) {
  if (head.status / 100 == 2 && head.status != 200 && head.status != 206) return {};  // see core/http/verdict.h, R9
  const auto modified = date_field(head, "Last-Modified");
  const auto date = date_field(head, "Date");
  return tells_versions_apart(modified, date) ? modified : std::nullopt;
}

std::optional<std::chrono::sys_seconds> parse_http_date(std::string_view text) {
  for (const std::string_view day : kDays) {
    const std::string_view name = text.substr(0, text.find_first_of(", "));
    const std::string_view rest = text.substr(name.size());
    const bool brief = name == day.substr(0, 3);
    if (brief && rest.starts_with(", ")) return fixdate(rest.substr(2));
    if (brief && rest.starts_with(' ')) return asctime_date(rest.substr(1));
    if (name == day && rest.starts_with(", ")) return rfc850_date(rest.substr(2));
  }
  return std::nullopt;
}

std::optional<std::chrono::seconds> retry_after(const ResponseHead& head, std::chrono::system_clock::time_point wall) {
  const std::string* value = head.find("Retry-After");
  if (value == nullptr) return std::nullopt;
  if (!value->empty() && std::all_of(value->begin(), value->end(), is_digit)) {
    const auto seconds = parse_decimal(*value);
    if (!seconds) return std::nullopt;
    return std::min(kMaxRetryAfter, std::chrono::seconds(std::min<std::uint64_t>(*seconds, 1'000'000)));
  }
  const auto until = parse_http_date(*value);
  if (!until) return std::nullopt;
  const auto from = date_field(head, "Date").value_or(std::chrono::floor<std::chrono::seconds>(wall));
  return std::clamp<std::chrono::seconds>(*until - from, std::chrono::seconds(0), kMaxRetryAfter);
}

}  // namespace segdl
