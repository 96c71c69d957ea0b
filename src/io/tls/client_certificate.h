// The client certificate and its key.
#pragma once

#include <segdl/error.h>

#include <openssl/ssl.h>

#include <filesystem>

namespace segdl::io {

// Loads PEM files; the key is in the certificate's file if `key` is empty. Further certificates are the chain of the
// first.
// Every connection of the context shows it to a server that asks.
// Errors: Cause::usage, with the file and OpenSSL's message. A key with a passphrase is an error: there is no prompt.
Result<void> use_client_certificate(::SSL_CTX*, const std::filesystem::path& certificate,
                                    const std::filesystem::path& key);

}  // namespace segdl::io
