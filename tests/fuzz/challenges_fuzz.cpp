// What servers and proxies ask for before they answer, and what is sent back of it.
#include "core/base/ascii.h"
#include "core/credentials/login.h"
#include "fuzz/fuzz.h"

#include <algorithm>
#include <string>

using namespace segdl;

namespace {

std::string no_hash(LoginHash, std::string_view) { return "0123"; }
std::string no_nonce() { return "mine"; }

}  // namespace

void fuzz(std::string_view input) {
  ResponseHead head;
  head.status = 401;
  head.fields = {{"WWW-Authenticate", std::string(input)}, {"Authentication-Info", std::string(input)}};
  const auto challenges = challenges_of(head, kServerLogin.challenges);
  FUZZ_CHECK(challenges.size() <= kMaxChallenges);
  for (const Challenge& challenge : challenges) {
    FUZZ_CHECK(is_token(challenge.scheme) && challenge.parameters.size() <= kMaxChallenges);
    for (const Field& parameter : challenge.parameters) {
      FUZZ_CHECK(is_token(parameter.name) && parameter.value.size() < input.size());
      FUZZ_CHECK(challenge.find(parameter.name) == &parameter.value);
    }
  }
  const LoginOffer offer = offer_of(head, kServerLogin, no_hash);
  FUZZ_CHECK(offer.unknown.empty() || !(offer.basic || offer.digest));
  FUZZ_CHECK(std::none_of(offer.unknown.begin(), offer.unknown.end(), is_control));
  Login login(false);
  const auto proof = proof_after({head, login.next()}, kServerLogin, {no_hash, no_nonce});
  if (!proof) return;
  head.status = 200;
  login.answered(head, kServerLogin, *proof);
  for (const Proof& sent : {*proof, login.next()}) {
    const std::string field = login_field(sent, {input, "pass"}, {"GET", "/f"}, no_hash);
    FUZZ_CHECK(std::none_of(field.begin(), field.end(), is_control));
  }
  // What is sent back reads as what was sent.
  if (proof->scheme != Proof::Scheme::digest) return;
  const auto back = parse_challenges(login_field(*proof, {"me", "pass"}, {"GET", "/f"}, no_hash));
  FUZZ_CHECK(back.size() == 1 && *back[0].find("nonce") == proof->challenge.nonce);
  FUZZ_CHECK(*back[0].find("realm") == proof->challenge.realm);
}
