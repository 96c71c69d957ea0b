// How a server, or a proxy, is told who asks: by which scheme, and when.
//
// Of what a challenge names the strongest that can be done is taken: Digest by its hash, then Basic. Nothing that
// others on the way can read is sent before a challenge names it: with TLS the first request carries Basic, as programs
// expect that speak to servers which never ask; without TLS it carries nothing.
//
// A Login is what is known after some requests, and gives each further one its Proof at once: a nonce is shared by all
// connections, each use of it counted. A refused proof is answered with the challenge that came with the refusal, which
// nobody else uses before it has proved good. So a nonce that is too old, worth few requests, or bound to another
// connection costs one request; and a refusal of that answer that does not call the nonce stale is one of name and
// password.
#pragma once

#include "core/credentials/digest_login.h"
#include "core/http/http_head.h"

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

namespace segdl {

// The fields and the status by which servers and proxies ask.
struct LoginFields {
  int status;
  std::string_view challenges;
  std::string_view answer;
  std::string_view info;  // may name the next nonce (RFC 7616 section 3.5)
};
inline constexpr LoginFields kServerLogin{401, "WWW-Authenticate", "Authorization", "Authentication-Info"};
inline constexpr LoginFields kProxyLogin{407, "Proxy-Authenticate", "Proxy-Authorization", "Proxy-Authentication-Info"};

// What of the outside world a login takes.
struct LoginMeans {
  HashText hash;
  std::string (*client_nonce)();  // printable without quotes, never the same twice, and nobody's to foresee
};

// What a refusal asks for.
struct LoginOffer {
  std::optional<DigestChallenge> digest = std::nullopt;  // the strongest that can be answered
  bool basic = false;
  bool silent = false;       // it has no challenge at all
  std::string unknown = {};  // what can't be done, as it completes "it asks for"; empty if something can
  std::string scheme = {};   // the first that can't be answered
};
LoginOffer offer_of(const ResponseHead&, const LoginFields&, HashText);

// What one request tells.
struct Proof {
  enum class Scheme : std::uint8_t { none, basic, digest };
  Scheme scheme = Scheme::none;
  DigestChallenge challenge = {};
  std::string client_nonce = {};
  std::uint32_t count = 0;
  bool fresh = false;  // the challenge came with the refusal of this very request
};

// Of the request that proves; the target exactly as it is sent.
struct RequestLine {
  std::string_view method;
  std::string_view target;
};

// The value of the field; empty for none.
std::string login_field(const Proof&, const NameAndPassword&, const RequestLine&, HashText);

// An answer to a request with a proof, the `number`th that may be a refusal of it.
struct Refusal {
  const ResponseHead& head;
  const Proof& proof;
  unsigned number = 1;
};

// The proof for the same request after that answer; nothing: the answer stands.
std::optional<Proof> proof_after(const Refusal&, const LoginFields&, const LoginMeans&);

// Not thread-safe.
class Login {
 public:
  // `secure`: nobody on the way reads what is sent.
  explicit Login(bool secure) { next_.scheme = secure ? Proof::Scheme::basic : Proof::Scheme::none; }

  Proof next();

  // What came of a request with this proof, in the end.
  void answered(const ResponseHead&, const LoginFields&, const Proof&);

  // Whether name and password were taken for right.
  bool is_proven() const { return proven_; }

 private:
  Proof next_;  // without the count of the next use
  bool proven_ = false;
};

}  // namespace segdl
