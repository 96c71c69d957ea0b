// What hostile and odd servers send, as far as one head or one chunked body decides it. Test cases are
// named by their rows: 1 to 37 are about ranges, 38 to 61 about framing.
#include "core/http/http_wire.h"

#include <doctest/doctest.h>

#include <string>

using namespace segdl;
using namespace segdl::test;

namespace {

const std::string kPart = "206 Partial Content";
const std::string kA = "ETag: \"a\"";
const Resource kKnown{500, {Validator::Kind::strong_etag, "\"a\""}};
const Resource kDated{500, {Validator::Kind::strong_date, std::nullopt, "Sat, 05 Nov 2022 08:49:37 GMT"}};
const Resource kWeak{500, {Validator::Kind::weak_etag, "W/\"a\""}};
const Resource kNameless{500, {}};

// The meaning of a response to a client that knows the resource (500 bytes, ETag "a") and asked for bytes 100-499.
std::string known(const std::string& wire, const Resource& what = kKnown) {
  const auto head = read_head(wire);
  return head ? words(judge(*head, {RequestForm::conditional, Range{100, 500}}, &what, {})) : "unreadable";
}
// The same for a client that asks for all of it in one request.
std::string known_whole(const std::string& wire, const Resource& what = kKnown) {
  const auto head = read_head(wire);
  return head ? words(judge(*head, {RequestForm::whole, std::nullopt}, &what, {})) : "unreadable";
}
// The same for a client that knows nothing and asked for bytes 0-99.
std::string fresh(const std::string& wire) {
  const auto head = read_head(wire);
  return head ? words(judge(*head, {RequestForm::conditional, Range{0, 100}}, nullptr, {})) : "unreadable";
}

// What the body of a chunked response decodes to, for every split into two and for single bytes.
std::string chunks(const std::string& wire) {
  const auto all = decode(wire, wire.size());
  CHECK(decode(wire, 1) == all);
  for (std::size_t at = 0; at <= wire.size(); ++at) CHECK(decode_split(wire, at) == all);
  if (!all) return "refused";
  return all->done ? all->body : "incomplete";
}

}  // namespace

TEST_CASE("row 1: a 200 to a range is read from byte 0") {
  CHECK(fresh(head_of("200 OK", "Content-Length: 500", kA)) == "whole 500");
  CHECK(known(head_of("200 OK", "Content-Length: 500", kA)) == "whole 500");
}

TEST_CASE("row 2: a shifted Content-Range is not joined") {
  CHECK(known(head_of(kPart, kA, "Content-Range: bytes 99-498/500")) == "contradiction");
  CHECK(known(head_of(kPart, kA, "Content-Range: bytes 101-499/500")) == "contradiction");
  CHECK(fresh(head_of(kPart, kA, "Content-Range: bytes 1-100/500")) == "contradiction");
}

TEST_CASE("row 3: a shorter 206 is kept") {
  CHECK(known(head_of(kPart, kA, "Content-Range: bytes 100-100/500")) == "part 100-101 of 500");
  CHECK(fresh(head_of(kPart, kA, "Content-Range: bytes 0-49/500")) == "part 0-50 of 500");
}

TEST_CASE("row 4: a 206 without a Content-Range is not joined") {
  CHECK(known(head_of(kPart, kA, "Content-Length: 400")) == "contradiction");
  CHECK(fresh(head_of(kPart, kA, "Content-Length: 100")) == "contradiction");
}

TEST_CASE("row 5: another total means changed, but under one strong validator it contradicts itself") {
  CHECK(known(head_of(kPart, kA, "Content-Range: bytes 100-499/501")) == "contradiction");
  CHECK(known(head_of(kPart, kA, "Content-Range: bytes 100-298/299")) == "contradiction");
  const std::string date = "Last-Modified: " + *kDated.validator.modified;
  CHECK(known(head_of(kPart, date, "Content-Range: bytes 100-499/501"), kDated) == "contradiction");
  CHECK(known(head_of(kPart, "Content-Range: bytes 100-499/501"), kNameless) == "changed");
}

