// Lists of checksums, as programs write them.
#include <segdl/checksum_list.h>

#include <doctest/doctest.h>

#include <string>

using namespace segdl;

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

Result<Checksum> find(const std::string& list, const std::string& name, const std::string& url = "") {
  return ChecksumList("SUMS", list).find(name, url);
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

TEST_CASE("the name of a list says which algorithm its digits are of") {
  for (const auto& one : {std::pair("MD5SUMS", "md5"),
                          {"d/MD5SUMS.txt", "md5"},
                          {"f-b2.tar.md5", "md5"},
                          {"f.iso.sha256sum", "sha256"},
                          {"XXH128SUMS", "xxh128"},
                          {"xxhsums.txt", "xxh"},
                          {"b2sums.txt", "b2"},
                          {"SHA256SUMS-b2.txt", "sha256"},
                          {"cksums", "cksum"},
                          {"md5/checksums.txt", ""},
                          {"SUMS", ""}}) {
    CAPTURE(one.first);
    CHECK(named_algorithm(one.first).word == one.second);
  }
  const auto algorithm = [](const std::string& line, const char* list) {
    const auto one = parse_checksum_line(line, named_algorithm(list));
    return one ? std::string(algorithm_name(one->checksum.algorithm)) : "none";
  };
  CHECK(algorithm(kMd5 + "  a", "MD5SUMS") == "md5");
  CHECK(algorithm(kXxh128 + "  a", "xxhsums") == "xxh128");
  CHECK(algorithm(kXxh128 + "  a", "checksums.txt") == "md5");
  CHECK(algorithm("XXH128 (a) = " + kXxh128, "checksums.txt") == "xxh128");
  CHECK(algorithm(kSha512 + "  a", "b2sums.txt") == "none");
  CHECK(algorithm("SHA512 (a) = " + kSha512, "b2sums.txt") == "sha-512");
  CHECK(algorithm(kSha512 + "  a", "checksums.txt") == "sha-512");
  CHECK(algorithm(kSha256 + "  a", "f.md5") == "sha-256");
}

TEST_CASE("a person may say of which algorithm a list is") {
  for (const std::string& list : {kXxh128 + "  a\n", kXxh128}) {
    CAPTURE(list);
    CHECK(ChecksumList("SUMS", list, *given_algorithm("XXH128")).find("a", "")->algorithm == Algorithm::xxh128);
    CHECK(ChecksumList("SUMS", list, *given_algorithm("md5")).find("a", "")->algorithm == Algorithm::md5);
    CHECK(ChecksumList("SUMS", list, *given_algorithm("sha-256")).empty());
  }
  CHECK_FALSE(given_algorithm("b2").has_value());
}

TEST_CASE("a name that segdl spells differently is found as the URL has it, too") {
  CHECK(hex(*find(kSha256 + "  a\xff.bin\n", "a%FF.bin", "http://h/a%FF.bin")) == kSha256);
  CHECK(hex(*find(kSha1 + "  a\xff.bin\n" + kSha256 + "  a%FF.bin", "a%FF.bin", "http://h/a%FF.bin")) == kSha256);
  CHECK(hex(*find("\\" + kSha256 + "  a\\nb.bin\n", "a%0Ab.bin", "http://h/a%0ab.bin?x")) == kSha256);
  CHECK_FALSE(find(kSha256 + "  a\xff.bin\n", "b.bin", "http://h/a%FF.bin").ok());
}

TEST_CASE("a list is asked by the file's name") {
  const std::string list = "\xef\xbb\xbf" + kSha256 + "  a\n# and\n" + kSha1 + "  ./b\r\n" + kSha512 + "  images/c";
  CHECK(hex(*find(list, "a")) == kSha256);
  CHECK(hex(*find(list, "b")) == kSha1);
  CHECK(hex(*find(list, "c")) == kSha512);
  CHECK(refusal(list, "d") == "look up the checksum of d: SUMS has no checksum for this name");
  CHECK(ChecksumList("SUMS", "hello\n").empty());
}

TEST_CASE("the same name twice must mean the same") {
  const std::string other = std::string(64, '0');
  CHECK(hex(*find(kSha256 + "  a\n" + kSha256 + " *a\n", "a")) == kSha256);
  CHECK(refusal(kSha256 + "  a\n" + other + "  a\n", "a") ==
        "look up the checksum of a: SUMS has two different checksums");
  CHECK(refusal(kSha256 + "  x/a\n" + other + "  y/a\n", "a").find("two different checksums") != std::string::npos);
  CHECK(hex(*find(kSha256 + "  a\n" + other + "  old/a\n", "a")) == kSha256);
  CHECK(hex(*find(other + "  old/a\n" + kSha256 + "  ./a\n", "a")) == kSha256);
  CHECK(find(kMd5 + "  a\n" + kSha512 + "  a\n" + kSha1 + "  a\n", "a")->algorithm == Algorithm::sha512);
  CHECK_FALSE(find(kMd5 + "  a\n" + kSha512 + "  a\n" + std::string(32, '0') + "  a\n", "a").ok());
}

TEST_CASE("of several files of one name the one is meant whose directories are those of the URL") {
  const std::string a = std::string(64, 'a'), b = std::string(64, 'b'), c = std::string(64, 'c');
  const std::string list = a + "  ./amd64/current/linux\n" + b + " *arm64/current/linux\n" + c + "  arm64/old/linux\n";
  CHECK(hex(*find(list, "linux", "https://h/pub/amd64/current/linux")) == a);
  CHECK(hex(*find(list, "linux", "h/arm64/current/linux?token=/amd64/current/linux")) == b);
  CHECK(hex(*find(list, "linux", "http://h:80/arm64/./old//linux")) == c);
  CHECK(hex(*find(list, "linux", "http://h/x/%61rm64/old/get?name")) == c);
  CHECK(hex(*find(list, "linux", "http://h/old/linux")) == c);
  for (const char* url :
       {"http://h/linux", "http://h/current/linux", "http://current/linux", "", "http://h/amd64/linux"}) {
    CAPTURE(url);
    CHECK(find(list, "linux", url).error().message() ==
          "look up the checksum of linux: SUMS has two different checksums");
  }
  const std::string plain = c + "  linux\n" + list;
  CHECK(hex(*find(plain, "linux", "http://h/linux")) == c);
  CHECK(hex(*find(plain, "linux", "http://h/x/linux")) == c);
  CHECK(hex(*find(plain, "linux", "http://h/amd64/current/linux")) == a);
  CHECK_FALSE(find(plain, "current/linux", "http://h/amd64/current/linux").ok());
}

TEST_CASE("a text with nothing but one digest is that of any file") {
  for (const std::string& text : {kSha256, kSha256 + "\n", "\xef\xbb\xbf" + kSha256 + "\r\n",
                                  "# sum\n\n  " + kSha256 + " \n", kSha256 + "  -\n", "SHA256 (-) = " + kSha256}) {
    CAPTURE(text);
    CHECK(ChecksumList("SUMS", text).is_one_digest());
    CHECK(hex(*find(text, "whatever")) == kSha256);
  }
  CHECK(ChecksumList("md5", kMd5, named_algorithm("md5")).find("x", "")->algorithm == Algorithm::md5);
  CHECK(find("XXH3_" + kXxh3, "x")->algorithm == Algorithm::xxh3_64);
  for (const std::string& text : {kSha256 + "\n" + kSha1, "words\n" + kSha256, kSha256 + " \n" + kSha256 + "\n", kXxh3,
                                  kSha256 + "  -\n" + kSha1 + "  -\n", kSha256 + "  -\nwords"}) {
    CAPTURE(text);
    CHECK(ChecksumList("SUMS", text).empty());
  }
  const ChecksumList both("SUMS", kSha1 + "\n" + kSha256 + "  a\n");
  CHECK_FALSE(both.is_one_digest());
  CHECK_FALSE(both.find("b", "").ok());
}

TEST_CASE("a list of many lines is asked by hashes of names") {
  std::string text;
  for (int i = 0; i < 200'000; ++i)
    text += kSha1.substr(6) + std::to_string(100'000 + i) + "  d/" + std::to_string(i) + "\n";
  const ChecksumList list("SUMS", text);
  for (const int i : {0, 7, 99'999})
    CHECK(hex(*list.find(std::to_string(i), "")) == kSha1.substr(6) + std::to_string(100'000 + i));
  CHECK_FALSE(list.find("200000", "").ok());
}
