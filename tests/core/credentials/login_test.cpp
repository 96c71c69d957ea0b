// Challenges, and what answers them. The hash here is no hash but shows what is hashed; with a real one the examples of
// RFC 7616 are in tests/io/login_hash_test.
#include "core/credentials/login.h"

#include <doctest/doctest.h>

#include <fmt/format.h>

#include <string>
#include <variant>
#include <vector>

using namespace segdl;
using Scheme = Proof::Scheme;

namespace {

// `md5[user:realm:password]`.
std::string shown(LoginHash hash, std::string_view text) {
  constexpr const char* kNames[] = {"md5", "sha256", "sha512"};
  return fmt::format("{}[{}]", kNames[static_cast<std::size_t>(hash)], text);
}
std::string no_md5(LoginHash hash, std::string_view text) { return hash == LoginHash::md5 ? "" : shown(hash, text); }
std::string client_nonce() { return "mine"; }

constexpr LoginMeans kMeans{shown, client_nonce};

// "Digest realm=a nonce=b; Basic realm=c"
std::string read(std::string_view value) {
  std::string text;
  for (const Challenge& challenge : parse_challenges(value)) {
    text += (text.empty() ? "" : "; ") + challenge.scheme;
    for (const Field& field : challenge.parameters) text += fmt::format(" {}={}", field.name, field.value);
  }
  return text;
}

ResponseHead head_of(int status, std::initializer_list<const char*> challenges) {
  ResponseHead head;
  head.status = status;
  for (const char* challenge : challenges) head.fields.push_back({"www-authenticate", challenge});
  return head;
}

// The proof after an answer that may be a refusal.
std::optional<Proof> after(const ResponseHead& head, const Proof& refused = {}, unsigned number = 1) {
  return proof_after({head, refused, number}, kServerLogin, kMeans);
}

std::string field_of(const char* challenge, const NameAndPassword& who = {"me", "pass"}) {
  const auto proof = after(head_of(401, {challenge}));
  return proof ? login_field(*proof, who, {"GET", "/f?x"}, shown) : "none";
}

std::string unknown(std::initializer_list<const char*> challenges) {
  return offer_of(head_of(401, challenges), kServerLogin, shown).unknown;
}

}  // namespace

