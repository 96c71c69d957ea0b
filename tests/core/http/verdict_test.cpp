// The decision rules, as a table: what was asked, what is known, what came, what it means.
#include "core/http/verdict.h"

#include "core/http/content_coding.h"

#include <doctest/doctest.h>

#include <fmt/format.h>

using namespace segdl;

namespace {

const Validator kA{Validator::Kind::strong_etag, "\"a\""};
const Resource kKnown{500, kA};
const Asked kMiddle{RequestForm::conditional, Range{100, 500}};
const Asked kStart{RequestForm::conditional, Range{0, 100}};
const Asked kWhole{RequestForm::whole, std::nullopt};

ResponseHead reply(int status, std::vector<Field> fields, std::optional<std::uint64_t> length = std::nullopt) {
  ResponseHead head;
  head.status = status;
  head.fields = std::move(fields);
  if (length) {
    head.framing = Framing::length;
    head.content_length = *length;
  }
  return head;
}

Verdict verdict(const ResponseHead& head, const Asked& asked = kMiddle, const Resource* known = &kKnown) {
  return judge(head, asked, known, {});
}

template <class Expected>
bool is(const Verdict& got) {
  return std::holds_alternative<Expected>(got);
}

ResponseHead partial(const std::string& range, const std::string& etag = "\"a\"") {
  return reply(206, {{"Content-Range", range}, {"ETag", etag}});
}

}  // namespace

TEST_CASE("a fresh 206 tells size and validator") {
  const auto got = verdict(partial("bytes 0-99/500"), kStart, nullptr);
  REQUIRE(is<UsableBody>(got));
  const auto& body = std::get<UsableBody>(got);
  CHECK(body.begin == 0);
  CHECK(body.end == 100);
  CHECK(body.resource.total == 500);
  CHECK(body.resource.validator == kA);
  CHECK(body.partial);
}

TEST_CASE("a known 206 is usable if all of it agrees") {
  CHECK(is<UsableBody>(verdict(partial("bytes 100-499/500"))));
  CHECK(is<UsableBody>(verdict(partial("bytes 100-499/*"))));
  CHECK(is<UsableBody>(verdict(reply(206, {{"Content-Range", "bytes 100-499/500"}, {"ETag", "\"a\""}}, 400))));
  SUBCASE("and a shorter one is kept") {
    const auto got = verdict(partial("bytes 100-199/500"));
    REQUIRE(is<UsableBody>(got));
    CHECK(std::get<UsableBody>(got).end == 200);
  }
}

TEST_CASE("a 206 that is not what was asked is a contradiction") {
  for (const char* range :
       {"bytes 99-498/500", "bytes 101-499/500", "bytes 0-499/500", "bytes 100-500/501", "bytez 100-499/500",
        "bytes 499-100/500", "bytes 100-499/300", "bytes */500", "bytes 100-499", "bytes +100-499/500"}) {
    CAPTURE(range);
    CHECK(is<Contradiction>(verdict(partial(range))));
  }
  CHECK(is<Contradiction>(verdict(reply(206, {{"ETag", "\"a\""}}))));
  CHECK(is<Contradiction>(verdict(
      reply(206, {{"Content-Range", "bytes 100-499/500"}, {"Content-Range", "bytes 100-499/*"}, {"ETag", "\"a\""}}))));
  CHECK(is<UsableBody>(verdict(reply(
      206, {{"Content-Range", "bytes 100-499/500"}, {"Content-Range", "bytes 100-499/500"}, {"ETag", "\"a\""}}))));
  CHECK(is<Contradiction>(verdict(partial("bytes 0-99/500"), kWhole)));
  CHECK(is<Contradiction>(verdict(partial("bytes 0-99/*"), kStart, nullptr)));
}

TEST_CASE("a 206 with a length, a coding or parts of its own is a contradiction") {
  const Field range{"Content-Range", "bytes 100-499/500"};
  const Field etag{"ETag", "\"a\""};
  CHECK(is<Contradiction>(verdict(reply(206, {range, etag}, 401))));
  CHECK(is<Contradiction>(verdict(reply(206, {range, etag}, 399))));
  CHECK(is<Contradiction>(verdict(reply(206, {range, etag, {"Content-Encoding", "gzip"}}))));
  CHECK(is<UsableBody>(verdict(reply(206, {range, etag, {"Content-Encoding", "identity"}}))));
  CHECK(is<Contradiction>(verdict(reply(206, {range, etag, {"Content-Type", "Multipart/ByteRanges; boundary=x"}}))));
}

