// Digest access authentication: reads a challenge and answers it (RFC 7616, and without a qop RFC 2069).
//
// The password is never sent, only a hash of it with the server's nonce, the method and the target.
// The supported quality of protection is `auth`; `auth-int` alone is refused. So are algorithms other than MD5, SHA-256
// and SHA-512-256, each with or without -sess.
#pragma once

#include "core/credentials/challenges.h"

#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <variant>

namespace segdl {

enum class LoginHash : std::uint8_t { md5, sha256, sha512_256 };  // the stronger last

// The hash in lower-case hexadecimal; empty if this system does not offer it.
using HashText = std::string (*)(LoginHash, std::string_view);

// Limit of what is sent back of a challenge: more would make every request too large for its server.
inline constexpr std::size_t kMaxEchoed = 4096;

struct DigestChallenge {
  std::string realm = {};  // empty if it has none
  std::string nonce = {};
  std::optional<std::string> opaque = std::nullopt;
  std::string algorithm = {};  // as sent; empty means MD5
  LoginHash hash = LoginHash::md5;
  bool session = false;     // -sess
  bool counted = false;     // qop=auth; else by RFC 2069
  bool hides_name = false;  // userhash
  bool stale = false;       // the nonce is too old; the password may be right
  friend bool operator==(const DigestChallenge&, const DigestChallenge&) = default;
};

// The challenge, or what it requires that is not supported, worded to complete "it asks for". REQUIRES: its scheme is
// Digest.
std::variant<DigestChallenge, std::string> read_digest(const Challenge&);

// Whether the text may be sent back: not too long, and without characters that would end a field.
bool may_be_echoed(std::string_view);

struct NameAndPassword {
  std::string_view user;
  std::string_view password;
};

struct DigestUse {
  std::string_view method;
  std::string_view target;        // of the request, exactly as it is sent
  std::string_view client_nonce;  // the same for all requests with one nonce
  std::uint32_t count = 1;        // number of this request among those with this nonce, from 1 on
};

// The value of an Authorization or Proxy-Authorization field. REQUIRES: the challenge was read by read_digest(), and
// the hash is offered.
std::string digest_field(const DigestChallenge&, const NameAndPassword&, const DigestUse&, HashText);

}  // namespace segdl
