#include "core/credentials/digest_login.h"

#include "core/base/ascii.h"

#include <fmt/format.h>

#include <algorithm>
#include <iterator>
#include <utility>

namespace segdl {
namespace {

constexpr std::string_view kAlgorithms[] = {"MD5", "SHA-256", "SHA-512-256"};  // by LoginHash

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

}  // namespace

bool may_be_echoed(std::string_view text) {
  return text.size() <= kMaxEchoed && std::ranges::none_of(text, is_control);
}

std::variant<DigestChallenge, std::string> read_digest(const Challenge& challenge) {
  DigestChallenge read;
  if (const std::string* algorithm = challenge.find("algorithm")) {
    std::string_view name = *algorithm;
    constexpr std::string_view kSession = "-sess";
    read.session = name.size() > kSession.size() && same_text(name.substr(name.size() - kSession.size()), kSession);
    if (read.session) name.remove_suffix(kSession.size());
    const auto* const known = std::ranges::find_if(kAlgorithms, [&](auto one) { return same_text(one, name); });
    if (known == std::end(kAlgorithms)) return words_of("the algorithm", *algorithm);
    read.hash = static_cast<LoginHash>(known - kAlgorithms);
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

std::string digest_field(const DigestChallenge& challenge, const NameAndPassword& who, const DigestUse& use,
                         HashText hash) {
  const auto hashed = [&](const std::string& text) { return hash(challenge.hash, text); };
  std::string secret = hashed(fmt::format("{}:{}:{}", who.user, challenge.realm, who.password));
  if (challenge.session) secret = hashed(fmt::format("{}:{}:{}", secret, challenge.nonce, use.client_nonce));
  const std::string request = hashed(fmt::format("{}:{}", use.method, use.target));
  const std::string between =
      challenge.counted ? fmt::format("{:08x}:{}:auth:", use.count, use.client_nonce) : std::string();
  std::string field =
      fmt::format("Digest {}, realm={}, nonce={}, uri={}, response=\"{}\"", name_parameter(challenge, who.user, hash),
                  in_quotes(challenge.realm), in_quotes(challenge.nonce), in_quotes(use.target),
                  hashed(fmt::format("{}:{}:{}{}", secret, challenge.nonce, between, request)));
  if (!challenge.algorithm.empty()) field += ", algorithm=" + challenge.algorithm;
  if (challenge.opaque) field += fmt::format(", opaque={}", in_quotes(*challenge.opaque));
  if (challenge.counted) field += fmt::format(", qop=auth, nc={:08x}", use.count);
  if (challenge.counted || challenge.session) field += fmt::format(", cnonce={}", in_quotes(use.client_nonce));
  return field;
}

}  // namespace segdl