TEST_CASE("another strong validator means changed, a missing one does not") {
  CHECK(is<ResourceChanged>(verdict(partial("bytes 100-499/500", "\"b\""))));
  CHECK(is<Contradiction>(verdict(partial("bytes 100-499/501"))));
  CHECK(is<Contradiction>(verdict(reply(206, {{"Content-Range", "bytes 100-499/500"}}))));
  CHECK(is<Contradiction>(verdict(partial("bytes 100-499/500", "W/\"a\""))));
}

TEST_CASE("a 200 to a range is the whole resource, or another one, or not known to be it") {
  SUBCASE("the same") {
    const auto got = verdict(reply(200, {{"ETag", "\"a\""}}, 500));
    REQUIRE(is<UsableBody>(got));
    CHECK(std::get<UsableBody>(got).begin == 0);
    CHECK(std::get<UsableBody>(got).end == 500);
    CHECK_FALSE(std::get<UsableBody>(got).partial);
  }
  CHECK(is<ResourceChanged>(verdict(reply(200, {{"ETag", "\"b\""}}, 500))));
  CHECK(is<Contradiction>(verdict(reply(200, {{"ETag", "\"a\""}}, 499))));
  CHECK(std::get<Contradiction>(verdict(reply(200, {}, 500))).unnamed);
  CHECK_FALSE(std::get<Contradiction>(verdict(reply(200, {}, 501))).unnamed);
  CHECK_FALSE(std::get<Contradiction>(verdict(reply(200, {}))).unnamed);
  CHECK(is<Contradiction>(verdict(reply(200, {{"ETag", "\"a\""}, {"Content-Encoding", "br"}}, 500))));
}

TEST_CASE("a 200 whose head speaks of a part is a contradiction, whatever is known and asked") {
  const Asked probe{RequestForm::conditional, Range{0, 100}};
  for (const char* range : {"bytes 0-99/500", "bytes 0-99/100", "bytes 0-99/*", "bytes */500", "bytes 0-498/500",
                            "bytes 1-499/500", "lines 0-499/500", "0-499/500", ""}) {
    CAPTURE(range);
    const auto head = reply(200, {{"ETag", "\"a\""}, {"Content-Range", range}}, 500);
    CHECK(is<Contradiction>(verdict(head, probe, nullptr)));
    CHECK(is<Contradiction>(verdict(head)));
    const bool as_long = std::string_view(range).ends_with("/500") && std::string_view(range).starts_with("bytes");
    CHECK(is<Contradiction>(verdict(head, kWhole, nullptr)) == !as_long);  // all of it, like its total
  }
  const Field all{"Content-Range", "bytes 0-499/500"};
  CHECK(is<UsableBody>(verdict(reply(200, {{"ETag", "\"a\""}, all}, 500), probe, nullptr)));
  const Field part{"Content-Range", "bytes 0-99/500"};
  CHECK(is<Contradiction>(verdict(reply(200, {{"ETag", "\"a\""}, all, part}, 500), probe, nullptr)));
  CHECK(is<Contradiction>(verdict(reply(200, {{"ETag", "\"a\""}, all}), probe, nullptr)));
}

TEST_CASE("a 200 that is just as long as the range asked for is asked for again, unless that is all there is") {
  const Asked probe{RequestForm::conditional, Range{0, 100}};
  CHECK(is<Contradiction>(verdict(reply(200, {{"ETag", "\"a\""}}, 100), probe, nullptr)));
  CHECK(is<UsableBody>(verdict(reply(200, {{"ETag", "\"a\""}}, 101), probe, nullptr)));
  CHECK(is<UsableBody>(verdict(reply(200, {{"ETag", "\"a\""}}, 100), kWhole, nullptr)));
  CHECK(is<Contradiction>(verdict(reply(200, {{"ETag", "\"a\""}}, 400))));
  CHECK(is<UsableBody>(verdict(reply(200, {{"ETag", "\"a\""}}, 500), Asked{RequestForm::conditional, Range{0, 500}})));
}