TEST_CASE("row 6: an unknown total is fine where the size is known") {
  CHECK(known(head_of(kPart, kA, "Content-Range: bytes 100-499/*")) == "part 100-500 of 500");
  CHECK(known(head_of(kPart, "ETag: \"b\"", "Content-Range: bytes 100-499/*")) == "changed");
  CHECK(known(head_of(kPart, "Content-Range: bytes 100-499/*")) == "contradiction");
  CHECK(known(head_of(kPart, kA, "Content-Range: bytes 100-500/*")) == "contradiction");
  CHECK(fresh(head_of(kPart, kA, "Content-Range: bytes 0-99/*")) == "contradiction");
  const auto beyond = read_head(head_of(kPart, kA, "Content-Range: bytes 100-599/*"));
  CHECK(words(judge(*beyond, {RequestForm::range_only, Range{100, 600}}, &kKnown, {})) == "contradiction");
}

TEST_CASE("row 7: a unit that is not bytes is not joined") {
  CHECK(known(head_of(kPart, kA, "Content-Range: bytez 100-499/500")) == "contradiction");
  CHECK(known(head_of(kPart, kA, "Content-Range: 100-499/500")) == "contradiction");
}

TEST_CASE("row 8: numbers that are not plain are not joined, and none wraps round") {
  for (const char* range : {"499-100/500",
                            "100-499/499",
                            "-100-499/500",
                            "+100-499/500",
                            "100-+499/500",
                            "0x64-0x1f3/0x1f4",
                            "100 -499/500",
                            "100-499 /500",
                            "100-499/ 500",
                            "100-/500",
                            "-499/500",
                            "100-499/",
                            "100-499",
                            "100-499/-1",
                            "100-499/+500",
                            "100-18446744073709551615/*",
                            "18446744073709551716-18446744073710552115/500",
                            "100-499/18446744073709552116",
                            "100-9223372036854775808/*",
                            "100-499/9223372036854775808",
                            "100,499/500",
                            "1e2-499/500",
                            "100-499/500 ,",
                            "100-499/500, bytes 0-1/500"}) {
    CAPTURE(range);
    CHECK(known(head_of(kPart, kA, fmt::format("Content-Range: bytes {}", range))) == "contradiction");
  }
}

TEST_CASE("row 9: the whole file in a 206 is not what was asked") {
  CHECK(known(head_of(kPart, kA, "Content-Range: bytes 0-499/500", "Content-Length: 500")) == "contradiction");
  CHECK(fresh(head_of(kPart, kA, "Content-Range: bytes 0-499/500", "Content-Length: 500")) == "contradiction");
}

TEST_CASE("row 10: a chunked 206 with the right range is joined") {
  CHECK(known(head_of(kPart, kA, "Content-Range: bytes 100-499/500", "Transfer-Encoding: chunked")) ==
        "part 100-500 of 500");
}

TEST_CASE("row 11: a chunked 206 with a wrong range is not") {
  CHECK(known(head_of(kPart, kA, "Content-Range: bytes 0-399/500", "Transfer-Encoding: chunked")) == "contradiction");
}

TEST_CASE("row 12: a chunked 200 is read from byte 0, unless it may be a range beyond that") {
  CHECK(known(head_of("200 OK", kA, "Transfer-Encoding: chunked")) == "contradiction");
  CHECK(known_whole(head_of("200 OK", kA, "Transfer-Encoding: chunked")) == "whole 500");
  CHECK(fresh(head_of("200 OK", kA, "Transfer-Encoding: chunked")) == "whole *");
}

TEST_CASE("row 13: parts of a multipart body are not joined") {
  const std::string type = "Content-Type: multipart/byteranges; boundary=x";
  CHECK(known(head_of(kPart, kA, type, "Content-Length: 700")) == "contradiction");
  CHECK(known(head_of(kPart, kA, type, "Content-Range: bytes 100-499/500")) == "contradiction");
}

TEST_CASE("rows 14 and 15: a length that is not the range's is a contradiction") {
  for (const char* length : {"0", "399", "401", "500", "9223372036854775807"}) {
    CAPTURE(length);
    CHECK(known(head_of(kPart, kA, "Content-Range: bytes 100-499/500", fmt::format("Content-Length: {}", length))) ==
          "contradiction");
  }
}

