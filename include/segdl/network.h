// How servers are reached: which of their addresses, and through which proxy.
//
// Thread-safety: plain values.
#pragma once

#include <cstdint>
#include <string>

#pragma GCC visibility push(default)
namespace segdl {

// Which addresses are connected to, including those of a proxy. Behind a proxy names are resolved by the proxy, except
// with socks5.
enum class AddressFamily : std::uint8_t { any, v4, v6 };

// Nothing is read from the environment: the caller does that.
//
// A proxy is named SCHEME://[USER:PASS@]HOST[:PORT], as text:
//
//   http      or no scheme: an HTTP proxy; its port is 1080 if none is named, as in curl
//   https     the same, with TLS to the proxy (443); its certificate is verified, and it gets no client certificate
//   socks5    SOCKS5 (RFC 1928), 1080; names are resolved here, and each address of a host is tried
//   socks5h   the same, and names are resolved by the proxy; also written socks, as desktops do
//
// Credentials are sent to the proxy only, never to an origin.
// An HTTP proxy gets the scheme it asks for, Digest (RFC 7616) or Basic (RFC 7617). An https proxy gets Basic unasked.
// With SOCKS they are a name and password of at most 255 bytes each (RFC 1929), which are not encrypted.
// An http request passes through an HTTP proxy unchanged, with all secrets meant for the origin.
// An https request goes through a tunnel (CONNECT, RFC 9110 section 9.3.6) with TLS to the origin inside: the proxy
// learns its host and port only.
// Through SOCKS both kinds are sent to the origin itself.
// A request whose proxy can't be used fails with Cause::usage.
struct NetworkOptions {
  AddressFamily addresses = AddressFamily::any;
  std::string http_proxy = {};   // for http URLs; empty: none
  std::string https_proxy = {};  // for https URLs; empty: none

  // Hosts to connect to without a proxy, separated by commas or blanks.
  // A domain with its subdomains (example.org, .example.org or *.example.org), an address (10.0.0.1, ::1) or a network
  // (10.0.0.0/8, fd00::/8); each may end with a port (example.org:8080, [::1]:8080). * is every host.
  // Names are compared as written in the URL, not resolved.
  std::string no_proxy = {};
};

}  // namespace segdl
#pragma GCC visibility pop
