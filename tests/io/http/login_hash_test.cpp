// The examples of RFC 7616 section 3.9, with this machine's hashes.
#include "seams/digest.h"

#include <doctest/doctest.h>

#include <string>
#include <variant>

using namespace segdl;

namespace {

// What is sent for the one challenge of the field.
std::string answer_to(const std::string& challenge, const NameAndPassword& who, const RequestLine& line,
                      const std::string& client_nonce) {
  const auto read = read_digest(parse_challenges(challenge).at(0));
  REQUIRE(std::holds_alternative<DigestChallenge>(read));
  const Proof proof{Proof::Scheme::digest, std::get<DigestChallenge>(read), client_nonce, 1};
  return login_field(proof, who, line, login_means().hash);
}

bool has(const std::string& field, const std::string& parameter) { return field.find(parameter) != std::string::npos; }

}  // namespace

TEST_CASE("the examples of RFC 7616 for SHA-256 and MD5") {
  const NameAndPassword mufasa{"Mufasa", "Circle of Life"};
  const std::string rest =
      " realm=\"http-auth@example.org\", qop=\"auth, auth-int\", "
      "nonce=\"7ypf/xlj9XXwfDPEoM4URrv/xwf94BcCAzFZH4GiTo0v\", "
      "opaque=\"FQhe/qaU925kfnzjCev0ciny7QMkPqMAFRtzCUYo5tdS\"";
  const std::string nonce = "f2/wE4q74E6zIJEtWaHKaf5wv/H5QzzpXusqGemxURZJ";
  const auto answer = [&](const std::string& algorithm) {
    return answer_to("Digest algorithm=" + algorithm + "," + rest, mufasa, {"GET", "/dir/index.html"}, nonce);
  };
  const std::string sha = answer("SHA-256");
  CHECK(has(sha, "response=\"753927fa0e85d155564e2e272a28d1802ca10daf4496794697cf8db5856cb6c1\""));
  CHECK(has(sha, "algorithm=SHA-256, opaque=\"FQhe/qaU925kfnzjCev0ciny7QMkPqMAFRtzCUYo5tdS\", qop=auth, nc=00000001"));
  CHECK(has(answer("MD5"), "response=\"8ca523f5e9506fed4657c9700eebdbec\""));
}

// As erratum 4897 has it: the printed one is of another hash.
TEST_CASE("the example of RFC 7616 for SHA-512-256 and a hashed name") {
  const std::string field = answer_to(
      "Digest realm=\"api@example.org\", qop=\"auth\", algorithm=SHA-512-256, "
      "nonce=\"5TsQWLVdgBdmrQ0XsxbDODV+57QdFR34I9HAbC/RVvkK\", "
      "opaque=\"HRPCssKJSGjCrkzDg8OhwpzCiGPChXYjwrI2QmXDnsOS\", "
      "charset=UTF-8, userhash=true",
      {"J\xc3\xa4s\xc3\xb8n Doe", "Secret, or not?"}, {"GET", "/doe.json"},
      "NTg6RKcb9boFIAS3KrFK9BGeh+iDa/sm6jUMp2wds69v");
  CHECK(has(field, "username=\"793263caabb707a56211940d90411ea4a575adeccb7e360aeb624ed06ece9b0b\", userhash=true"));
  CHECK(has(field, "response=\"3798d4131c277846293534c3edc11bd8a5e4cdcbff78b05db9d95eeb1cec68a5\""));
}

TEST_CASE("no two client nonces are the same") {
  CHECK(login_means().client_nonce() != login_means().client_nonce());
  CHECK(login_means().client_nonce().size() == 32);
}