TEST_CASE("row 16: a coded 206 is not joined with what is not coded") {
  for (const char* coding : {"gzip", "x-gzip", "br", "identity, gzip", "identity\r\nContent-Encoding: br"}) {
    CAPTURE(coding);
    CHECK(known(head_of(kPart, kA, "Content-Range: bytes 100-499/500", fmt::format("Content-Encoding: {}", coding))) ==
          "contradiction");
  }
}

TEST_CASE("rows 17 to 19: a 416 tells the size or does not") {
  CHECK(known(head_of("416 Range Not Satisfiable", "Content-Range: bytes */500")) == "beyond 500");
  CHECK(known(head_of("416 Range Not Satisfiable", "Content-Range: bytes */50")) == "beyond 50");
  CHECK(known(head_of("416 Range Not Satisfiable", "Content-Length: 0")) == "beyond *");
  CHECK(known(head_of("416 X", "Content-Range: bytes */-1")) == "beyond *");
  CHECK(known(head_of("416 X", "Content-Range: bytes */5", "Content-Range: bytes */6")) == "beyond *");
}

TEST_CASE("rows 20, 22 and 23: another strong validator means changed") {
  CHECK(known(head_of(kPart, "ETag: \"b\"", "Content-Range: bytes 100-499/500")) == "changed");
  CHECK(known(head_of("200 OK", "ETag: \"b\"", "Content-Length: 500")) == "changed");
  CHECK(known(head_of(kPart, "Last-Modified: Sun, 06 Nov 2022 08:49:37 GMT", "Date: Sun, 06 Nov 2022 08:51:37 GMT",
                      "Content-Range: bytes 100-499/500"),
              kDated) == "changed");
  CHECK(known(head_of(kPart, "ETag: \"A\"", "Content-Range: bytes 100-499/500")) == "changed");
}

TEST_CASE("row 21: without any validator a 200 to a range is read from byte 0, to be compared") {
  CHECK(known(head_of("200 OK", "Content-Length: 500"), kNameless) == "whole 500");
  CHECK(known(head_of("200 OK", "Content-Length: 499"), kNameless) == "changed");
  CHECK(known_whole(head_of("200 OK", "Content-Length: 500"), kNameless) == "whole 500");
  CHECK(known_whole(head_of("200 OK", "Content-Length: 499"), kNameless) == "changed");
}

TEST_CASE("row 26: a weak ETag is compared, but never instead of a strong one") {
  const std::string range = "Content-Range: bytes 100-499/500";
  CHECK(known(head_of(kPart, "ETag: W/\"a\"", range)) == "contradiction");
  CHECK(known(head_of(kPart, "ETag: W/\"a\"", range), kWeak) == "part 100-500 of 500");
  CHECK(known(head_of(kPart, "ETag: W/\"b\"", range), kWeak) == "changed");
  CHECK(known(head_of(kPart, range), kWeak) == "contradiction");
  CHECK(known(head_of(kPart, "ETag:", range), kWeak) == "changed");
  CHECK(known(head_of("200 OK", "Content-Length: 500"), kWeak) == "changed");
  CHECK(known_whole(head_of("200 OK", "Content-Length: 500"), kWeak) == "changed");
  CHECK(known_whole(head_of("200 OK", "ETag: W/\"a\"", "Content-Length: 500"), kWeak) == "whole 500");
}

TEST_CASE("row 28: an ETag that is malformed or given with two values is no evidence of a change") {
  const std::string range = "Content-Range: bytes 100-499/500";
  for (const char* etag :
       {"a", "\"a", "\"\"", "", "'a'", "w/\"b\"", "\"b\" \"c\"", "\"b\"\r\nETag: \"c\"", "\"a\"\r\nETag: \"b\""}) {
    CAPTURE(etag);
    CHECK(known(head_of(kPart, fmt::format("ETag: {}", etag), range)) == "contradiction");
    CHECK(known(head_of("200 OK", fmt::format("ETag: {}", etag), "Content-Length: 500")) == "contradiction");
  }
  CHECK(known(head_of(kPart, kA, kA, range)) == "part 100-500 of 500");
  CHECK(known(head_of(kPart, "ETag: \"b\"", "ETag: \"b\"", range)) == "changed");
  const Resource odd{500, {Validator::Kind::strong_etag, "\"%41\xff\\\""}};
  CHECK(known(head_of(kPart, "ETag: \"%41\xff\\\"", range), odd) == "part 100-500 of 500");
  CHECK(known(head_of(kPart, "ETag: \"A\xff\\\"", range), odd) == "changed");
  for (const char* date : {"yesterday", "", "Sat, 05 Nov 2022 08:49:37", "0"}) {
    CAPTURE(date);
    CHECK(known(head_of(kPart, fmt::format("Last-Modified: {}", date), range), kDated) == "contradiction");
  }
}

