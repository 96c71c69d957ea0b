// Single header values: Content-Range, dates, Retry-After, validators.
#include "core/http/http_fields.h"
#include "fuzz/fuzz.h"

#include <fmt/format.h>

#include <string>

using namespace segdl;

namespace {

void check_content_range(std::string_view value) {
  const auto found = parse_content_range(value);
  if (!found) return;
  FUZZ_CHECK(found->range || found->total);
  if (found->range) FUZZ_CHECK(found->range->begin < found->range->end);
  if (found->range && found->total) FUZZ_CHECK(found->range->end <= *found->total);
  const std::string total = found->total ? fmt::to_string(*found->total) : "*";
  const std::string range =
      found->range ? fmt::format("{}-{}", found->range->begin, found->range->end - 1) : std::string("*");
  const auto again = parse_content_range(fmt::format("bytes {}/{}", range, total));
  FUZZ_CHECK(again && again->range == found->range && again->total == found->total);
}

void check_dates(std::string_view value) {
  const auto date = parse_http_date(value);
  if (date) FUZZ_CHECK(value.size() < 64);
  ResponseHead head;
  head.status = 503;
  head.fields = {{"Retry-After", std::string(value)}, {"Date", "Tue, 15 Nov 1994 12:45:26 GMT"}};
  const auto after = retry_after(head, {});
  if (after) FUZZ_CHECK(after->count() >= 0 && after->count() <= 300);
}

void check_validator(std::string_view value) {
  const auto half = value.size() / 2;
  for (const bool dated : {false, true}) {
    ResponseHead head;
    head.fields = {{"ETag", std::string(value)}};
    if (dated)
      head.fields = {{"Last-Modified", std::string(value.substr(0, half))}, {"Date", std::string(value.substr(half))}};
    const Validator validator = validator_of(head);
    FUZZ_CHECK(validator.value().size() <= kMaxValidator);
    FUZZ_CHECK(validator.kind != Validator::Kind::none || (!validator.etag && !validator.modified));
    FUZZ_CHECK(validator.etag.has_value() == (head.count("ETag") > 0));
    if (validator.kind == Validator::Kind::strong_etag) {
      const std::string_view etag = validator.value();
      FUZZ_CHECK(etag.size() > 2 && etag.front() == '"' && etag.back() == '"');
      FUZZ_CHECK(validator.for_if_range() == &*validator.etag);
    }
    FUZZ_CHECK(validator.for_if_range() == nullptr || validator.strong());
  }
}

}  // namespace

void fuzz(std::string_view input) {
  check_content_range(input);
  check_dates(input);
  check_validator(input);
}
