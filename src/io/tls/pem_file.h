// Certificates and keys in PEM files that a person names.
//
// OpenSSL's own functions open what they are named, and wait for as long as a pipe has no writer, or one that is
// silent: nothing could end that. So the file is read by read_small_file(), which has a deadline, and OpenSSL gets its
// text.
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

  // Its certificate, and those behind it as its chain. False: OpenSSL's queue of errors says why.
  bool use_chain(::SSL_CTX*) const;

  // Its key; `ask` is called for the passphrase of one that is encrypted, with `asked`.
  bool use_key(::SSL_CTX*, ::pem_password_cb* ask, void* asked) const;

  // Its certificates and lists of revoked ones are believed. False if there are none.
  bool trust(::SSL_CTX*) const;

 private:
  explicit PemFile(std::string text) : text_(std::move(text)) {}

  std::string text_;
};

}  // namespace segdl::io