TEST_CASE("row 29: Accept-Ranges is a hint, the answer counts") {
  CHECK(fresh(head_of(kPart, kA, "Accept-Ranges: none", "Content-Range: bytes 0-99/500")) == "part 0-100 of 500");
  CHECK(fresh(head_of("200 OK", kA, "Accept-Ranges: bytes", "Content-Length: 500")) == "whole 500");
}

TEST_CASE("rows 33 to 36: small, clamped and huge") {
  CHECK(fresh(head_of(kPart, kA, "Content-Range: bytes 0-0/1", "Content-Length: 1")) == "part 0-1 of 1");
  CHECK(fresh(head_of(kPart, kA, "Content-Range: bytes 0-98/99")) == "part 0-99 of 99");
  CHECK(fresh(head_of("200 OK", "Content-Length: 0")) == "whole 0");
  CHECK(fresh(head_of("416 X", "Content-Range: bytes */0")) == "beyond 0");
  CHECK(fresh(head_of(kPart, kA, "Content-Range: bytes 0-99/9223372036854775807")) ==
        "part 0-100 of 9223372036854775807");
  CHECK(fresh(head_of("200 OK", "Content-Length: 9223372036854775807")) == "whole 9223372036854775807");
  CHECK(fresh(head_of("200 OK", "Content-Length: 9223372036854775808")) == "unreadable");
}

TEST_CASE("rows 38, 39 and 47: chunked counts beside a length, and other codings are refused") {
  CHECK(framing(head_of("200 OK", "Content-Length: 5", "Transfer-Encoding: chunked")) == "chunked");
  CHECK(framing(head_of("200 OK", "Content-Length: 5", "Transfer-Encoding: identity")) == "length 5");
  CHECK(framing(head_of("200 OK", "Transfer-Encoding: chunked, chunked")) == "chunked");
  CHECK(framing(head_of("200 OK", "Content-Length: 5", "Content-Length: 6")) == "refused");
  for (const char* coding :
       {"gzip, chunked", "chunked\r\nTransfer-Encoding: gzip", "chunked;q=1", "xchunked", "\"chunked\"", ""}) {
    CAPTURE(coding);
    CHECK(framing(head_of("200 OK", fmt::format("Transfer-Encoding: {}", coding))) == "refused");
  }
}

TEST_CASE("row 40: a Content-Length is one number") {
  for (const char* length : {"10, 10", "10,", ",10", "+10"})
    CHECK(framing(head_of("200 OK", fmt::format("Content-Length: {}", length))) == "length 10");
  for (const char* length : {"abc", "-1", "1e6", "", "0x10", "10, 11", "10 10", "10.0"}) {
    CAPTURE(length);
    CHECK(framing(head_of("200 OK", fmt::format("Content-Length: {}", length))) == "refused");
  }
}

TEST_CASE("rows 41 to 43: without a framing only the end of the connection ends a body") {
  CHECK(framing(head_of("200 OK")) == "until close");
  CHECK(framing("HTTP/1.0 200 OK\r\n\r\n") == "until close");
}

TEST_CASE("row 44: a chunked body that is cut is not complete, one with a bad end is refused") {
  CHECK(chunks("5\r\nhello\r\n0\r\n\r\n") == "hello");
  for (const char* cut : {"", "5", "5\r", "5\r\n", "5\r\nhell", "5\r\nhello", "5\r\nhello\r", "5\r\nhello\r\n",
                          "5\r\nhello\r\n0", "5\r\nhello\r\n0\r\n", "5\r\nhello\r\n0\r\n\r"}) {
    CAPTURE(cut);
    CHECK(chunks(cut) == "incomplete");
  }
  for (const char* bad : {"5\r\nhello0\r\n\r\n", "5\r\nhello\n0\r\n\r\n", "5\r\nhello\r\r\n", "0\r\n\n", "0\r\n\r\r"}) {
    CAPTURE(bad);
    CHECK(chunks(bad) == "refused");
  }
}

