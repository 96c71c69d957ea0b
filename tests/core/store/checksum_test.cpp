#include <segdl/checksum.h>

#include "core/base/xxh3.h"
#include "support/pattern.h"

#include <doctest/doctest.h>

#include <fmt/format.h>

#include <string>
#include <vector>

using namespace segdl;

namespace {

constexpr Algorithm kAll[] = {Algorithm::sha256, Algorithm::sha512,  Algorithm::sha1,
                              Algorithm::md5,    Algorithm::xxh3_64, Algorithm::xxh128};

std::string reason_of(std::string_view text) {
  const auto checksum = parse_checksum(text);
  REQUIRE_FALSE(checksum.ok());
  CHECK(checksum.error().cause == Cause::usage);
  return checksum.error().reason;
}

}  // namespace

TEST_CASE("a checksum is read as it is written, for every algorithm") {
  for (const Algorithm algorithm : kAll) {
    const std::string name(algorithm_name(algorithm));
    CAPTURE(name);
    Checksum checksum{algorithm, std::vector<std::byte>(digest_size(algorithm))};
    for (std::size_t i = 0; i < checksum.digest.size(); ++i) checksum.digest[i] = static_cast<std::byte>(0xf8 + i);
    const auto read = parse_checksum(fmt::format("{}={}", name, hex(checksum)));
    REQUIRE(read.ok());
    CHECK(*read == checksum);
  }
}

TEST_CASE("the common spellings of an algorithm are understood") {
  const std::string digits(64, 'a');
  for (const char* spelling :
       {"sha-256=", "SHA-256=", "sha256:", "Sha_256=", "SHA2-256=", "  sha256 =  ", "sha256: "}) {
    CAPTURE(spelling);
    const auto checksum = parse_checksum(spelling + digits);
    REQUIRE(checksum.ok());
    CHECK(checksum->algorithm == Algorithm::sha256);
  }
  CHECK(parse_checksum("SHA1=" + std::string(40, '0')).ok());
  CHECK(parse_checksum("xxh3=" + std::string(16, '0'))->algorithm == Algorithm::xxh3_64);
  CHECK(parse_checksum("XXH3_128=" + std::string(32, '0'))->algorithm == Algorithm::xxh128);
  CHECK(parse_checksum("md5=" + std::string(32, 'F')).ok());
}

TEST_CASE("what is wrong with a checksum is said") {
  CHECK(reason_of(std::string(64, 'a')).find("ALGORITHM=HEX") != std::string::npos);
  CHECK(reason_of("").find("ALGORITHM=HEX") != std::string::npos);
  CHECK(reason_of("crc32=00000000") == "'crc32' is none of sha-256, sha-512, sha-1, md5, xxh3-64, xxh128");
  CHECK(reason_of("=00").find("''") != std::string::npos);
  CHECK(reason_of("sha-256=" + std::string(63, 'a')) == "a digest of sha-256 has 64 hexadecimal digits, not 63");
  CHECK(reason_of("sha-256=").find("not 0") != std::string::npos);
  CHECK(reason_of("md5=" + std::string(31, 'a') + "g").find("hexadecimal") != std::string::npos);
  CHECK(reason_of("\x1b[31m" + std::string(1000, 'x') + "=1").find('\x1b') == std::string::npos);
}

TEST_CASE("XXH3 of 128 bits is the same however the bytes are cut") {
  const auto bytes = test::pattern_bytes(3, 10'000);
  StreamDigest whole;
  whole.update(bytes);
  for (const std::size_t piece : {1U, 7U, 256U, 1000U, 9999U}) {
    CAPTURE(piece);
    StreamDigest pieces;
    for (std::size_t at = 0; at < bytes.size(); at += piece) {
      pieces.update(std::span(bytes).subspan(at, std::min(piece, bytes.size() - at)));
    }
    CHECK(pieces.value128().high == whole.value128().high);
    CHECK(pieces.value128().low == whole.value128().low);
  }
  CHECK(StreamDigest().value128().high == 0x99aa06d3014798d8U);
  CHECK(StreamDigest().value128().low == 0x6001c324468d497fU);
}