TEST_CASE("a 200 without a length to a range beyond byte 0 may be that range") {
  const auto open = reply(200, {{"ETag", "\"a\""}});
  CHECK(is<Contradiction>(verdict(open)));
  CHECK(is<Contradiction>(verdict(open, Asked{RequestForm::range_only, Range{100, 500}})));
  CHECK(is<UsableBody>(verdict(open, Asked{RequestForm::conditional, Range{0, 500}})));
  CHECK(is<UsableBody>(verdict(open, kWhole)));
}

TEST_CASE("a validator that both have and that differs means changed, however weak, and whatever else agrees") {
  const Field range{"Content-Range", "bytes 100-499/500"};
  const auto now = [&](std::vector<Field> fields, const Validator& before) {
    const Resource known{500, before};
    fields.push_back(range);
    return verdict(reply(206, std::move(fields)), kMiddle, &known);
  };
  const std::string old = "Sat, 05 Nov 2022 08:49:37 GMT";
  const std::string later = "Sat, 05 Nov 2022 08:49:38 GMT";
  using Kind = Validator::Kind;
  const Validator weak{Kind::strong_date, "W/\"a\"", old};
  CHECK(is<UsableBody>(now({{"ETag", "W/\"a\""}, {"Last-Modified", old}}, weak)));
  CHECK(is<ResourceChanged>(now({{"ETag", "W/\"b\""}, {"Last-Modified", old}}, weak)));
  CHECK(is<ResourceChanged>(now({{"ETag", "b"}, {"Last-Modified", old}}, weak)));
  CHECK(is<UsableBody>(now({{"Last-Modified", old}}, weak)));
  const Validator strong{Kind::strong_etag, "\"a\"", old};
  CHECK(is<UsableBody>(now({{"ETag", "\"a\""}, {"Last-Modified", old}}, strong)));
  CHECK(is<UsableBody>(now({{"ETag", "\"a\""}}, strong)));
  CHECK(is<ResourceChanged>(now({{"ETag", "\"a\""}, {"Last-Modified", later}}, strong)));
  const Validator malformed{Kind::weak_etag, "a", "yesterday"};
  CHECK(is<UsableBody>(now({{"ETag", "a"}, {"Last-Modified", "yesterday"}}, malformed)));
  CHECK(is<ResourceChanged>(now({{"ETag", "a"}, {"Last-Modified", "today"}}, malformed)));
  CHECK(is<ResourceChanged>(now({{"ETag", "b"}, {"Last-Modified", "yesterday"}}, malformed)));
}

TEST_CASE("an ETag that comes where there was a date only means changed, though the date stays") {
  const std::string old = "Sat, 05 Nov 2022 08:49:37 GMT";
  const Resource dated{500, {Validator::Kind::strong_date, std::nullopt, old}};
  for (const char* etag : {"\"v2\"", "W/\"v2\"", "v2"}) {
    CAPTURE(std::string(etag));
    const std::vector<Field> both{{"ETag", etag}, {"Last-Modified", old}};
    std::vector<Field> part = both;
    part.push_back({"Content-Range", "bytes 100-499/500"});
    CHECK(is<ResourceChanged>(verdict(reply(206, part), kMiddle, &dated)));
    CHECK(is<ResourceChanged>(verdict(reply(200, both), kMiddle, &dated)));
  }
}

TEST_CASE("without a strong validator a 200 to a range is read from byte 0, to be compared") {
  const Resource weak{500, {Validator::Kind::weak_etag, "W/\"a\""}};
  const Resource none{500, {}};
  CHECK(is<UsableBody>(verdict(reply(200, {{"ETag", "W/\"a\""}}, 500), kMiddle, &weak)));
  CHECK(is<ResourceChanged>(verdict(reply(200, {{"ETag", "W/\"b\""}}, 500), kMiddle, &weak)));
  CHECK(is<UsableBody>(verdict(reply(200, {{"ETag", "W/\"a\""}}, 500), kWhole, &weak)));
  CHECK(is<UsableBody>(verdict(reply(200, {}, 500), kMiddle, &none)));
  CHECK(is<UsableBody>(verdict(reply(200, {}, 500), kWhole, &none)));
  CHECK(is<ResourceChanged>(verdict(reply(200, {}, 501), kWhole, &none)));
  CHECK(is<ResourceChanged>(
      verdict(reply(206, {{"Content-Range", "bytes 100-499/500"}, {"ETag", "\"new\""}}), kMiddle, &none)));
  CHECK(is<UsableBody>(
      verdict(reply(206, {{"Content-Range", "bytes 100-499/500"}, {"ETag", "W/\"a\""}}), kMiddle, &weak)));
  CHECK(is<ResourceChanged>(
      verdict(reply(206, {{"Content-Range", "bytes 100-499/500"}, {"ETag", "W/\"b\""}}), kMiddle, &weak)));
}

