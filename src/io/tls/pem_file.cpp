#include "io/tls/pem_file.h"

#include "core/base/errors.h"
#include "io/base/owned.h"
#include "io/base/system_error.h"
#include "io/fs/small_file.h"

#include <openssl/err.h>
#include <openssl/evp.h>
#include <openssl/pem.h>
#include <openssl/pemerr.h>
#include <openssl/x509.h>

#include <utility>

namespace segdl::io {
namespace {

constexpr std::size_t kLargest = std::size_t{16} * 1024 * 1024;  // the system's trust store is a quarter of a MiB

using Certificate = Owned<::X509, ::X509_free>;

void free_all(STACK_OF(X509_INFO) * found) { sk_X509_INFO_pop_free(found, ::X509_INFO_free); }

// Null if out of memory. The text has to outlive it.
Owned<::BIO, ::BIO_free> bio_of(const std::string& text) {
  ::ERR_clear_error();
  return Owned<::BIO, ::BIO_free>(::BIO_new_mem_buf(text.data(), static_cast<int>(text.size())));
}

// Whether the end of the file was reached, which OpenSSL calls an error.
bool was_the_last() {
  const unsigned long code = ::ERR_peek_last_error();
  if (ERR_GET_LIB(code) != ERR_LIB_PEM || ERR_GET_REASON(code) != PEM_R_NO_START_LINE) return false;
  ::ERR_clear_error();
  return true;
}

// Uses the certificate, and those after it as the chain. False: the reason is in OpenSSL's error queue.
bool use_chain(::SSL_CTX* context, const std::string& text) {
  const auto bio = bio_of(text);
  if (!bio) return false;
  const Certificate first(::PEM_read_bio_X509_AUX(bio.get(), nullptr, nullptr, nullptr));
  if (!first || ::SSL_CTX_use_certificate(context, first.get()) != 1) return false;
  while (Certificate next{::PEM_read_bio_X509(bio.get(), nullptr, nullptr, nullptr)}) {
    if (SSL_CTX_add0_chain_cert(context, next.get()) != 1) return false;
    static_cast<void>(next.release());  // the context's
  }
  return was_the_last();
}

// Called by OpenSSL for the passphrase of an encrypted key.
int no_passphrase(char*, int, int, void* asked) {
  *static_cast<bool*>(asked) = true;
  return -1;
}

// The same for the key; sets `asked` if it is encrypted.
bool use_key(::SSL_CTX* context, const std::string& text, bool& asked) {
  const auto bio = bio_of(text);
  if (!bio) return false;
  const Owned<::EVP_PKEY, ::EVP_PKEY_free> key(::PEM_read_bio_PrivateKey(bio.get(), nullptr, no_passphrase, &asked));
  return key && ::SSL_CTX_use_PrivateKey(context, key.get()) == 1;
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

Error unusable_key(const std::filesystem::path& path, std::string reason, Hints hints = {}) {
  return with_hints(make_error(Cause::usage, "read the key", path.string(), std::move(reason)), std::move(hints));
}

}  // namespace

Result<std::string> read_pem(const std::filesystem::path& path) {
  return read_small_file(path, kLargest, Secrecy::any);
}

bool trust_pem(::SSL_CTX* context, const std::string& text) {
  const auto bio = bio_of(text);
  if (!bio) return false;
  const Owned<STACK_OF(X509_INFO), free_all> found(::PEM_X509_INFO_read_bio(bio.get(), nullptr, nullptr, nullptr));
  if (!found) return false;
  ::X509_STORE* store = ::SSL_CTX_get_cert_store(context);
  bool any = false;
  for (int i = 0; i < sk_X509_INFO_num(found.get()); ++i) {
    const ::X509_INFO* one = sk_X509_INFO_value(found.get(), i);
    if (one->x509 != nullptr && ::X509_STORE_add_cert(store, one->x509) != 1) return false;
    if (one->crl != nullptr && ::X509_STORE_add_crl(store, one->crl) != 1) return false;
    any = any || one->x509 != nullptr || one->crl != nullptr;
  }
  return any;
}

Result<void> use_client_certificate(::SSL_CTX* context, const std::filesystem::path& certificate,
                                    const std::filesystem::path& key) {
  if (certificate.empty()) {
    return with_hints(
        make_error(Cause::usage, "use the key", key.string(), "there is no certificate that it belongs to"),
        {Hint::name_certificate});
  }
  const auto chain = read_pem(certificate);
  if (!chain || !use_chain(context, *chain)) {
    std::string reason = chain ? openssl_reason() : chain.error().reason;
    return make_error(Cause::usage, "read the certificate", certificate.string(), std::move(reason));
  }
  const std::filesystem::path& key_file = key.empty() ? certificate : key;
  const auto keys = key.empty() ? chain : read_pem(key);  // a pipe can be read once
  if (!keys) return unusable_key(key_file, keys.error().reason);
  bool asked = false;
  const bool used = use_key(context, *keys, asked);
  if (asked) {
    return unusable_key(key_file, "it needs a passphrase, which segdl does not ask for", {Hint::use_unencrypted_key});
  }
  if (!used && ERR_GET_LIB(::ERR_peek_error()) == ERR_LIB_X509) {
    return unusable_key(key_file, "it is not that of the certificate " + certificate.string());
  }
  if (!used) return unusable_key(key_file, openssl_reason(), key.empty() ? Hints{Hint::name_key_file} : Hints{});
  ::SSL_CTX_set_post_handshake_auth(context, 1);  // servers may ask once they have seen the request
  return {};
}

}  // namespace segdl::io
