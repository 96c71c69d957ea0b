// Authentication to a server or a proxy: which scheme is used, and when.
//
// The strongest supported scheme of a challenge is used: Digest by its hash, then Basic.
// Nothing that others on the path can read is sent before a challenge asks for it. With TLS the first request carries
// Basic, which programs expect that talk to servers without challenges; without TLS it carries nothing.
//
// A Login keeps what earlier requests learnt, so it has a Proof for each further request immediately. All connections
// share a nonce, and each use of it is counted.
// A refused proof is answered with the challenge of that refusal, which no other request uses until it has succeeded.
// So a nonce that is too old, limited to few requests, or bound to another connection costs one request.
// If that answer is refused too and the nonce is not called stale, name or password are wrong.
//
// Digest is that of RFC 7616, and without a qop of RFC 2069. The password is never sent, only a hash of it with the
// server's nonce, the method and the target.
// The supported quality of protection is `auth`; `auth-int` alone is refused. So are algorithms other than MD5, SHA-256
// and SHA-512-256, each with or without -sess.
#pragma once

#include "core/credentials/challenges.h"
#include "core/http/http_head.h"

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <variant>

namespace segdl {

// The status and the fields of a challenge and its answer, for servers and for proxies.
struct LoginFields {
  int status;
  std::string_view challenges;
  std::string_view answer;
  std::string_view info;  // may name the next nonce (RFC 7616 section 3.5)
};
inline constexpr LoginFields kServerLogin{401, "WWW-Authenticate", "Authorization", "Authentication-Info"};
inline constexpr LoginFields kProxyLogin{407, "Proxy-Authenticate", "Proxy-Authorization", "Proxy-Authentication-Info"};

enum class LoginHash : std::uint8_t { md5, sha256, sha512_256 };  // the stronger last

// The hash in lower-case hexadecimal; empty if this system does not offer it.
using HashText = std::string (*)(LoginHash, std::string_view);

// The functions of the system that a login needs.
struct LoginMeans {
  HashText hash;
  std::string (*client_nonce)();  // printable without quotes, unique and unpredictable
};

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
};

// The challenge, or what it requires that is not supported, worded to complete "it asks for". REQUIRES: its scheme is
// Digest.
std::variant<DigestChallenge, std::string> read_digest(const Challenge&);

// What a refusal asks for.
struct LoginOffer {
  std::optional<DigestChallenge> digest = std::nullopt;  // the strongest that is supported
  bool basic = false;
  std::string unknown = {};  // what is not supported, worded to complete "it asks for"; empty if something is
  std::string scheme = {};   // the first that is not supported
};
LoginOffer offer_of(const ResponseHead&, const LoginFields&, HashText);

// The credentials that one request carries.
struct Proof {
  enum class Scheme : std::uint8_t { none, basic, digest };
  Scheme scheme = Scheme::none;
  DigestChallenge challenge = {};
  std::string client_nonce = {};  // the same for all requests with one nonce
  std::uint32_t count = 0;        // number of this request among those with this nonce, from 1 on
  bool fresh = false;             // the challenge came with the refusal of this same request
};

struct NameAndPassword {
  std::string_view user;
  std::string_view password;
};

// The request that carries the proof; the target exactly as it is sent.
struct RequestLine {
  std::string_view method;
  std::string_view target;
};

// The value of the field; empty for none. REQUIRES: the challenge was read by read_digest(), and its hash is offered.
std::string login_field(const Proof&, const NameAndPassword&, const RequestLine&, HashText);

// A response to a request with a proof. `number` counts the responses to this request that may refuse it, from 1 on.
struct Refusal {
  const ResponseHead& head;
  const Proof& proof;
  unsigned number = 1;
};

// The proof to retry the same request with; nothing if the response is final.
std::optional<Proof> proof_after(const Refusal&, const LoginFields&, const LoginMeans&);

// Not thread-safe.
class Login {
 public:
  // `secure`: nothing on the path can read what is sent.
  explicit Login(bool secure) { next_.scheme = secure ? Proof::Scheme::basic : Proof::Scheme::none; }

  Proof next();

  // The final response to a request with this proof.
  void answered(const ResponseHead&, const LoginFields&, const Proof&);

  // Whether name and password were accepted.
  bool is_proven() const { return proven_; }

 private:
  Proof next_;  // without the count of the next use
  bool proven_ = false;
};

}  // namespace segdl
