// The challenges of a WWW-Authenticate or Proxy-Authenticate field (RFC 9110 section 11.6.1): what a server or a proxy
// asks for before it answers.
//
// Commas separate challenges and the parameters of one alike:
//
//   Negotiate, Digest realm="a, b", nonce=x==, qop="auth", Basic realm="c"    -> Negotiate; Digest with 3; Basic with 1
//
// Tolerated as servers send it: any blanks, a missing comma, an unquoted list or blank in a value, a repeated parameter
// (the first counts).
// Parsing stops at the first part that is malformed and keeps the challenges before it.
#pragma once

#include "core/http/http_head.h"

#include <cstddef>
#include <string>
#include <string_view>
#include <vector>

namespace segdl {

inline constexpr std::size_t kMaxChallenges = 32;  // of one field; also the limit of parameters of one challenge

struct Challenge {
  std::string scheme;                  // as sent
  std::vector<Field> parameters = {};  // in order; values without quotes and escapes. Without a token68

  // Null if it is not there (case ignored).
  const std::string* find(std::string_view name) const;
};

std::vector<Challenge> parse_challenges(std::string_view value);

// The challenges of all fields of this name.
std::vector<Challenge> challenges_of(const ResponseHead&, std::string_view name);

}  // namespace segdl