TEST_CASE("a date is compared as it was sent, whether or not it looks strong by the clock") {
  const Resource dated{500, {Validator::Kind::strong_date, std::nullopt, "Sat, 05 Nov 2022 08:49:37 GMT"}};
  const Field range{"Content-Range", "bytes 100-499/500"};
  CHECK(is<UsableBody>(
      verdict(reply(206, {range, {"Last-Modified", "Sat, 05 Nov 2022 08:49:37 GMT"}}), kMiddle, &dated)));
  const Field other{"Last-Modified", "Sat, 05 Nov 2022 08:49:38 GMT"};
  CHECK(is<ResourceChanged>(
      verdict(reply(206, {range, other, {"Date", "Sat, 05 Nov 2022 08:50:38 GMT"}}), kMiddle, &dated)));
  CHECK(is<Contradiction>(
      verdict(reply(206, {range, other, {"Date", "Sat, 05 Nov 2022 08:50:37 GMT"}}), kMiddle, &dated)));
  CHECK(is<Contradiction>(verdict(reply(206, {range}), kMiddle, &dated)));
}

TEST_CASE("a fresh 200 of any length is a stream") {
  const auto sized = verdict(reply(200, {}, 70), kStart, nullptr);
  REQUIRE(is<UsableBody>(sized));
  CHECK(std::get<UsableBody>(sized).resource.total == 70);
  const auto open = verdict(reply(200, {}), kStart, nullptr);
  REQUIRE(is<UsableBody>(open));
  CHECK_FALSE(std::get<UsableBody>(open).resource.total);
}

TEST_CASE("redirects need one Location") {
  for (const int status : {300, 301, 302, 303, 304, 307, 308, 399}) {
    CAPTURE(status);
    CHECK(is<RedirectTo>(verdict(reply(status, {{"Location", "/x"}, {"Location", "/x"}}))));
    CHECK(is<RedirectTo>(verdict(reply(status, {{"Location", "/x"}}))));
    CHECK(is<Contradiction>(verdict(reply(status, {}))));
    CHECK(is<Contradiction>(verdict(reply(status, {{"Location", ""}}))));
    CHECK(is<Contradiction>(verdict(reply(status, {{"Location", "/x"}, {"Location", "/y"}}))));
  }
  for (const int status : {201, 203, 204, 205, 305, 306}) {
    CAPTURE(status);
    CHECK(is<Contradiction>(verdict(reply(status, {{"Location", "/x"}}))));
  }
}

TEST_CASE("what is not ready yet is waited for only if its server says how long") {
  CHECK(is<PermanentRefusal>(verdict(reply(202, {{"Location", "/x"}}))));
  CHECK(std::get<TransientRefusal>(verdict(reply(202, {{"Retry-After", "7"}}))).after == std::chrono::seconds(7));
}

TEST_CASE("refusals pass or do not") {
  for (const int status : {408, 421, 425, 429, 500, 502, 503, 504, 507, 511, 520, 529}) {
    CAPTURE(status);
    CHECK(is<TransientRefusal>(verdict(reply(status, {}))));
  }
  for (const int status : {400, 401, 403, 404, 405, 407, 410, 451, 501, 505}) {
    CAPTURE(status);
    CHECK(is<PermanentRefusal>(verdict(reply(status, {}))));
  }
  const auto waits = verdict(reply(503, {{"Retry-After", "7"}}));
  REQUIRE(is<TransientRefusal>(waits));
  CHECK(std::get<TransientRefusal>(waits).after == std::chrono::seconds(7));
}

