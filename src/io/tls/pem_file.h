// Certificates and keys in PEM files that the user names.
//
// OpenSSL's own functions open the file, and wait as long as a pipe has no writer, or a silent one: nothing could end
// that. So read_small_file(), which has a deadline, reads the file, and OpenSSL parses its text.
#pragma once

#include <segdl/error.h>

#include <openssl/ssl.h>

#include <filesystem>
#include <string>

namespace segdl::io {

// The text of such a file. Errors: as those of read_small_file().
Result<std::string> read_pem(const std::filesystem::path&);

// Trusts the certificates in the text and uses its revocation lists. False if there are none; the reason is in
// OpenSSL's error queue.
bool trust_pem(::SSL_CTX*, const std::string& text);

// Loads the client certificate and its key; the key is in the certificate's file if `key` is empty. Further
// certificates are the chain of the first.
// Every connection of the context shows it to a server that asks.
// Errors: Cause::usage, with the file and OpenSSL's message. A key with a passphrase is an error: there is no prompt.
Result<void> use_client_certificate(::SSL_CTX*, const std::filesystem::path& certificate,
                                    const std::filesystem::path& key);

}  // namespace segdl::io
