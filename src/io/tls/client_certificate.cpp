#include "io/tls/client_certificate.h"

#include "core/base/errors.h"
#include "io/base/system_error.h"
#include "io/tls/pem_file.h"

#include <openssl/err.h>
#include <openssl/pemerr.h>

#include <cerrno>
#include <string>
#include <utility>

namespace segdl::io {
namespace {

Error unusable(const char* operation, const std::filesystem::path& path, std::string reason, Hints hints = {}) {
  return with_hints(make_error(Cause::usage, operation, path.string(), std::move(reason)), std::move(hints));
}

// The first of several errors: later ones only follow from it.
std::string openssl_reason() {
  const unsigned long code = ::ERR_peek_error();
  if (ERR_SYSTEM_ERROR(code)) return system_words(static_cast<int>(ERR_GET_REASON(code)));
  const bool nothing_found = ERR_GET_LIB(code) == ERR_LIB_PEM && ERR_GET_REASON(code) == PEM_R_NO_START_LINE;
  if (nothing_found || ERR_GET_REASON(code) == ERR_R_UNSUPPORTED) return "it contains none in PEM format";
  const char* words = ::ERR_reason_error_string(code);
  return words != nullptr ? words : "unknown failure";
}

// Called by OpenSSL for the passphrase of an encrypted key.
int no_passphrase(char*, int, int, void* asked) {
  *static_cast<bool*>(asked) = true;
  return -1;
}

}  // namespace

Result<void> use_client_certificate(::SSL_CTX* context, const std::filesystem::path& certificate,
                                    const std::filesystem::path& key) {
  const std::filesystem::path& key_file = key.empty() ? certificate : key;
  const auto chain = PemFile::read(certificate);
  if (!chain) return unusable("read the certificate", certificate, chain.error().reason);
  if (!chain->use_chain(context)) return unusable("read the certificate", certificate, openssl_reason());
  const auto keys = key.empty() ? chain : PemFile::read(key);  // a pipe can be read once
  if (!keys) return unusable("read the key", key_file, keys.error().reason);
  bool asked = false;
  const bool used = keys->use_key(context, no_passphrase, &asked);
  if (asked) {
    return unusable("read the key", key_file, "it needs a passphrase, which segdl does not ask for",
                    {Hint::use_unencrypted_key});
  }
  if (!used && ERR_GET_LIB(::ERR_peek_error()) == ERR_LIB_X509) {
    return unusable("read the key", key_file, "it is not that of the certificate " + certificate.string());
  }
  if (!used) {
    return unusable("read the key", key_file, openssl_reason(), key.empty() ? Hints{Hint::name_key_file} : Hints{});
  }
  ::SSL_CTX_set_post_handshake_auth(context, 1);  // servers may ask once they have seen the request
  return {};
}

}  // namespace segdl::io
