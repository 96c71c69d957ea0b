// URLs of the http and https schemes: parsed, resolved, normalised, printed without secrets (RFC 3986, RFC 9110
// section 4.2).
#pragma once

#include <segdl/error.h>

#include <cstdint>
#include <string>
#include <string_view>

namespace segdl {

// Scheme + host + port: what secrets are bound to, and what a connection is kept for (RFC 6454 section 4).
struct Origin {
  bool secure = false;    // https
  std::string host = {};  // lower-case ASCII, without brackets and without a trailing dot; a name or an IP literal
  std::uint16_t port = 0;
  friend bool operator==(const Origin&, const Origin&) = default;
  std::string authority() const;  // host[:port], brackets for IPv6, the default port left out: the Host field
};

struct Url {
  Origin origin = {};
  std::string user = {};  // userinfo, percent-decoded; not part of any printed form
  std::string password = {};
  bool has_userinfo = false;
  std::string target = {};  // path and query as sent, never empty, begins with '/'; no fragment

  // Whether text() is the same.
  bool leads_to_same(const Url& other) const { return origin == other.origin && target == other.target; }

  // The whole URL without userinfo. May hold secrets in its query: for the wire, not for people.
  std::string text() const;

  // For disk, and to be compared: without userinfo, with the values of keys that carry secrets replaced by "***", in
  // the query and in parameters of the path (;jsessionid=): those that contain token, secret, signature, session, passw
  // or apikey, and sig, key, auth, X-Amz-*, X-Goog-*, ... (Expires is kept). Escapes in a key don't hide it.
  std::string redacted() const;

  // The same for people: with the labels of its host in Unicode that are safe to show (core/url/idn.h).
  std::string shown() const;
};

// Parses an absolute URL as a person types it: without a scheme (`example.org/f`, `example.org:8080/f`) it is https;
// spaces and non-ASCII bytes in path and query are percent-encoded, an upper-case scheme is fine, a fragment is
// dropped, dot segments are removed, existing %xx stay as they are, a host in Unicode becomes its A-labels. Errors:
// Cause::usage: unknown scheme, no host, a bad port, control characters, odd hosts (decimal or hexadecimal IPv4, scope
// ids, what is no valid international name).
Result<Url> parse_url(std::string_view text);

// Resolves a Location against the URL it came from (RFC 3986 section 5). Userinfo is not inherited. Errors as
// parse_url, with Cause::network.
Result<Url> resolve_url(const Url& base, std::string_view reference);

// The last component of the path, percent-decoded; may be empty. Not yet safe as a file name: see
// core/store/file_name.h.
std::string last_component(const Url&);

// Any text that contains URLs, made fit to be shown: a wrong URL a person typed, with userinfo and secrets taken out.
std::string redact(std::string_view text);

}  // namespace segdl
