#include "core/credentials/login.h"

#include "core/base/ascii.h"
#include "core/http/http_status.h"

#include <fmt/format.h>
#include <fmt/ranges.h>

#include <algorithm>
#include <utility>
#include <vector>

namespace segdl {
namespace {

// Limit of what is sent back of a challenge: more would make every request too large for its server.
constexpr std::size_t kMaxEchoed = 4096;
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

struct Algorithm {
  std::string_view name;
  LoginHash hash;
};
constexpr Algorithm kAlgorithms[] = {
    {"MD5", LoginHash::md5}, {"SHA-256", LoginHash::sha256}, {"SHA-512-256", LoginHash::sha512_256}};

bool is_true(const Challenge& challenge, std::string_view name) {
  const std::string* value = challenge.find(name);
  return value != nullptr && same_text(*value, "true");
}

bool lists(std::string_view list, std::string_view wanted) {
  while (!list.empty()) {
    if (same_text(trim(take_until(list, ',')), wanted)) return true;
  }
  return false;
}

// A reason that completes "it asks for".
std::string words_of(std::string_view what, std::string_view value) {
  constexpr std::size_t kMax = 40;
  std::string shown(value.substr(0, kMax));
  std::ranges::replace_if(shown, is_control, '?');
  return fmt::format("Digest with {} {}", what, shown);
}

std::string in_quotes(std::string_view text) {
  std::string result(1, '"');
  for (const char c : text) {
    if (c == '"' || c == '\\') result += '\\';
    result += c;
  }
  return result + '"';
}

// The encoding of RFC 8187, for what a quoted string can't hold.
std::string extended(std::string_view text) {
  std::string result = "UTF-8''";
  for (const char c : text) {
    const bool plain = is_alpha(c) || is_digit(c) || std::string_view("!#$&+-.^_`|~").find(c) != std::string_view::npos;
    result += plain ? std::string(1, c) : fmt::format("%{:02X}", static_cast<unsigned char>(c));
  }
  return result;
}

bool is_plain(std::string_view text) {
  return std::ranges::none_of(text, [](char c) { return is_control(c) || static_cast<unsigned char>(c) >= 0x80; });
}

std::string name_parameter(const DigestChallenge& challenge, std::string_view user, HashText hash) {
  if (challenge.hides_name) {
    return fmt::format("username=\"{}\", userhash=true",
                       hash(challenge.hash, fmt::format("{}:{}", user, challenge.realm)));
  }
  return is_plain(user) ? fmt::format("username={}", in_quotes(user)) : fmt::format("username*={}", extended(user));
}

// Whether the text may be sent back: not too long, and without characters that would end a field.
bool may_be_echoed(std::string_view text) {
  return text.size() <= kMaxEchoed && std::ranges::none_of(text, is_control);
}

std::string digest_field(const Proof& proof, const NameAndPassword& who, const RequestLine& line, HashText hash) {
  const DigestChallenge& challenge = proof.challenge;
  const auto hashed = [&](const std::string& text) { return hash(challenge.hash, text); };
  std::string secret = hashed(fmt::format("{}:{}:{}", who.user, challenge.realm, who.password));
  if (challenge.session) secret = hashed(fmt::format("{}:{}:{}", secret, challenge.nonce, proof.client_nonce));
  const std::string request = hashed(fmt::format("{}:{}", line.method, line.target));
  const std::string between =
      challenge.counted ? fmt::format("{:08x}:{}:auth:", proof.count, proof.client_nonce) : std::string();
  std::string field =
      fmt::format("Digest {}, realm={}, nonce={}, uri={}, response=\"{}\"", name_parameter(challenge, who.user, hash),
                  in_quotes(challenge.realm), in_quotes(challenge.nonce), in_quotes(line.target),
                  hashed(fmt::format("{}:{}:{}{}", secret, challenge.nonce, between, request)));
  if (!challenge.algorithm.empty()) field += ", algorithm=" + challenge.algorithm;
  if (challenge.opaque) field += fmt::format(", opaque={}", in_quotes(*challenge.opaque));
  if (challenge.counted) field += fmt::format(", qop=auth, nc={:08x}", proof.count);
  if (challenge.counted || challenge.session) field += fmt::format(", cnonce={}", in_quotes(proof.client_nonce));
  return field;
}

std::optional<std::string> next_nonce(const ResponseHead& head, std::string_view name) {
  const std::string* info = head.find(name);
  if (info == nullptr) return std::nullopt;
  const auto read = parse_challenges("Info " + *info);
  const std::string* nonce = read.empty() ? nullptr : read.front().find("nextnonce");
  return nonce != nullptr && may_be_echoed(*nonce) ? std::optional(*nonce) : std::nullopt;
}

}  // namespace

std::variant<DigestChallenge, std::string> read_digest(const Challenge& challenge) {
  DigestChallenge read;
  if (const std::string* algorithm = challenge.find("algorithm")) {
    std::string_view name = *algorithm;
    constexpr std::string_view kSession = "-sess";
    read.session = name.size() > kSession.size() && same_text(name.substr(name.size() - kSession.size()), kSession);
    if (read.session) name.remove_suffix(kSession.size());
    const auto* const known =
        std::ranges::find_if(kAlgorithms, [&](const auto& one) { return same_text(one.name, name); });
    if (known == std::end(kAlgorithms)) return words_of("the algorithm", *algorithm);
    read.hash = known->hash;
    read.algorithm = *algorithm;
  }
  if (const std::string* qop = challenge.find("qop"); qop != nullptr && !trim(*qop).empty()) {
    if (!lists(*qop, "auth")) return words_of("qop", *qop);
    read.counted = true;
  }
  if (const std::string* realm = challenge.find("realm")) read.realm = *realm;
  const std::string* nonce = challenge.find("nonce");
  if (nonce == nullptr) return std::string("Digest without a nonce");
  read.nonce = *nonce;
  if (const std::string* opaque = challenge.find("opaque")) read.opaque = *opaque;
  read.hides_name = is_true(challenge, "userhash");
  read.stale = is_true(challenge, "stale");
  const std::string echoed = read.realm + read.nonce + read.opaque.value_or("");
  if (!may_be_echoed(echoed)) return fmt::format("Digest with {} bytes that can't be sent back", echoed.size());
  return read;
}

LoginOffer offer_of(const ResponseHead& head, const LoginFields& fields, HashText hash) {
  LoginOffer offer;
  std::vector<std::string> unknown;
  for (const Challenge& challenge : challenges_of(head, fields.challenges)) {
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
  return digest_field(proof, who, line, hash);
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
  const bool has_no_challenge = !offer.basic && offer.unknown.empty();
  const bool wants_basic = offer.basic || (has_no_challenge && refused.scheme == Proof::Scheme::none);
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
