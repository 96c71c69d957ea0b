// Lists of checksums, as programs write them.
#include "cli/checksum_list.h"

#include <doctest/doctest.h>

#include <string>

using namespace segdl;
using namespace segdl::cli;

namespace {

const std::string kMd5 = "900150983cd24fb0d6963f7d28e17f72";
const std::string kSha1 = "a9993e364706816aba3e25717850c26c9cd0d89d";
const std::string kSha256 = "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad";
const std::string kSha512 =
    "ddaf35a193617abacc417349ae20413112e6fa4e89a97ea20a9eeee64b55d39a2192992a274fc1a836ba3c23a3feebbd454d4423643ce80e2a"
    "9ac94fa54ca49f";
const std::string kXxh3 = "78af5f94892f3950";
const std::string kXxh128 = "06b05ab6733a618578af5f94892f3950";

void reads(const std::string& line, Algorithm algorithm, const std::string& name) {
  CAPTURE(line);
  const auto listed = parse_checksum_line(line);
  REQUIRE(listed.has_value());
  CHECK(listed->name == name);
  CHECK(listed->checksum.algorithm == algorithm);
}

Result<Checksum> find(const std::string& list, const std::string& name) {
  return ChecksumList("SUMS", list).find(name);
}

std::string refusal(const std::string& list, const std::string& name) {
  const auto found = find(list, name);
  REQUIRE_FALSE(found.ok());
  CHECK(found.error().cause == Cause::usage);
  return found.error().message();
}

}  // namespace

TEST_CASE("lines of coreutils tell their algorithm by their length") {
  reads(kMd5 + "  a", Algorithm::md5, "a");
  reads(kSha1 + " *a", Algorithm::sha1, "a");
  reads(kSha256 + "  a b", Algorithm::sha256, "a b");
  reads(kSha512 + "  a", Algorithm::sha512, "a");
  reads(kSha256 + " a", Algorithm::sha256, "a");  // openssl dgst -r of old, md5 -r
  reads("  " + kSha256 + "  *a", Algorithm::sha256, "*a");
  reads(kSha256 + "  a\r", Algorithm::sha256, "a");
  reads("XXH3_" + kXxh3 + "  a", Algorithm::xxh3_64, "a");
}

TEST_CASE("tagged lines name their algorithm") {
  reads("SHA256 (a) = " + kSha256, Algorithm::sha256, "a");
  reads("SHA2-512(a)= " + kSha512, Algorithm::sha512, "a");
  reads("MD5 (a (1).iso) = " + kMd5, Algorithm::md5, "a (1).iso");
  reads("XXH3 (a) = " + kXxh3, Algorithm::xxh3_64, "a");
  reads("XXH128 (a) = " + kXxh128, Algorithm::xxh128, "a");
  reads("SHA1 (x) = y) = " + kSha1, Algorithm::sha1, "x) = y");
}

TEST_CASE("a backslash before a line says that its name is escaped") {
  reads("\\" + kSha256 + "  two\\nlines\\\\", Algorithm::sha256, "two\nlines\\");
  reads("\\SHA256 (a\\rb) = " + kSha256, Algorithm::sha256, "a\rb");
  reads(kSha256 + "  a\\nb", Algorithm::sha256, "a\\nb");
  CHECK_FALSE(parse_checksum_line("\\" + kSha256 + "  a\\tb").has_value());
  CHECK_FALSE(parse_checksum_line("\\" + kSha256 + "  a\\").has_value());
}

TEST_CASE("what is not a checksum is skipped") {
  for (const std::string& line :
       {std::string(), std::string("# comment"), std::string("-----BEGIN PGP SIGNATURE-----"), kSha256, kSha256 + "  ",
        kSha256 + " ", kXxh3 + "  a", "g" + kSha256.substr(1) + "  a", "SHA384 (a) = " + kSha256,
        "SHA256 (a) " + kSha256, "SHA256 (a = " + kSha256, "SHA256 () = " + kSha256, ") = (" + kSha256,
        std::string("\\"), std::string(1, '\0')}) {
    CAPTURE(line);
    CHECK_FALSE(parse_checksum_line(line).has_value());
  }
}

TEST_CASE("a list is asked by the file's name") {
  const std::string list = "\xef\xbb\xbf" + kSha256 + "  a\n# and\n" + kSha1 + "  ./b\r\n" + kMd5 + "  images/c";
  CHECK(hex(*find(list, "a")) == kSha256);
  CHECK(hex(*find(list, "b")) == kSha1);
  CHECK(hex(*find(list, "c")) == kMd5);
  CHECK(refusal(list, "d") == "look up the checksum of d: SUMS has none for that name");
  CHECK(ChecksumList("SUMS", "hello\n").empty());
}

TEST_CASE("the same name twice must mean the same") {
  const std::string other = std::string(64, '0');
  CHECK(hex(*find(kSha256 + "  a\n" + kSha256 + " *a\n", "a")) == kSha256);
  CHECK(refusal(kSha256 + "  a\n" + other + "  a\n", "a") == "look up the checksum of a: SUMS has two that differ");
  CHECK(refusal(kSha256 + "  x/a\n" + other + "  y/a\n", "a").find("two that differ") != std::string::npos);
  CHECK(hex(*find(kSha256 + "  a\n" + other + "  old/a\n", "a")) == kSha256);
  CHECK(hex(*find(other + "  old/a\n" + kSha256 + "  ./a\n", "a")) == kSha256);
  CHECK(find(kMd5 + "  a\n" + kSha512 + "  a\n" + kSha1 + "  a\n", "a")->algorithm == Algorithm::sha512);
  CHECK_FALSE(find(kMd5 + "  a\n" + kSha512 + "  a\n" + std::string(32, '0') + "  a\n", "a").ok());
}
