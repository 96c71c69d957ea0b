#include "core/http/http_fields.h"

#include "core/base/ascii.h"
#include "core/base/xxh3.h"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <span>
#include <utility>

namespace segdl {
namespace {

constexpr std::chrono::seconds kStrongAge{60};
constexpr std::chrono::sys_seconds kSecondDay{std::chrono::hours(24)};  // of 1970
constexpr std::chrono::seconds kClockStep{1};
constexpr std::chrono::seconds kMaxRetryAfter{300};

// entity-tag = [ %s"W/" ] DQUOTE *etagc DQUOTE (RFC 9110 section 8.8.3), and not weak.
bool is_strong_etag(std::string_view value) {
  const bool quoted = value.size() > 2 && value.front() == '"' && value.back() == '"';
  return quoted && value.substr(1, value.size() - 2).find_first_of("\" \t") == std::string_view::npos;
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

// The forms of a date behind the name of its day, and whether that name is short. The letters d, y, h, m and s stand
// for digits, and nnn for the name of a month.
constexpr std::pair<bool, std::string_view> kForms[] = {
    {true, ", dd nnn yyyy hh:mm:ss GMT"},  // IMF-fixdate: Sun, 06 Nov 1994 08:49:37 GMT
    {false, ", dd-nnn-yy hh:mm:ss GMT"},   // RFC 850: Sunday, 06-Nov-94 08:49:37 GMT
    {true, " nnn dd hh:mm:ss yyyy"},       // asctime: Sun Nov 16 08:49:37 1994
    {true, " nnn  d hh:mm:ss yyyy"},       // Sun Nov  6 08:49:37 1994
};

std::optional<std::chrono::sys_seconds> date_in_form(std::string_view text, std::string_view form) {
  constexpr std::array<std::string_view, 12> kMonths = {"Jan", "Feb", "Mar", "Apr", "May", "Jun",
                                                        "Jul", "Aug", "Sep", "Oct", "Nov", "Dec"};
  if (text.size() != form.size()) return std::nullopt;
  std::array<int, 128> number{};  // of each letter of the form
  for (std::size_t i = 0; i < form.size(); ++i) {
    if (std::string_view("dyhms").find(form[i]) == std::string_view::npos) {
      if (form[i] != 'n' && text[i] != form[i]) return std::nullopt;
    } else if (is_digit(text[i])) {
      int& part = number.at(static_cast<std::size_t>(form[i]));
      part = part * 10 + (text[i] - '0');
    } else {
      return std::nullopt;
    }
  }
  const auto month = std::ranges::find(kMonths, text.substr(form.find('n'), 3)) - kMonths.begin();
  // Two digits mean the nearest century; a file's dates are in the past.
  if (form.find("yyyy") == std::string_view::npos) number['y'] += number['y'] < 70 ? 2000 : 1900;
  const std::chrono::year_month_day date{std::chrono::year(number['y']),
                                         std::chrono::month(static_cast<unsigned>(month + 1)),
                                         std::chrono::day(static_cast<unsigned>(number['d']))};
  if (!date.ok() || number['h'] > 23 || number['m'] > 59 || number['s'] > 60) return std::nullopt;
  return std::chrono::sys_days(date) + std::chrono::hours(number['h']) + std::chrono::minutes(number['m']) +
         std::chrono::seconds(number['s']);
}

// A build that sets all times to zero, or a clock that was never set, gives every version the first day.
bool tells_versions_apart(const std::optional<std::chrono::sys_seconds>& modified,
                          const std::optional<std::chrono::sys_seconds>& date) {
  return modified && date && *modified >= kSecondDay && *date - *modified >= kStrongAge;
}

}  // namespace

std::optional<ContentRange> parse_content_range(std::string_view value) {
  constexpr std::string_view kUnit = "bytes ";
  if (!same_text(value.substr(0, kUnit.size()), kUnit)) return std::nullopt;
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

std::optional<ContentRange> content_range_of(const ResponseHead& head) {
  const std::string* field = head.find("Content-Range");
  return field != nullptr ? parse_content_range(*field) : std::nullopt;
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
  constexpr std::array<std::string_view, 7> kDays = {"Monday", "Tuesday",  "Wednesday", "Thursday",
                                                     "Friday", "Saturday", "Sunday"};
  const std::string_view name = text.substr(0, text.find_first_of(", "));
  const bool brief = name.size() == 3;
  const auto is_of = [&](std::string_view day) { return name == (brief ? day.substr(0, 3) : day); };
  if (std::ranges::none_of(kDays, is_of)) return std::nullopt;
  for (const auto& [of_brief, form] : kForms) {
    const auto date = brief == of_brief ? date_in_form(text.substr(name.size()), form) : std::nullopt;
    if (date) return date;
  }
  return std::nullopt;
}

std::optional<std::chrono::seconds> retry_after(const ResponseHead& head, std::chrono::system_clock::time_point wall) {
  const std::string* value = head.find("Retry-After");
  if (value == nullptr) return std::nullopt;
  if (const auto seconds = parse_decimal(*value))
    return std::min(kMaxRetryAfter, std::chrono::seconds(std::min<std::uint64_t>(*seconds, 1'000'000)));
  const auto until = parse_http_date(*value);
  if (!until) return std::nullopt;
  const auto from = date_field(head, "Date").value_or(std::chrono::floor<std::chrono::seconds>(wall));
  return std::clamp<std::chrono::seconds>(*until - from, std::chrono::seconds(0), kMaxRetryAfter);
}

}  // namespace segdl
