// An OpenSSL BIO over a non-blocking socket that never raises SIGPIPE.
#pragma once

#include <openssl/bio.h>
#include <openssl/ssl.h>

namespace segdl::io {

// A socket as OpenSSL uses it. One call of OpenSSL keeps reading as long as only messages of TLS arrive, like tickets
// for other sessions, which a peer may send for ever. After kReadsAtOnce reads the BIO reports that nothing more is
// there, so that the caller can check its deadline.
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