TEST_CASE("a 416 may tell the size") {
  CHECK(std::get<RangeNotSatisfiable>(verdict(reply(416, {{"Content-Range", "bytes */7"}}))).total == 7);
  CHECK_FALSE(std::get<RangeNotSatisfiable>(verdict(reply(416, {}))).total);
  CHECK_FALSE(std::get<RangeNotSatisfiable>(verdict(reply(416, {{"Content-Range", "bytes 0-1/7"}}))).total);
}

TEST_CASE("what names no coding is none, and a coding has one name") {
  const auto coding = [](std::vector<std::string> values) {
    std::vector<Field> fields;
    for (auto& value : values) fields.push_back({"content-encoding", std::move(value)});
    return content_coding(reply(200, std::move(fields)));
  };
  for (const char* none :
       {"", "identity", "Identity", "none", "UTF-8", "utf8", "binary", "8bit", "aws-chunked", ",", " , identity",
        "text/html; charset=utf-8", "charset=utf-8", "ISO-8859-1", "aws-chunked,identity", "us-ascii"}) {
    CAPTURE(none);
    CHECK(coding({none}).empty());
    CHECK(coding({none, "gzip"}) == "gzip");
    CHECK(coding({"br", none}) == "br");
  }
  CHECK(coding({}).empty());
  CHECK(coding({"X-GZIP"}) == "gzip");
  CHECK(coding({"x-"}) == "x-");
  CHECK(coding({"aws-chunked,gzip"}) == "gzip");
  CHECK(coding({"gzip;q=1"}) == "gzip");
  CHECK(coding({"gzip,gzip"}) == "gzip, gzip");
  CHECK(coding({"gzip", " br\t"}) == "gzip, br");
  CHECK(coding({"g\xc3\x9f"}) == "g??");
  const std::string one(200, 'a');
  CHECK(coding({one}).size() <= kMaxCoding);
  CHECK(coding({one}) != coding({one + "b"}));
}

TEST_CASE("codings are undone from the last on, and the one that the name has too is not") {
  using Codings = std::vector<std::string>;
  CHECK(codings_to_undo("f.json", "").empty());
  CHECK(codings_to_undo("f.json", "gzip") == Codings{"gzip"});
  CHECK(codings_to_undo("f.json", "gzip, br, zstd") == Codings{"zstd", "br", "gzip"});
  CHECK(codings_to_undo("f.tar.gz", "gzip").empty());
  CHECK(codings_to_undo("f.tar.gz", "gzip, br") == Codings{"br"});
  CHECK(codings_to_undo("f.tar.gz", "br, gzip") == Codings{"gzip", "br"});
  CHECK(codings_to_undo("f.gz", "gzip, gzip") == Codings{"gzip"});
  CHECK(codings_to_undo("", "gzip") == Codings{"gzip"});
}

TEST_CASE("another coding is another representation, whatever validator it has") {
  const Resource gzip{500, kA, "gzip"};
  const Field range{"Content-Range", "bytes 100-499/500"};
  const Field etag{"ETag", "\"a\""};
  const Field coded{"Content-Encoding", "gzip"};
  CHECK(is<UsableBody>(verdict(reply(206, {range, etag, coded}, 400), kMiddle, &gzip)));
  CHECK(std::get<UsableBody>(verdict(reply(206, {range, etag, coded}, 400), kMiddle, &gzip)).resource.coding == "gzip");
  for (const auto& [known, field] : {std::pair(kKnown, coded),
                                     {gzip, Field{"Content-Encoding", "identity"}},
                                     {gzip, Field{"Content-Encoding", "br"}},
                                     {gzip, Field{"Content-Encoding", "gzip, gzip"}}}) {
    CHECK(is<Contradiction>(verdict(reply(206, {range, etag, field}, 400), kMiddle, &known)));
    CHECK(is<Contradiction>(verdict(reply(200, {etag, field}, 500), kMiddle, &known)));
    CHECK(is<Contradiction>(verdict(reply(200, {etag, field}, 500), kWhole, &known)));
    CHECK(is<Contradiction>(verdict(reply(206, {range, {"ETag", "\"b\""}, field}, 400), kMiddle, &known)));
    CHECK(is<ResourceChanged>(verdict(reply(200, {{"ETag", "\"b\""}, field}, 500), kWhole, &known)));
    CHECK(is<Contradiction>(verdict(reply(200, {{"ETag", "W/\"b\""}, field}, 500), kWhole, &known)));
  }
}

