#include "core/credentials/login.h"

#include "core/base/ascii.h"
#include "core/http/http_status.h"

#include <fmt/format.h>

#include <algorithm>
#include <utility>
#include <variant>
#include <vector>

namespace segdl {
namespace {

constexpr unsigned kMaxRefusals = 4;  // of one request: servers may call a nonce stale that is another connection's

// RFC 4648 section 4.
std::string base64(std::string_view bytes) {
  constexpr std::string_view kDigits = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
  std::string text;
  for (std::size_t at = 0; at < bytes.size(); at += 3) {
    const std::string_view three = bytes.substr(at, 3);
    std::uint32_t bits = 0;
    for (std::size_t i = 0; i < 3; ++i) {
      bits = bits << 8U | (i < three.size() ? static_cast<unsigned char>(three[i]) : 0U);
    }
    for (std::size_t i = 0; i < 4; ++i) text += i <= three.size() ? kDigits[bits >> (18 - 6 * i) & 63U] : '=';
  }
  return text;
}

std::optional<std::string> next_nonce(const ResponseHead& head, std::string_view name) {
  const std::string* info = head.find(name);
  if (info == nullptr) return std::nullopt;
  const auto read = parse_challenges("Info " + *info);
  const std::string* nonce = read.empty() ? nullptr : read.front().find("nextnonce");
  return nonce != nullptr && may_be_echoed(*nonce) ? std::optional(*nonce) : std::nullopt;
}

}  // namespace

LoginOffer offer_of(const ResponseHead& head, const LoginFields& fields, HashText hash) {
  LoginOffer offer;
  const auto challenges = challenges_of(head, fields.challenges);
  offer.silent = challenges.empty();
  std::vector<std::string> unknown;
  for (const Challenge& challenge : challenges) {
    std::string cannot = challenge.scheme.substr(0, 40);
    if (same_text(challenge.scheme, "Basic")) {
      offer.basic = true;
      continue;
    }
    if (same_text(challenge.scheme, "Digest")) {
      auto read = read_digest(challenge);
      const auto* digest = std::get_if<DigestChallenge>(&read);
      if (digest != nullptr && !hash(digest->hash, "").empty()) {
        if (!offer.digest || offer.digest->hash < digest->hash) offer.digest = *digest;
        continue;
      }
      cannot = digest != nullptr ? "Digest with the algorithm " + digest->algorithm : std::get<std::string>(read);
    }
    if (offer.scheme.empty()) offer.scheme = challenge.scheme.substr(0, 40);
    if (std::ranges::count(unknown, cannot) == 0) unknown.push_back(cannot);
  }
  if (!offer.basic && !offer.digest) offer.unknown = fmt::format("{}", fmt::join(unknown, " or "));
  return offer;
}

std::string login_field(const Proof& proof, const NameAndPassword& who, const RequestLine& line, HashText hash) {
  if (proof.scheme == Proof::Scheme::none) return "";
  if (proof.scheme == Proof::Scheme::basic)
    return fmt::format("Basic {}", base64(fmt::format("{}:{}", who.user, who.password)));
  return digest_field(proof.challenge, who, {line.method, line.target, proof.client_nonce, proof.count}, hash);
}

std::optional<Proof> proof_after(const Refusal& refusal, const LoginFields& fields, const LoginMeans& means) {
  const auto& [head, refused, number] = refusal;
  if (head.status != fields.status || number > kMaxRefusals) return std::nullopt;
  LoginOffer offer = offer_of(head, fields, means.hash);
  if (offer.digest) {
    const bool is_wrong = refused.scheme == Proof::Scheme::digest && refused.fresh && !offer.digest->stale;
    if (is_wrong) return std::nullopt;
    return Proof{Proof::Scheme::digest, *std::move(offer.digest), means.client_nonce(), 1, true};
  }
  const bool wants_basic = offer.basic || (offer.silent && refused.scheme == Proof::Scheme::none);
  if (!wants_basic || refused.scheme == Proof::Scheme::basic) return std::nullopt;
  return Proof{Proof::Scheme::basic};
}

Proof Login::next() {
  Proof proof = next_;
  if (proof.scheme == Proof::Scheme::digest) proof.count = ++next_.count;
  return proof;
}

void Login::answered(const ResponseHead& head, const LoginFields& fields, const Proof& proof) {
  if (proof.scheme == Proof::Scheme::none || head.status == fields.status || may_pass(head.status)) return;
  proven_ = proven_ || head.status < 400;
  auto nonce = proof.scheme == Proof::Scheme::digest ? next_nonce(head, fields.info) : std::nullopt;
  if (nonce || proof.fresh || proof.scheme != next_.scheme) next_ = proof;
  next_.fresh = false;
  if (!nonce) return;
  next_.challenge.nonce = *std::move(nonce);
  next_.count = 0;
}

}  // namespace segdl
