// An OpenSSL BIO over a non-blocking socket that never raises SIGPIPE.
#pragma once

#include <openssl/bio.h>

namespace segdl::io {

// Null if out of memory. Does not own the socket.
::BIO* make_socket_bio(int socket);

}  // namespace segdl::io
