// The injector itself: a script does what it was set to, and a fault fires exactly where it was put.
#include "support/origin_script.h"
#include "support/pattern.h"

#include <doctest/doctest.h>

#include <fmt/format.h>

#include <algorithm>
#include <string>

using namespace segdl;
using namespace segdl::test;

namespace {

constexpr std::uint64_t kSize = 300'000;

std::vector<Field> range(std::uint64_t begin, std::uint64_t end, const std::string& condition = "") {
  std::vector<Field> fields = {{"Range", fmt::format("bytes={}-{}", begin, end - 1)}};
  if (!condition.empty()) fields.push_back({"If-Range", condition});
  return fields;
}

struct Played {
  std::string head;
  std::string rest;
  WireEnd end;
};

// All bytes of an answer, asked for in pieces of this size.
Played play(const Answer& answer, std::size_t piece = 5000) {
  AnswerWire wire(answer);
  std::string all;
  std::string bytes(piece, '\0');
  while (const std::size_t got = wire.next(std::as_writable_bytes(std::span(bytes)))) all.append(bytes, 0, got);
  const auto end = all.find("\r\n\r\n");
  if (end == std::string::npos) return {all, "", wire.end()};
  return {all.substr(0, end + 4), all.substr(end + 4), wire.end()};
}

std::string content(std::uint64_t seed, std::uint64_t begin, std::uint64_t end) {
  std::string text(end - begin, '\0');
  fill_pattern(std::as_writable_bytes(std::span(text)), seed, begin);
  return text;
}

std::string field(const Answer& answer, std::string_view name) {
  const std::string* value = answer.head.find(name);
  return value == nullptr ? "-" : *value;
}

int status_for(OriginScript& script, const std::string& condition) {
  return script.answer("/", range(0, 10, condition)).head.status;
}

}  // namespace

TEST_CASE("the pattern is the same byte by byte and in bulk") {
  for (std::uint64_t offset = 0; offset < 20; ++offset) {
    for (std::size_t size = 0; size < 40; ++size) {
      std::vector<std::byte> bulk(size);
      fill_pattern(bulk, 7, offset);
      for (std::size_t i = 0; i < size; ++i) REQUIRE(bulk[i] == pattern(7, offset + i));
    }
  }
}

