// URLs of the http and https schemes: parsed, resolved, normalised, printed without secrets (RFC 3986, RFC 9110
// section 4.2).
#pragma once

#include <segdl/error.h>

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

namespace segdl {

// Scheme + host + port: secrets are bound to it, and connections are reused for it (RFC 6454 section 4).
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
  bool names_port = false;  // else it is the default one
  std::string target = {};  // path and query as sent, never empty, begins with '/'; no fragment

  // Whether text() is the same.
  bool leads_to_same(const Url& other) const { return origin == other.origin && target == other.target; }

  // The whole URL without userinfo, for requests. Its query may hold secrets: not for display.
  std::string text() const;

  // For disk and for comparison: without userinfo, and with secret values replaced by "***", in the query and in
  // parameters of the path (;jsessionid=).
  // Secret are the values of keys that contain token, secret, signature, session, passw or apikey, and of sig, key,
  // auth, X-Amz-*, X-Goog-*, ... (Expires is kept). Escapes in a key are decoded first.
  std::string redacted() const;

  // redacted() for display: labels of the host that are safe to show are in Unicode (core/url/idn.h).
  std::string shown() const;
};

// Parses an absolute URL as users type it:
// - without a scheme (`example.org/f`, `example.org:8080/f`) it is https; an upper-case scheme is accepted;
// - spaces and non-ASCII bytes in path and query are percent-encoded; existing %xx stay as they are;
// - the fragment is dropped, and dot segments are removed;
// - a host in Unicode becomes its A-labels.
// Errors: Cause::usage: unknown scheme, no host, a bad port, control characters, odd hosts (decimal or hexadecimal
// IPv4, scope ids, invalid international names).
Result<Url> parse_url(std::string_view text);

// Resolves a Location against the URL it came from (RFC 3986 section 5). Userinfo is not inherited. Errors as
// parse_url, with Cause::network.
Result<Url> resolve_url(const Url& base, std::string_view reference);

// The last component of the path, percent-decoded; may be empty. Not yet safe as a file name: see
// core/store/file_name.h.
std::string last_component(const Url&);

// A port from 1 to 65535.
std::optional<std::uint16_t> parse_port(std::string_view text);

// HOST:PORT, with brackets around IPv6 and with the port even if it is the default: the target of CONNECT (RFC 9112
// section 3.2.3).
std::string host_and_port(const Origin&);

// Whether an escape is at the start of the text: a percent sign and two hexadecimal digits.
bool begins_escape(std::string_view text);
// With the bytes that escapes stand for; a stray percent sign stays.
std::string percent_decoded(std::string_view text);

// Any text that may contain URLs, such as a malformed URL that a user typed, without userinfo and secrets.
std::string redact(std::string_view text);

}  // namespace segdl
