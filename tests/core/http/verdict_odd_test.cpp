// Statuses and fields that are odd, and what is made of them in answer to a plain request.
#include "core/http/http_wire.h"
#include "core/http/verdict.h"

#include <doctest/doctest.h>

#include <chrono>
#include <string>
#include <variant>

using namespace segdl;
using namespace segdl::test;

namespace {

const Resource kKnown{500, {Validator::Kind::strong_etag, "\"a\""}};
const Asked kPlain{RequestForm::whole};

template <class Kind>
bool is(const Verdict& verdict) {
  return std::holds_alternative<Kind>(verdict);
}

Verdict judged(const std::string& status, const std::string& field, const Asked& asked, const Resource* known) {
  const auto head = parse_head(head_of(status, field, "Content-Length: 500"));
  REQUIRE(head.ok());
  return judge(*head, asked, known, std::chrono::system_clock::time_point{});
}

}  // namespace

TEST_CASE("several parts are none of the resource, however their type is written") {
  for (const std::string type : {"multipart/byteranges; boundary=x", "Multipart/ byte\tranges",
                                 "multipart/\x01"
                                 "byteranges"}) {
    CHECK(is<Contradiction>(judged("200 OK", "Content-Type: " + type, kPlain, nullptr)));
  }
}

TEST_CASE("an odd 2xx is a whole body that names no version, and only where all of it was asked for") {
  const std::string tag = "ETag: \"a\"";
  for (const std::string status : {"201 X", "203 X", "205 X", "226 X", "299 X"}) {
    CAPTURE(status);
    CHECK(is<Contradiction>(judged(status, tag, {RequestForm::range_only, Range{0, 100}}, &kKnown)));
    const auto fresh = judged(status, tag, kPlain, nullptr);
    REQUIRE(is<UsableBody>(fresh));
    CHECK(std::get<UsableBody>(fresh).resource.validator == Validator{});
    const auto later = judged(status, tag, kPlain, &kKnown);
    REQUIRE(is<Contradiction>(later));
    CHECK(std::get<Contradiction>(later).unnamed);
  }
  for (const std::string status : {"204 X", "207 X", "208 X"})
    CHECK(is<Contradiction>(judged(status, tag, kPlain, nullptr)));
  CHECK(is<PermanentRefusal>(judged("202 X", tag, kPlain, nullptr)));
  CHECK(is<Contradiction>(judge(*parse_head(head_of("201 X", "Content-Length: 0")), kPlain, nullptr, {})));
  CHECK(is<Contradiction>(judged("226 X", "IM: vcdiff", kPlain, nullptr)));
}

TEST_CASE("a 206 of nothing is an empty resource, unless it is known to be another one") {
  const auto head = parse_head(head_of("206 X", "Content-Range: bytes 0--1/0", "Content-Length: 0"));
  const Asked first{RequestForm::conditional, Range{0, kOpenEnd}};
  const auto empty = judge(*head, first, nullptr, {});
  REQUIRE(is<UsableBody>(empty));
  CHECK(std::get<UsableBody>(empty).resource.total == 0U);
  CHECK(is<Contradiction>(judge(*head, first, &kKnown, {})));
}
