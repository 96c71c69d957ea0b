// An OpenSSL BIO over a non-blocking socket that never raises SIGPIPE.
#pragma once

#include <openssl/bio.h>
#include <openssl/ssl.h>

namespace segdl::io {

// A socket as OpenSSL sees it. One call of OpenSSL reads on for as long as what comes is its own business, like tickets
// for other sessions, which a peer may send for ever: after so many reads it is told that nothing more is there, and
// whoever called can see to its bounds.
struct TlsSocket {
  int descriptor;
  unsigned reads_left = 0;
  ::SSL* outer = nullptr;  // TLS on this socket that carries the bytes; null: none
  TlsSocket* outer_socket = nullptr;
};
inline constexpr unsigned kReadsAtOnce = 16;  // a record takes one or two, if it comes at all

// Null if out of memory. Owns nothing; the socket has to outlive it.
::BIO* make_socket_bio(TlsSocket&);

}  // namespace segdl::io