TEST_CASE("row 45: a chunk size is hexadecimal below 2^63, perhaps padded or odd") {
  for (const char* size : {"-2", "", " ", "g", "8000000000000000", "ffffffffffffffff", "10000000000000005", "5 5",
                           "0 5", "0x", "+", "6g", "+4"}) {
    CAPTURE(size);
    CHECK(chunks(fmt::format("{}\r\nhello\r\n0\r\n\r\n", size)) == "refused");
  }
  for (const char* size : {"00000000000000000005", " 5", "\t5 \t ", " 0005  ", "5 ;a=b", "0x5", "+5", "5h", "5 x"}) {
    CAPTURE(size);
    CHECK(chunks(fmt::format("{}\r\nhello\r\n 000000000000000000 \r\n\r\n", size)) == "hello");
  }
  CHECK(chunks(std::string(5000, '0') + "5\r\nhello\r\n0\r\n\r\n") == "refused");
  CHECK(chunks(std::string(5000, ' ') + "5\r\nhello\r\n0\r\n\r\n") == "refused");
}

TEST_CASE("row 46: trailers are read over") {
  CHECK(chunks("5\r\nhello\r\n0\r\nRepr-Digest: x\r\nContent-Length: 9\r\n\r\n") == "hello");
  CHECK(chunks("5\r\nhello\r\n0\r\nRepr-Digest: x\r\n") == "incomplete");
}

TEST_CASE("rows 48 and 54: interim responses, 204 and 304 have no body") {
  for (const char* status :
       {"100 Continue", "102 Processing", "103 Early Hints", "204 No Content", "304 Not Modified"}) {
    CAPTURE(status);
    CHECK(framing(head_of(status, "Content-Length: 5")) == "none");
    CHECK(framing(head_of(status, "Transfer-Encoding: chunked")) == "none");
    CHECK(framing(head_of(status)) == "none");
  }
  CHECK(known(head_of("204 No Content")) == "contradiction");
  CHECK(known(head_of("304 Not Modified", kA)) == "contradiction");
}

TEST_CASE("row 49: statuses that do not exist are refused, and a 101 that nobody asked for is no answer yet") {
  for (const char* status : {"000 X", "099 X", "600 X", "999 X", "20 X", "2000 X", "2x0 X"})
    CHECK(framing(head_of(status)) == "refused");
  CHECK(framing(head_of("101 Switching Protocols")) == "none");
}

