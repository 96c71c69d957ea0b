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
#pragma once

#include "core/credentials/digest_login.h"
#include "core/http/http_head.h"

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

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

// The functions of the system that a login needs.
struct LoginMeans {
  HashText hash;
  std::string (*client_nonce)();  // printable without quotes, unique and unpredictable
};

// What a refusal asks for.
struct LoginOffer {
  std::optional<DigestChallenge> digest = std::nullopt;  // the strongest that is supported
  bool basic = false;
  bool silent = false;       // there is no challenge at all
  std::string unknown = {};  // what is not supported, worded to complete "it asks for"; empty if something is
  std::string scheme = {};   // the first that is not supported
};
LoginOffer offer_of(const ResponseHead&, const LoginFields&, HashText);

// The credentials that one request carries.
struct Proof {
  enum class Scheme : std::uint8_t { none, basic, digest };
  Scheme scheme = Scheme::none;
  DigestChallenge challenge = {};
  std::string client_nonce = {};
  std::uint32_t count = 0;
  bool fresh = false;  // the challenge came with the refusal of this same request
};

// The request that carries the proof; the target exactly as it is sent.
struct RequestLine {
  std::string_view method;
  std::string_view target;
};

// The value of the field; empty for none.
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
