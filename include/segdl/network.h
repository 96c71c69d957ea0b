// How servers are reached: which of their addresses, and through which proxy.
//
// Thread-safety: plain values.
#pragma once

#include <cstdint>
#include <string>

namespace segdl {

// Which addresses are connected to: those of a proxy too. A name is resolved by whoever connects to it: behind a proxy,
// by the proxy, but for socks5.
enum class AddressFamily : std::uint8_t { any, v4, v6 };

// Nothing is read from the environment: that is the caller's business.
//
// A proxy is named SCHEME://[USER:PASS@]HOST[:PORT], as text:
//
//   http      or no scheme: an HTTP proxy; its port is 1080 if none is named, as in curl
//   https     the same, with TLS on the way to it (443); its certificate is checked as any, and none is shown to it
//   socks5    SOCKS5 (RFC 1928), 1080; names are looked up here, and each address of a host is tried
//   socks5h   the same, and names are looked up by the proxy; so with socks, which desktops write
//
// Credentials, which reach no origin, answer what the proxy asks for: Digest (RFC 7616) or Basic (RFC 7617); an https
// proxy gets Basic without asking. With SOCKS they are a name and password of at most 255 bytes each (RFC 1929),
// readable on the way. An http request passes through an HTTP proxy as it is, with whatever secrets are meant for the
// origin. An https one goes through a tunnel (CONNECT, RFC 9110 section 9.3.6) with TLS to the origin inside: the proxy
// learns its host and port, and nothing more. Through SOCKS both go to the origin itself. A request whose proxy can't
// be used fails with Cause::usage.
struct NetworkOptions {
  AddressFamily addresses = AddressFamily::any;
  std::string http_proxy = {};   // for http URLs; empty: none
  std::string https_proxy = {};  // for https URLs; empty: none

  // What is asked for without a proxy, separated by commas or blanks: a domain with all that is in it (example.org,
  // .example.org or *.example.org), an address (10.0.0.1, ::1), a network (10.0.0.0/8, fd00::/8); each may end with a
  // port (example.org:8080, [::1]:8080). * is everything. Names are compared as they stand in the URL, not resolved.
  std::string no_proxy = {};
};

}  // namespace segdl