TEST_CASE("row 50: a status line names a protocol, its reason optional") {
  CHECK(framing(head_of("200", "Content-Length: 1")) == "length 1");
  for (const std::string line : {"<html>", "200 OK", "", "HTTP/1.1200 OK", "HTTP/x 200 OK", "ICY"}) {
    CAPTURE(line);
    CHECK(framing(line + "\r\n\r\n") == "refused");
  }
  for (const char* line : {"HTTP/2 200 OK", "ICY 200 OK", "http/1.1 200 OK", "HTTP/1.1\t200 OK"})
    CHECK(framing(std::string(line) + "\r\n\r\n") == "until close");
  CHECK(framing(head_of("200 " + std::string(900'000, 'x'))) == "until close");
}

TEST_CASE("row 51: a line without an end takes little memory, and ends with its time") {
  std::string head = "HTTP/1.1 200 OK\r\nA: " + std::string(9'000'000, 'x');
  HeadEnd end;
  CHECK(*end.find(head) == 0);
  CHECK(*end.shorten(head) < 1000);
}

TEST_CASE("row 52: lines that could be read in two ways are refused") {
  for (const std::string wire :
       {"HTTP/1.1 200 OK\r\nA: b\r\nC: d\n\n", "HTTP/1.1 200 OK\r\nA: b\n\r\n", "HTTP/1.1 200\rA: b\r\n\r\n",
        "HTTP/1.1 200 OK\r\nContent-Length: 5\r\r\n\r\n", "HTTP/1.1 200 OK\r\nA: b\r\n\r\r\n\r\n",
        "HTTP/1.1 200 OK\r\nContent-Length: 5\r\n 0\r\n\r\n", "HTTP/1.1 200 OK\r\n Content-Length: 5\r\n\r\n",
        "HTTP/1.1 200 OK\r\nContent-Length : 5\r\n\r\n", "HTTP/1.1 200 OK\r\nContent-Length\t: 5\r\n\r\n"}) {
    CAPTURE(wire);
    CHECK(framing(wire) == "refused");
  }
  CHECK(framing("HTTP/1.1 200 OK\nContent-Length: 5\n\n") == "length 5");
  CHECK(framing("HTTP/1.1 200 OK\r\nContent-Length: 5\r\nA: b\r\n c\r\n\r\n") == "length 5");
  using namespace std::string_literals;
  for (const char* odd : {"A: b\r", "A: b\rContent-Length: 7", " A: b", "A : b", "no colon", ": b"}) {
    CHECK(framing(head_of("200 OK", odd, "Content-Length: 5")) == "length 5");
  }
  CHECK(framing("HTTP/1.1 200 O\0K\r\nA: b\0c\r\nContent-Length: 5\r\n\r\n"s) == "length 5");
  CHECK(framing("HTTP/1.1 200 OK\r\nContent-Length: 5\0\r\n\r\n"s) == "refused");
}

TEST_CASE("row 53: a forged response behind a body is no part of it") {
  const std::string forged = "HTTP/1.1 206 Partial Content\r\nContent-Range: bytes 100-499/500\r\n\r\n";
  const std::string wire = "5\r\nhello\r\n0\r\n\r\n";
  const auto decoded = decode(wire + forged, 7);
  REQUIRE(decoded);
  CHECK(decoded->done);
  CHECK(decoded->consumed == wire.size());
  CHECK(decoded->body == "hello");
}

TEST_CASE("rows 55 and 56: a login page is neither the resource nor a change of it") {
  CHECK(known(head_of("200 OK", "Content-Type: text/html", "Content-Length: 500")) == "contradiction");
  CHECK(known(head_of("200 OK", "Content-Type: text/html", "Content-Length: 50")) == "contradiction");
  CHECK(known_whole(head_of("200 OK", "Content-Type: text/html", "Content-Length: 500")) == "contradiction");
}

TEST_CASE("rows 57, 58 and 69: passing refusals") {
  for (const int status : {408, 421, 425, 429, 500, 502, 503, 504, 507, 511, 520, 524, 529, 599}) {
    CAPTURE(status);
    CHECK(known(head_of(fmt::format("{} X", status), "Content-Length: 9")) == "later");
  }
  CHECK(known(head_of("503 X", "Retry-After: 7")) == "later 7");
}

TEST_CASE("row 60: a coding nobody asked for is kept as it came, and joined with nothing else") {
  CHECK(fresh(head_of("200 OK", "Content-Encoding: gzip", "Content-Length: 500")) == "whole 500");
  CHECK(known_whole(head_of("200 OK", kA, "Content-Encoding: br", "Content-Length: 500")) == "contradiction");
  CHECK(fresh(head_of("200 OK", "Content-Encoding: Identity", "Content-Length: 500")) == "whole 500");
}

TEST_CASE("row 67: the Connection field is a list of tokens in any case") {
  const auto keeps = [](const char* value) {
    return read_head(head_of("200 OK", "Content-Length: 1", fmt::format("Connection: {}", value)))->keep_alive;
  };
  for (const char* value : {"close", "Close", "keep-alive, close", "x,CLOSE ,y", "x\r\nConnection: close"}) {
    CAPTURE(value);
    CHECK_FALSE(keeps(value));
  }
  CHECK(keeps("keep-alive"));
  CHECK(keeps("closed, not-close"));
}

TEST_CASE("rows 70, 83 and 99: final refusals, and statuses that are no answer") {
  for (const int status : {400, 401, 403, 404, 407, 410, 451, 499, 501, 505}) {
    CAPTURE(status);
    CHECK(known(head_of(fmt::format("{} X", status), "Retry-After: 1")) == (status == 403 ? "later 1" : "refused"));
  }
  CHECK(known(head_of("300 Multiple Choices", kA, "Content-Length: 0")) == "contradiction");
  for (const int status : {201, 203, 205, 226, 299, 305, 306}) {
    CAPTURE(status);
    CHECK(known(head_of(fmt::format("{} X", status), "Location: /x", kA, "Content-Length: 0")) == "contradiction");
  }
}
