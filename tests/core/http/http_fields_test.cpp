#include "core/http/http_fields.h"

#include <doctest/doctest.h>

#include <fmt/format.h>

using namespace segdl;

namespace {

ResponseHead head_with(std::vector<Field> fields) {
  ResponseHead head;
  head.status = 200;
  head.fields = std::move(fields);
  return head;
}

using Kind = Validator::Kind;
const Field kDate{"Date", "Sun, 06 Nov 2022 08:49:37 GMT"};
const std::chrono::system_clock::time_point kWall{std::chrono::seconds(1'667'724'577)};  // the same moment

}  // namespace

TEST_CASE("a Content-Range is half-open inside") {
  const auto range = parse_content_range("bytes 0-9/100");
  REQUIRE(range);
  CHECK(range->range == Range{0, 10});
  CHECK(range->total == 100);
  CHECK_FALSE(parse_content_range("bytes 5-5/*")->total);
  CHECK_FALSE(parse_content_range("bytes */7")->range);
}

TEST_CASE("a Content-Range that is not in the grammar is none") {
  for (const char* bad :
       {"bytez 0-9/100", "bytes 9-0/100", "bytes 0-100/100", "bytes 0-9/9", "bytes -9/100", "bytes 0-/100",
        "bytes +0-9/100", "bytes 0x0-9/100", "bytes 0 -9/100", "bytes 0-9", "bytes 0-9/", "bytes */*",
        "bytes 0-18446744073709551615/*", "bytes 0-9223372036854775808/*",
        "bytes 18446744073709551616-18446744073709551617/*", "0-9/100", "", "bytes 0-9/100, bytes 10-19/100"}) {
    CAPTURE(bad);
    CHECK_FALSE(parse_content_range(bad));
  }
}

TEST_CASE("a Content-Range reaches just below 2^63") {
  const auto last = parse_content_range("bytes 0-9223372036854775806/9223372036854775807");
  REQUIRE(last);
  CHECK(last->range == Range{0, 9223372036854775807});
  CHECK(parse_content_range("bytes 0-9223372036854775807/*")->range == Range{0, 9223372036854775808U});
  CHECK(parse_content_range("Bytes 0-0/1")->range == Range{0, 1});
  CHECK(parse_content_range("bytes */0")->total == 0);
  for (const char* bad : {"bytes 0-9223372036854775807/9223372036854775807", "bytes 0-0/9223372036854775808",
                          "bytes 0-0/18446744073709551616", "bytes */18446744073709551617", "bytes  0-9/10",
                          "bytes\t0-9/10", "bytes 0-9/10/10", "bytes 0-9-9/10", "bytes 0- 9/10", "bytes=0-9/10"}) {
    CAPTURE(bad);
    CHECK_FALSE(parse_content_range(bad));
  }
}

TEST_CASE("a Range header is inclusive") { CHECK(range_field({0, 4 * kMiB}) == "bytes=0-4194303"); }

TEST_CASE("the best validator of a response") {
  const auto kind = [](std::vector<Field> fields) { return validator_of(head_with(std::move(fields))).kind; };
  const Field old{"Last-Modified", "Sat, 05 Nov 2022 08:49:37 GMT"};
  CHECK(kind({{"ETag", "\"a\""}, old, kDate}) == Kind::strong_etag);
  CHECK(kind({{"ETag", "W/\"a\""}, kDate}) == Kind::weak_etag);
  CHECK(kind({{"ETag", "W/\"a\""}, old, kDate}) == Kind::strong_date);
  CHECK(kind({old, kDate}) == Kind::strong_date);
  CHECK(kind({old}) == Kind::weak_date);
  CHECK(kind({{"Last-Modified", "Sun, 06 Nov 2022 08:48:38 GMT"}, kDate}) == Kind::weak_date);
  CHECK(kind({{"Last-Modified", "Sun, 06 Nov 2022 08:48:37 GMT"}, kDate}) == Kind::strong_date);
  CHECK(kind({{"Last-Modified", "Mon, 07 Nov 2022 08:48:37 GMT"}, kDate}) == Kind::weak_date);
  CHECK(kind({{"Last-Modified", "yesterday"}, kDate}) == Kind::weak_date);
  CHECK(kind({}) == Kind::none);
}

TEST_CASE("odd ETags are weak") {
  const auto kind = [](const std::string& etag) { return validator_of(head_with({{"ETag", etag}})).kind; };
  CHECK(kind("unquoted") == Kind::weak_etag);
  CHECK(kind("\"\"") == Kind::weak_etag);
  CHECK(kind("\"a\"b\"") == Kind::weak_etag);
  CHECK(kind("w/\"a\"") == Kind::weak_etag);
  CHECK(kind("\"a b\"") == Kind::weak_etag);
  CHECK(kind("\"a\tb\"") == Kind::weak_etag);
  CHECK(kind("\"") == Kind::weak_etag);
  CHECK(kind("") == Kind::weak_etag);
  CHECK(kind("\"" + std::string(1022, 'x') + "\"") == Kind::strong_etag);
  CHECK(kind("\"" + std::string(1023, 'x') + "\"") == Kind::weak_etag);
  CHECK(kind("\"%41\xff\"") == Kind::strong_etag);
  const Validator twice = validator_of(head_with({{"ETag", "\"a\""}, {"etag", "\"b\""}}));
  CHECK(twice.kind == Kind::weak_etag);
  CHECK(twice.etag == "\"a\", \"b\"");
}

TEST_CASE("all validators of a response are kept as they were sent") {
  const Field old{"Last-Modified", "Sat, 05 Nov 2022 08:49:37 GMT"};
  const Validator both = validator_of(head_with({{"ETag", "W/\"a\""}, old, kDate}));
  CHECK(both.etag == "W/\"a\"");
  CHECK(both.modified == old.value);
  CHECK(both.value() == old.value);
  const Validator odd = validator_of(head_with({{"ETag", "a"}, {"Last-Modified", "yesterday"}}));
  CHECK(odd.etag == "a");
  CHECK(odd.modified == "yesterday");
}

TEST_CASE("If-Range takes a strong ETag, or a strong date where there is no ETag of any kind") {
  const Field old{"Last-Modified", "Sat, 05 Nov 2022 08:49:37 GMT"};
  const auto conditional = [](std::vector<Field> fields) {
    const Validator validator = validator_of(head_with(std::move(fields)));
    const std::string* value = validator.for_if_range();
    return value != nullptr ? *value : "";
  };
  CHECK(conditional({{"ETag", "\"a\""}, old, kDate}) == "\"a\"");
  CHECK(conditional({old, kDate}) == old.value);
  CHECK(conditional({old}).empty());
  for (const char* etag : {"W/\"a\"", "a", ""}) CHECK(conditional({{"ETag", etag}, old, kDate}).empty());
}

TEST_CASE("the time of the answer is no validator beside a strong ETag") {
  const Field tag{"ETag", "\"a\""};
  for (const char* now :
       {"Sun, 06 Nov 2022 08:49:36 GMT", "Sun, 06 Nov 2022 08:49:37 GMT", "Sun, 06 Nov 2022 08:49:38 GMT"}) {
    CHECK_FALSE(validator_of(head_with({tag, {"Last-Modified", now}, kDate})).modified);
    CHECK(validator_of(head_with({{"Last-Modified", now}, kDate})).modified == now);
  }
  CHECK(validator_of(head_with({tag, {"Last-Modified", "Sun, 06 Nov 2022 08:49:35 GMT"}, kDate})).modified);
}

TEST_CASE("a validator is kept up to 1 KiB, of a longer one its digest") {
  const auto padded = head_with({{"Last-Modified", std::string(60'000, 'x') + ", 06-Nov-94 08:49:37 GMT"}, kDate});
  CHECK(validator_of(padded).kind == Kind::weak_date);
  const auto spaced = head_with({{"Last-Modified", std::string(60'000, ' ') + "Sun, 06 Nov 1994 08:49:37 GMT"}, kDate});
  CHECK(validator_of(spaced).kind == Kind::weak_date);
  const auto tagged = [](char c) { return validator_of(head_with({{"ETag", "\"" + std::string(60'000, c) + "\""}})); };
  CHECK(tagged('x').kind == Kind::weak_etag);
  CHECK(tagged('x').etag->size() < 100);
  CHECK(tagged('x') == tagged('x'));
  CHECK_FALSE(tagged('x') == tagged('y'));
}

TEST_CASE("a Last-Modified or a Date given with two values is weak, the same one twice is one") {
  const Field old{"Last-Modified", "Sat, 05 Nov 2022 08:49:37 GMT"};
  const Field older{"Last-Modified", "Sat, 05 Nov 2022 08:49:36 GMT"};
  const Field later{"Date", "Sun, 06 Nov 2022 08:49:38 GMT"};
  CHECK(validator_of(head_with({old, older, kDate})).kind == Kind::weak_date);
  CHECK(validator_of(head_with({old, kDate, later})).kind == Kind::weak_date);
  CHECK(validator_of(head_with({old, old, kDate, kDate})) == validator_of(head_with({old, kDate})));
  const Field etag{"ETag", "\"a\""};
  CHECK(validator_of(head_with({etag, etag})) == validator_of(head_with({etag})));
}

TEST_CASE("the three forms of a date mean the same") {
  const auto date = parse_http_date("Sun, 06 Nov 1994 08:49:37 GMT");
  REQUIRE(date);
  CHECK(date->time_since_epoch() == std::chrono::seconds(784111777));
  CHECK(parse_http_date("Sunday, 06-Nov-94 08:49:37 GMT") == date);
  CHECK(parse_http_date("Sun Nov  6 08:49:37 1994") == date);
}

TEST_CASE("dates that are not dates are none") {
  for (const char* bad : {"",
                          "Sun",
                          "Sun, 06 Nov 1994 08:49:37",
                          "Sun, 06 Nov 1994 08:49:37 UTC",
                          "Sun, 31 Feb 1994 08:49:37 GMT",
                          "Sun, 06 Nov 1994 25:49:37 GMT",
                          "Sun, 6 Nov 1994 08:49:37 GMT",
                          "Sun, 06 Nov 1994 08:49:37 GMT ",
                          "1994-11-06",
                          "Sun Nov 66 08:49:37 1994",
                          "Sunday, 06-Nov-1994 08:49:37 GMT",
                          "Xxx, 06 Nov 1994 08:49:37 GMT",
                          "Sun, 06-Nov-94 08:49:37 GMT",
                          "Sunday, 06 Nov 1994 08:49:37 GMT",
                          "Someday, 06-Nov-94 08:49:37 GMT",
                          ", 06-Nov-94 08:49:37 GMT",
                          "sun, 06 Nov 1994 08:49:37 GMT",
                          "Sunday Nov  6 08:49:37 1994",
                          "Sun,06 Nov 1994 08:49:37 GMT",
                          "Sun, 00 Nov 1994 08:49:37 GMT",
                          "Sun, 06 Nov 1994 08:60:37 GMT",
                          "Sun, 06 Nov 1994 08:49:61 GMT",
                          "Sun, -6 Nov 1994 08:49:37 GMT",
                          "Sun Nov    08:49:37 1994"}) {
    CAPTURE(bad);
    CHECK_FALSE(parse_http_date(bad));
  }
}

TEST_CASE("Retry-After is clamped and never negative") {
  const auto after = [](const std::string& value) {
    return retry_after(head_with({kDate, {"Retry-After", value}}), kWall);
  };
  CHECK(after("7") == std::chrono::seconds(7));
  CHECK(after("0") == std::chrono::seconds(0));
  CHECK(after("1000000000000") == std::chrono::seconds(300));
  CHECK_FALSE(after("99999999999999999999999999"));
  CHECK(after("Sun, 06 Nov 2022 08:49:47 GMT") == std::chrono::seconds(10));
  CHECK(after("Sun, 06 Nov 2021 08:49:47 GMT") == std::chrono::seconds(0));
  CHECK(after("Sun, 06 Nov 2099 08:49:47 GMT") == std::chrono::seconds(300));
  CHECK(after("300") == std::chrono::seconds(300));
  CHECK(after("301") == std::chrono::seconds(300));
  CHECK_FALSE(after("18446744073709551616"));
  CHECK_FALSE(after("-5"));
  CHECK_FALSE(after("+5"));
  CHECK_FALSE(after("1.5"));
  CHECK_FALSE(after(""));
  CHECK_FALSE(after("soon"));
  CHECK(retry_after(head_with({{"Retry-After", "Sun, 06 Nov 2022 08:49:47 GMT"}}), kWall) == std::chrono::seconds(10));
  CHECK_FALSE(retry_after(head_with({}), kWall));
}

TEST_CASE("a date tells versions apart a minute after it") {
  const auto date = [](std::vector<Field> fields) { return strong_date_of(head_with(std::move(fields))); };
  const Field now{"Date", "Sun, 06 Nov 1994 08:49:37 GMT"};
  CHECK(date({now, {"Last-Modified", "Sun, 06 Nov 1994 08:48:37 GMT"}}).has_value());
  CHECK_FALSE(date({now, {"Last-Modified", "Sun, 06 Nov 1994 08:48:38 GMT"}}).has_value());
  CHECK_FALSE(date({now, {"Last-Modified", "Sun, 06 Nov 1994 09:48:37 GMT"}}).has_value());
  CHECK_FALSE(date({{"Last-Modified", "Sun, 06 Nov 1994 08:48:37 GMT"}}).has_value());
  CHECK_FALSE(date({now, {"Last-Modified", "Thu, 01 Jan 1970 00:00:01 GMT"}}).has_value());
  CHECK_FALSE(validator_of(head_with({now, {"Last-Modified", "Thu, 01 Jan 1970 23:59:59 GMT"}})).strong());
  CHECK(date({now, {"Last-Modified", "Fri, 02 Jan 1970 00:00:00 GMT"}}).has_value());
  CHECK_FALSE(date({now}).has_value());
}