TEST_CASE("what may be made on its way is no part, is joined with none, and has no strong validator") {
  const Field range{"Content-Range", "bytes 0-99/500"};
  const Field coded{"Content-Encoding", "gzip"};
  const Asked first{RequestForm::conditional, Range{0, 100}, "data.json"};
  const Resource gzip{500, kA, "gzip"};
  const auto date = [](Validator v) { return v.kind == Validator::Kind::weak_etag || !v.strong(); };
  CHECK(is<UsableBody>(verdict(reply(206, {range, {"ETag", "\"a\""}, coded}, 100), first, nullptr)));
  CHECK(is<Contradiction>(verdict(reply(206, {range, {"ETag", "\"a\""}, coded}), first, nullptr)));
  CHECK(is<Contradiction>(verdict(reply(206, {range, {"ETag", "W/\"a\""}, coded}, 100), first, nullptr)));
  CHECK(is<Contradiction>(verdict(reply(206, {range, coded}, 100), first, nullptr)));
  CHECK(is<Contradiction>(verdict(reply(200, {{"ETag", "\"a\""}, coded}), first, &gzip)));
  for (const auto& head :
       {reply(200, {{"ETag", "\"a\""}, coded}), reply(200, {{"ETag", "W/\"a\""}, coded}, 500),
        reply(200,
              {{"Last-Modified", "Sat, 05 Nov 2022 08:49:37 GMT"}, {"Date", "Fri, 03 Mar 2023 10:00:00 GMT"}, coded},
              500)}) {
    const auto got = verdict(head, kWhole, nullptr);
    REQUIRE(is<UsableBody>(got));
    CHECK(date(std::get<UsableBody>(got).resource.validator));
    const auto& body = std::get<UsableBody>(got);
    const Resource same{std::nullopt, body.resource.validator, "gzip"};
    CHECK(is<UsableBody>(verdict(head, kWhole, &same)));  // begun again
  }
  CHECK(std::get<UsableBody>(verdict(reply(200, {{"ETag", "\"a\""}, coded}, 500), kWhole, nullptr))
            .resource.validator.strong());
}

TEST_CASE("a coding is the file's own if its name has it, and it has a length") {
  const auto weak = [](const std::string& name, const std::string& coding, std::optional<std::uint64_t> length) {
    return verdict(
        reply(206, {{"Content-Range", "bytes 0-99/500"}, {"ETag", "W/\"a\""}, {"Content-Encoding", coding}}, length),
        {RequestForm::conditional, Range{0, 100}, name}, nullptr);
  };
  for (const auto& [name, coding] : {std::pair("f.tar.gz", "gzip"),
                                     {"f.gz", "X-GZIP"},
                                     {"f.tgz", "x-gzip"},
                                     {"f.Z", "compress"},
                                     {"f.bz2", "x-bzip2"},
                                     {"f.zst", "zstd"}}) {
    CHECK(is<UsableBody>(weak(name, coding, 100)));
    CHECK(is<Contradiction>(weak(name, coding, std::nullopt)));
  }
  for (const auto& [name, coding] : {std::pair("f.tar", "gzip"),
                                     {"f.gz", "br"},
                                     {".gz", "gzip"},
                                     {"f.gz", "gzip, gzip"},
                                     {"f.xz", "gzip"},
                                     {"", "gzip"},
                                     {"f.gz", "x-"},
                                     {"f.gz", "x"}}) {
    CHECK(is<Contradiction>(weak(name, coding, 100)));
  }
}

TEST_CASE("a 304 is an answer to nothing but the ETag that was asked with") {
  Asked asked = kStart;
  CHECK(is<Contradiction>(verdict(reply(304, {}), asked, nullptr)));
  asked.unless = "\"a\"";
  CHECK(is<NotModified>(verdict(reply(304, {}), asked, nullptr)));
  CHECK(is<NotModified>(verdict(reply(304, {{"ETag", "\"a\""}}), asked, nullptr)));
  for (const char* other : {"\"b\"", "W/\"a\"", "a"}) {
    CAPTURE(other);
    CHECK(is<Contradiction>(verdict(reply(304, {{"ETag", other}}), asked, nullptr)));
  }
  CHECK(is<Contradiction>(verdict(reply(304, {{"ETag", "\"a\""}, {"ETag", "\"b\""}}), asked, nullptr)));
}