TEST_CASE("a byte in the wrong place or of another seed shows") {
  const std::string own = content(1, 1000, 101'000);
  for (const std::string& other : {content(1, 1001, 101'001), content(1, 999, 100'999), content(1, 1008, 101'008),
                                   content(1, 66'536, 166'536), content(2, 1000, 101'000)}) {
    std::size_t same = 0;
    for (std::size_t i = 0; i < own.size(); ++i) same += own[i] == other[i] ? 1 : 0;
    CHECK(same < own.size() / 200);  // 1 in 256 by chance
  }
}

TEST_CASE("an honest server") {
  OriginScript script;
  script.size(kSize).seed(3).last_modified("Sun, 06 Nov 1994 08:49:37 GMT");
  const Answer part = script.answer("/", range(1000, 2000));
  CHECK(part.head.status == 206);
  CHECK(field(part, "Content-Range") == "bytes 1000-1999/300000");
  CHECK(field(part, "Content-Length") == "1000");
  CHECK(field(part, "ETag") == "\"v1\"");
  CHECK(play(part).rest == content(3, 1000, 2000));
  CHECK(play(part).end == WireEnd::keep);
  CHECK(field(script.answer("/", range(299'000, 400'000)), "Content-Range") == "bytes 299000-299999/300000");
  CHECK(field(script.answer("/", {{"Range", "bytes=299999-"}}), "Content-Range") == "bytes 299999-299999/300000");
  const Answer past = script.answer("/", range(kSize, kSize + 1));
  CHECK(past.head.status == 416);
  CHECK(field(past, "Content-Range") == "bytes */300000");
  for (const char* odd : {"bytes=5-4", "bytes=-5", "bytes=0-1,3-4", "bytes=x-9", "lines=0-9", "bytes=0-9x"}) {
    CAPTURE(odd);
    CHECK(script.answer("/", {{"Range", odd}}).head.status == 200);
  }
}

TEST_CASE("If-Range holds for the same strong validator only") {
  const std::string date = "Sun, 06 Nov 1994 08:49:37 GMT";
  OriginScript strong;
  strong.size(kSize).last_modified(date);
  CHECK(status_for(strong, "\"v1\"") == 206);
  CHECK(status_for(strong, "\"v2\"") == 200);
  CHECK(status_for(strong, date) == 206);
  CHECK(status_for(strong, "Sun, 06 Nov 1994 08:49:38 GMT") == 200);
  OriginScript weak;
  weak.size(kSize).etag("W/\"v1\"");
  CHECK(status_for(weak, "W/\"v1\"") == 200);
  OriginScript deaf;
  deaf.size(kSize).ignore_if_range();
  CHECK(status_for(deaf, "\"v2\"") == 206);
  OriginScript wary;
  wary.size(kSize).drop_range_if_etag_if_range();
  CHECK(status_for(wary, "\"v1\"") == 200);
  CHECK(status_for(wary, "") == 206);
}

TEST_CASE("a cut fires at its offset, as often as told, and nowhere else") {
  OriginScript script;
  script.size(kSize).cut_at(1500, 2);
  CHECK(play(script.answer("/", range(0, 1500))).end == WireEnd::keep);
  CHECK(play(script.answer("/", range(1501, 3000))).end == WireEnd::keep);
  for (int i = 0; i < 2; ++i) {
    const Played cut = play(script.answer("/", range(1000, 3000)));
    CHECK(cut.end == WireEnd::cut);
    CHECK(cut.rest == content(1, 1000, 1500));
  }
  const Played whole = play(script.answer("/", range(1000, 3000)));
  CHECK(whole.end == WireEnd::keep);
  CHECK(whole.rest == content(1, 1000, 3000));
}

TEST_CASE("of several faults in one answer the first one ends it and the others wait") {
  OriginScript script;
  script.size(kSize).stall_at(900).cut_at(500).reset_at(700);
  const auto next = [&] { return play(script.answer("/", {})); };
  const std::string expected = content(1, 0, kSize);
  for (const auto& [size, end] :
       {std::pair(500U, WireEnd::cut), std::pair(700U, WireEnd::reset), std::pair(900U, WireEnd::stall)}) {
    const Played played = next();
    CHECK(played.end == end);
    CHECK(played.rest == expected.substr(0, size));
  }
  CHECK(next().rest == expected);
}

TEST_CASE("faults without an end fire in every answer") {
  OriginScript script;
  script.size(kSize).cut_at(10, OriginScript::kAlways);
  for (int i = 0; i < 50; ++i) CHECK(play(script.answer("/", {})).rest.size() == 10);
}

TEST_CASE("every response is cut after so many bytes") {
  OriginScript script;
  script.size(1000).cut_every(400);
  CHECK(play(script.answer("/", {})).rest == content(1, 0, 400));
  CHECK(play(script.answer("/", range(400, 1000))).rest == content(1, 400, 800));
  const Played last = play(script.answer("/", range(800, 1000)));
  CHECK(last.rest == content(1, 800, 1000));
  CHECK(last.end == WireEnd::keep);
}

TEST_CASE("flips change one bit of their bytes, and only once") {
  OriginScript script;
  script.size(kSize).flip_at(5).flip_at(70'000);
  std::string expected = content(1, 0, kSize);
  const std::string honest = expected;
  expected[5] = static_cast<char>(expected[5] ^ 1);
  expected[70'000] = static_cast<char>(expected[70'000] ^ 1);
  CHECK(play(script.answer("/", {})).rest == expected);
  CHECK(play(script.answer("/", {})).rest == honest);
}

TEST_CASE("a resource changes after a request, with its validator and size") {
  OriginScript script;
  script.size(kSize).change_after(1, 500);
  CHECK(play(script.answer("/", {})).rest == content(1, 0, kSize));
  const Answer changed = script.answer("/", {});
  CHECK(field(changed, "ETag") == "\"changed\"");
  CHECK(play(changed).rest == content(1001, 0, 500));
}

TEST_CASE("a resource overwritten in place gives old and new in one response") {
  OriginScript script;
  script.size(kSize).change_at(100'001, kSize).changed_etag("\"v1\"");
  CHECK(play(script.answer("/", range(0, 50))).rest == content(1, 0, 50));
  CHECK(play(script.answer("/", {})).rest == content(1, 0, 100'001) + content(1001, 100'001, kSize));
  CHECK(play(script.answer("/", {})).rest == content(1001, 0, kSize));
  CHECK(field(script.answer("/", {}), "ETag") == "\"v1\"");
}

TEST_CASE("without a validator there is none after a change either") {
  OriginScript script;
  script.size(kSize).no_validator().change_after(1, kSize);
  for (int i = 0; i < 2; ++i) {
    const Answer answer = script.answer("/", {});
    CHECK(field(answer, "ETag") == "-");
    CHECK(field(answer, "Last-Modified") == "-");
  }
}

TEST_CASE("ranges end after a request") {
  OriginScript script;
  script.size(kSize).no_ranges_after(1);
  CHECK(script.answer("/", range(5, 10)).head.status == 206);
  CHECK(script.answer("/", range(5, 10)).head.status == 200);
}

TEST_CASE("hooks see their requests") {
  OriginScript script;
  script.size(kSize)
      .on(2, [](Answer& answer) { answer.status(503).set("Retry-After", "2"); })
      .on_from(4, [](Answer& answer) { answer.page(404, 33); })
      .cut_at(10, OriginScript::kAlways);
  CHECK(script.answer("/", {}).head.status == 200);
  const Answer busy = script.answer("/", {});
  CHECK(busy.head.status == 503);
  CHECK(field(busy, "Retry-After") == "2");
  CHECK(play(busy).rest.empty());
  CHECK(script.answer("/", {}).head.status == 200);
  for (int i = 0; i < 2; ++i) {
    const Played page = play(script.answer("/", {}));
    CHECK(page.rest.size() == 33);  // faults are in the resource, not in pages about it
    CHECK(page.end == WireEnd::keep);
  }
}

TEST_CASE("a hook knows how many answers are under way") {
  OriginScript script;
  script.size(kSize).on_every([](Answer& answer, const Asking& asking) {
    if (asking.active > 2) answer.status(503);
  });
  const auto status = [&] { return script.answer("/", {}).head.status; };
  CHECK(status() == 200);
  CHECK(status() == 200);
  CHECK(status() == 503);
  script.note_end();
  script.note_end();
  CHECK(status() == 200);
  CHECK(script.log().back().active == 2);
}

TEST_CASE("more answers than a server allows at once are refused") {
  OriginScript script;
  script.size(kSize).most_active(2, 429, "1");
  const auto next = [&] { return script.answer("/", {}); };
  CHECK(next().head.status == 200);
  CHECK(next().head.status == 200);
  const Answer refused = next();
  CHECK(refused.head.status == 429);
  CHECK(field(refused, "Retry-After") == "1");
  CHECK(play(refused).rest.empty());
  script.note_end();  // of the refusal
  script.note_end();
  CHECK(next().head.status == 200);
}

TEST_CASE("answers that lie about their range") {
  OriginScript script;
  script.size(1000);
  const auto asked = [&] { return script.answer("/", range(100, 200)); };
  CHECK(field(asked().shift_content_range(5), "Content-Range") == "bytes 105-204/1000");
  CHECK(field(asked().shift_content_range(-5), "Content-Range") == "bytes 95-194/1000");
  CHECK(field(asked().total(999), "Content-Range") == "bytes 100-199/999");
  const Answer other = asked().sends(100, 150);
  CHECK(field(other, "Content-Range") == "bytes 100-149/1000");
  CHECK(field(other, "Content-Length") == "50");
  CHECK(play(other).rest == content(1, 100, 150));
}

TEST_CASE("a connection is not kept behind an answer whose end can't be known") {
  OriginScript script;
  script.size(100);
  const auto end_of = [&](auto&& change) {
    Answer answer = script.answer("/", {});
    change(answer);
    return play(answer).end;
  };
  CHECK(end_of([](Answer& a) { a.set("Content-Length", "99"); }) == WireEnd::keep);
  CHECK(end_of([](Answer& a) { a.set("Content-Length", "101"); }) == WireEnd::close);
  CHECK(end_of([](Answer& a) { a.set("Content-Length", "x"); }) == WireEnd::close);
  CHECK(end_of([](Answer& a) { a.set("Connection", "close"); }) == WireEnd::close);
  CHECK(end_of([](Answer& a) { a.until_close(); }) == WireEnd::close);
  CHECK(end_of([](Answer& a) { a.chunked(); }) == WireEnd::keep);
  CHECK(end_of([](Answer& a) { a.silent(WireEnd::stall); }) == WireEnd::stall);
}

TEST_CASE("the wire is the same whatever the pieces it is read in") {
  for (const bool cut : {false, true}) {
    OriginScript script;
    script.size(kSize).flip_at(9).on_every([](Answer& answer, const Asking&) {
      answer.chunked();
      answer.interim = "HTTP/1.1 103 Early Hints\r\n\r\n";
      answer.after = "extra";
    });
    if (cut) script.cut_at(100'000, OriginScript::kAlways);
    const Answer answer = script.answer("/", {});
    const Played whole = play(answer, 1'000'000);
    CHECK(whole.head == "HTTP/1.1 103 Early Hints\r\n\r\n");
    CHECK(whole.rest.starts_with("HTTP/1.1 200 X\r\n"));
    CHECK(whole.rest.ends_with("0\r\n\r\nextra") == !cut);
    for (const std::size_t piece : {1U, 7U, 4096U, 65'543U}) CHECK(play(answer, piece).rest == whole.rest);
  }
}

TEST_CASE("a drip is never more than its size") {
  OriginScript script;
  script.size(100).drip(3, std::chrono::milliseconds(5));
  AnswerWire wire(script.answer("/", {}));
  std::byte bytes[50];
  CHECK(wire.pause() == std::chrono::milliseconds(5));
  while (const std::size_t got = wire.next(bytes)) CHECK(got <= 3);
  CHECK(wire.body_given() == 100);
}

TEST_CASE("paths are resources of their own, and one log has all") {
  OriginScript script;
  script.size(100).redirect("/old", "/new").pattern_paths();
  script.path("/new").size(50).seed(9).on(2, [](Answer& answer) { answer.status(500); });
  CHECK(field(script.answer("/old", {}), "Location") == "/new");
  CHECK(play(script.answer("/new", {})).rest == content(9, 0, 50));
  CHECK(script.answer("/new", {}).head.status == 500);
  CHECK(play(script.answer("/other", {})).rest == content(1, 0, 100));
  CHECK(play(script.answer("/pattern/42/77/name.bin", {})).rest == content(42, 0, 77));
  CHECK(play(script.answer("/pattern/42/x/name.bin", {})).rest == content(1, 0, 100));
  const auto log = script.log();
  REQUIRE(log.size() == 6);
  CHECK(log[2].number == 3);
  CHECK(log[2].target == "/new");
  CHECK(log[2].status == 500);
  script.note_sent(2, 44);
  CHECK(script.entry(2).sent == 44);
}
