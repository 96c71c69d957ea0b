// How servers are reached: which of their addresses, and through which proxy.
//
// Thread-safety: plain values.
#pragma once

#include <cstdint>
#include <string>

namespace segdl {

// Which addresses are connected to: those of a proxy too. A name is resolved by whoever connects to it: behind a proxy,
// by the proxy.
enum class AddressFamily : std::uint8_t { any, v4, v6 };

// Nothing is read from the environment: that is the caller's business.
//
// A proxy is named http://[USER:PASS@]HOST[:PORT], as text with or without http://; its port is 1080 if none is named,
// as in curl. HTTP proxies are spoken to, without TLS on the way to them, and with Basic credentials (RFC 7617), which
// reach no origin. An http request passes through the proxy as it is, with whatever secrets are meant for the origin.
// An https one goes through a tunnel (CONNECT, RFC 9110 section 9.3.6) with TLS to the origin inside: the proxy learns
// its host and port, and nothing more. A request whose proxy can't be used fails with Cause::usage.
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
