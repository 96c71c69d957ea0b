// The certificate that says who asks, and its key.
#pragma once

#include <segdl/error.h>

#include <openssl/ssl.h>

#include <filesystem>

namespace segdl::io {

// From PEM files; the key is looked for in the certificate's file if `key` is empty. Certificates behind the first are
// its chain. Every connection of the context shows it to a server that asks. Errors: Cause::usage, with the file and
// OpenSSL's words. A key that needs a passphrase is one: nobody is asked for it.
Result<void> use_client_certificate(::SSL_CTX*, const std::filesystem::path& certificate,
                                    const std::filesystem::path& key);

}  // namespace segdl::io
