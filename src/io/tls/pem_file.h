// Certificates and keys in PEM files that the user names.
//
// OpenSSL's own functions open the file, and wait as long as a pipe has no writer, or a silent one: nothing could end
// that. So read_small_file(), which has a deadline, reads the file, and OpenSSL parses its text.
#pragma once

#include <segdl/error.h>

#include <openssl/bio.h>
#include <openssl/ssl.h>

#include <filesystem>
#include <string>
#include <utility>

namespace segdl::io {

class PemFile {
 public:
  // Errors: as those of read_small_file().
  static Result<PemFile> read(const std::filesystem::path&);

  // Uses its certificate, and those after it as the chain. False: the reason is in OpenSSL's error queue.
  bool use_chain(::SSL_CTX*) const;

  // Uses its key; `ask` is called with `asked` for the passphrase of an encrypted one.
  bool use_key(::SSL_CTX*, ::pem_password_cb* ask, void* asked) const;

  // Trusts its certificates and uses its revocation lists. False if there are none.
  bool trust(::SSL_CTX*) const;

 private:
  explicit PemFile(std::string text) : text_(std::move(text)) {}

  std::string text_;
};

}  // namespace segdl::io