TEST_CASE("a field may hold several challenges, and servers write them in many ways") {
  CHECK(read("Digest realm=\"a, b\", nonce=\"x==\", qop=\"auth,auth-int\"") ==
        "Digest realm=a, b nonce=x== qop=auth,auth-int");
  CHECK(read("Negotiate, NTLM,Digest realm=\"a\", nonce=b , Basic realm=\"c\"") ==
        "Negotiate; NTLM; Digest realm=a nonce=b; Basic realm=c");
  CHECK(read(" ,, digest  realm = \"a\"\t,\tnonce\t=\"b\",,stale=TRUE,") == "digest realm=a nonce=b stale=TRUE");
  CHECK(read("Digest realm=\"q\\\"u\\\\o\", nonce=\"b\"") == "Digest realm=q\"u\\o nonce=b");
  CHECK(read("Negotiate YII+/x==, Digest nonce=b") == "Negotiate; Digest nonce=b");
  CHECK(read("Digest realm=\"a\" nonce=\"b\" Basic realm=\"c\"") == "Digest realm=a nonce=b; Basic realm=c");
  CHECK(read("Digest realm=My Files, nonce=abc==") == "Digest realm=My Files nonce=abc==");
  CHECK(read("Digest qop=auth,auth-int, nonce=b") == "Digest qop=auth nonce=b; auth-int");
  CHECK(read("Digest realm=a, realm=b, REALM=c") == "Digest realm=a");
  CHECK(read("Digest realm=\"\", nonce=") == "Digest realm= nonce=");
  CHECK(read("Basic realm=\"a\", Digest nonce=\"never ends") == "Basic realm=a; Digest");
  CHECK(read("realm=a, nonce=b").empty());
  CHECK(read("\"a\", ;;, =, Basic realm=x") == "Basic realm=x");
  CHECK(read("").empty());
  CHECK(parse_challenges(std::string(60'000, ',') + "Basic realm=x").size() == 1);
  std::string many;
  for (int i = 0; i < 10'000; ++i) many += "a b=c, ";
  CHECK(parse_challenges(many).size() == kMaxChallenges);
}

TEST_CASE("a Digest challenge is answered with what it says, and nothing it does not") {
  CHECK(
      field_of("Digest realm=\"r\", nonce=\"n\", opaque=\"o\", qop=\"auth-int, auth\", algorithm=SHA-256") ==
      "Digest username=\"me\", realm=\"r\", nonce=\"n\", uri=\"/f?x\", "
      "response=\"sha256[sha256[me:r:pass]:n:00000001:mine:auth:sha256[GET:/f?x]]\", algorithm=SHA-256, opaque=\"o\", "
      "qop=auth, nc=00000001, cnonce=\"mine\"");
  CHECK(field_of("Digest realm=\"r\", nonce=\"n\"") ==  // RFC 2069
        "Digest username=\"me\", realm=\"r\", nonce=\"n\", uri=\"/f?x\", "
        "response=\"md5[md5[me:r:pass]:n:md5[GET:/f?x]]\"");
  CHECK(field_of("Digest realm=r, nonce=n, qop=auth, algorithm=md5-SESS") ==
        "Digest username=\"me\", realm=\"r\", nonce=\"n\", uri=\"/f?x\", "
        "response=\"md5[md5[md5[me:r:pass]:n:mine]:n:00000001:mine:auth:md5[GET:/f?x]]\", algorithm=md5-SESS, "
        "qop=auth, nc=00000001, cnonce=\"mine\"");
  CHECK(
      field_of("Digest nonce=n, qop=\"\"") ==  // without a realm
      "Digest username=\"me\", realm=\"\", nonce=\"n\", uri=\"/f?x\", response=\"md5[md5[me::pass]:n:md5[GET:/f?x]]\"");
  CHECK(field_of("Digest realm=r, nonce=n, algorithm=SHA-512-256, userhash=true")
            .starts_with("Digest username=\"sha512[me:r]\", userhash=true, realm"));
}

TEST_CASE("quotes and other bytes of names end no field") {
  CHECK(field_of("Digest realm=\"a\\\"b\", nonce=\"n\\\\\"", {"m\"e", "p"})
            .starts_with("Digest username=\"m\\\"e\", realm=\"a\\\"b\", nonce=\"n\\\\\", uri=\"/f?x\", "
                         "response=\"md5[md5[m\"e:a\"b:p]:n\\:"));
  CHECK(field_of("Digest nonce=n", {"J\xc3\xa4s\xc3\xb8n", "p"})
            .starts_with("Digest username*=UTF-8''J%C3%A4s%C3%B8n, "));
  CHECK(field_of("Digest nonce=n", {"a\r\nb: c", "p"}).starts_with("Digest username*=UTF-8''a%0D%0Ab%3A%20c, "));
  CHECK(unknown({"Digest nonce=\"a\rb\""}) == "Digest with 3 bytes that can't be sent back");
}

TEST_CASE("the strongest of what is offered and known is taken") {
  const auto scheme = [](std::initializer_list<const char*> challenges, HashText hash = shown) -> std::string {
    const LoginOffer offer = offer_of(head_of(401, challenges), kServerLogin, hash);
    return offer.digest ? offer.digest->algorithm : offer.basic ? "basic" : "none";
  };
  constexpr const char* kMd5 = "Digest nonce=n, algorithm=MD5";
  constexpr const char* kSha = "Digest nonce=n, algorithm=SHA-256";
  CHECK(scheme({"Basic realm=x", kMd5, kSha}) == "SHA-256");
  CHECK(scheme({"Digest nonce=n, algorithm=SHA-256, Digest nonce=n, algorithm=MD5, Basic realm=x"}) == "SHA-256");
  CHECK(scheme({kSha, "Digest nonce=n, algorithm=SHA-512-256-sess"}) == "SHA-512-256-sess");
  CHECK(scheme({kMd5, "NTLM", "Basic realm=x"}) == "MD5");
  CHECK(scheme({kMd5, "Basic realm=x"}, no_md5) == "basic");
  CHECK(scheme({"Digest nonce=n, algorithm=SHA3", "Basic realm=x"}) == "basic");
  CHECK(scheme({"NTLM"}) == "none");
}

TEST_CASE("what can't be answered is named") {
  CHECK(unknown({"NTLM", "Negotiate", "NTLM"}) == "NTLM or Negotiate");
  CHECK(unknown({"Bearer realm=\"x\", scope=\"y\""}) == "Bearer");
  CHECK(unknown({"Digest realm=x, nonce=y, qop=\"auth-int\""}) == "Digest with qop auth-int");
  CHECK(unknown({"Digest realm=x, nonce=y, algorithm=SHA3-256"}) == "Digest with the algorithm SHA3-256");
  CHECK(unknown({"Digest realm=x"}) == "Digest without a nonce");
  CHECK(unknown({"NTLM", "Basic realm=x"}).empty());
  CHECK(unknown({}).empty());
  const std::string large = "Digest realm=x, nonce=y, opaque=\"" + std::string(60'000, 'x') + "\"";
  CHECK(unknown({large.c_str()}) == "Digest with 60002 bytes that can't be sent back");
  const std::string padded = "Digest realm=x, other=\"" + std::string(60'000, 'x') + "\", nonce=y";
  CHECK(unknown({padded.c_str()}).empty());
}

TEST_CASE("without TLS nothing is sent before a challenge names it, with TLS Basic is") {
  CHECK(Login(false).next().scheme == Scheme::none);
  CHECK(Login(true).next().scheme == Scheme::basic);
  const Proof basic{Scheme::basic};
  CHECK(after(head_of(401, {"Digest nonce=n"}), basic)->scheme == Scheme::digest);
  CHECK(after(head_of(401, {"Basic realm=x"}))->scheme == Scheme::basic);
  CHECK(after(head_of(401, {}))->scheme == Scheme::basic);
  CHECK_FALSE(after(head_of(401, {"Bearer"})));
  CHECK_FALSE(after(head_of(407, {"Basic realm=x"})));
  CHECK_FALSE(after(head_of(200, {"Digest nonce=n"})));
}

TEST_CASE("a wrong password ends at once, and a nonce that is always stale soon") {
  CHECK_FALSE(after(head_of(401, {"Basic realm=x"}), Proof{Scheme::basic}));
  Proof proof = *after(head_of(401, {"Digest nonce=n"}));
  CHECK_FALSE(after(head_of(401, {"Digest nonce=o"}), proof, 2));
  unsigned refusals = 1;
  for (auto next = std::optional(proof); next && refusals < 100; ++refusals) {
    next = after(head_of(401, {"Digest nonce=n, stale=true"}), *next, refusals);
  }
  CHECK(refusals == 6);
}

TEST_CASE("one nonce serves many requests, each with a count of its own") {
  Login login(false);
  Proof first = *after(head_of(401, {"Digest nonce=n, qop=auth"}), login.next());
  CHECK(first.count == 1);
  CHECK(login.next().scheme == Scheme::none);  // not shared before it has proved good
  login.answered(head_of(206, {}), kServerLogin, first);
  CHECK(login.is_proven());
  const Proof second = login.next();
  CHECK(second.count == 2);
  CHECK(second.client_nonce == first.client_nonce);
  CHECK_FALSE(second.fresh);
  login.answered(head_of(206, {}), kServerLogin, second);
  CHECK(login.next().count == 3);
  // A shared one that is refused is renewed, whether or not it is called stale.
  const auto renewed = after(head_of(401, {"Digest nonce=o, qop=auth"}), second);
  REQUIRE(renewed);
  login.answered(head_of(206, {}), kServerLogin, *renewed);
  CHECK(login.next().challenge.nonce == "o");
  CHECK(login.next().count == 3);
}

TEST_CASE("refusals and what may pass prove nothing") {
  Login login(false);
  const Proof proof = *after(head_of(401, {"Digest nonce=n"}));
  for (const int status : {401, 503, 429}) login.answered(head_of(status, {}), kServerLogin, proof);
  CHECK(login.next().scheme == Scheme::none);
  login.answered(head_of(404, {}), kServerLogin, proof);
  CHECK_FALSE(login.is_proven());
  CHECK(login.next().scheme == Scheme::digest);
}

TEST_CASE("the next nonce that a server names is used next") {
  Login login(false);
  const Proof proof = *after(head_of(401, {"Digest nonce=n, qop=auth"}));
  ResponseHead head = head_of(200, {});
  head.fields.push_back({"Authentication-Info", "rspauth=\"x\", nextnonce=\"o\", qop=auth"});
  login.answered(head, kServerLogin, proof);
  const Proof next = login.next();
  CHECK(next.challenge.nonce == "o");
  CHECK(next.count == 1);
  CHECK_FALSE(next.fresh);
}
