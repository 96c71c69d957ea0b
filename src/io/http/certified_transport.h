// Two transports in one: with the client certificate and without.
//
// A server identifies the client of a connection that showed a certificate, and a resumed TLS session stands for what
// was shown when it began.
// So connections with and without are never mixed: each kind has a transport of its own, with its own TLS context,
// sessions and kept connections.
// The engine chooses between them for each request (HttpRequest::certified).
#pragma once

#include "seams/transport.h"

#include <memory>

namespace segdl::io {

std::unique_ptr<Transport> make_certified_transport(std::unique_ptr<Transport> plain,
                                                    std::unique_ptr<Transport> certified);

}  // namespace segdl::io
