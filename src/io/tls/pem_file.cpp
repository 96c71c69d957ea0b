#include "io/tls/pem_file.h"

#include "io/fs/small_file.h"

#include <openssl/err.h>
#include <openssl/evp.h>
#include <openssl/pem.h>
#include <openssl/pemerr.h>
#include <openssl/x509.h>

#include <memory>
#include <utility>

namespace segdl::io {
namespace {

constexpr std::size_t kLargest = std::size_t{16} * 1024 * 1024;  // the system's trust store is a quarter of a MiB

struct Free {
  void operator()(::BIO* bio) const { ::BIO_free(bio); }
  void operator()(::X509* certificate) const { ::X509_free(certificate); }
  void operator()(::EVP_PKEY* key) const { ::EVP_PKEY_free(key); }
  void operator()(STACK_OF(X509_INFO) * found) const { sk_X509_INFO_pop_free(found, ::X509_INFO_free); }
};
template <class Thing>
using Owned = std::unique_ptr<Thing, Free>;

Owned<::BIO> bio_of(const std::string& text) {
  return Owned<::BIO>(::BIO_new_mem_buf(text.data(), static_cast<int>(text.size())));
}

// Whether the end of the file was reached, which OpenSSL calls an error.
bool was_the_last() {
  const unsigned long code = ::ERR_peek_last_error();
  if (ERR_GET_LIB(code) != ERR_LIB_PEM || ERR_GET_REASON(code) != PEM_R_NO_START_LINE) return false;
  ::ERR_clear_error();
  return true;
}

}  // namespace

Result<PemFile> PemFile::read(const std::filesystem::path& path) {
  auto text = read_small_file(path, kLargest, Secrecy::any);
  if (!text) return std::move(text).error();
  return PemFile(std::move(*text));
}

bool PemFile::use_chain(::SSL_CTX* context) const {
  ::ERR_clear_error();
  const auto bio = bio_of(text_);
  if (!bio) return false;
  const Owned<::X509> first(::PEM_read_bio_X509_AUX(bio.get(), nullptr, nullptr, nullptr));
  if (!first || ::SSL_CTX_use_certificate(context, first.get()) != 1) return false;
  while (Owned<::X509> next{::PEM_read_bio_X509(bio.get(), nullptr, nullptr, nullptr)}) {
    if (SSL_CTX_add0_chain_cert(context, next.get()) != 1) return false;
    static_cast<void>(next.release());  // the context's
  }
  return was_the_last();
}

bool PemFile::use_key(::SSL_CTX* context, ::pem_password_cb* ask, void* asked) const {
  ::ERR_clear_error();
  const auto bio = bio_of(text_);
  if (!bio) return false;
  const Owned<::EVP_PKEY> key(::PEM_read_bio_PrivateKey(bio.get(), nullptr, ask, asked));
  return key && ::SSL_CTX_use_PrivateKey(context, key.get()) == 1;
}

bool PemFile::trust(::SSL_CTX* context) const {
  ::ERR_clear_error();
  const auto bio = bio_of(text_);
  if (!bio) return false;
  const Owned<STACK_OF(X509_INFO)> found(::PEM_X509_INFO_read_bio(bio.get(), nullptr, nullptr, nullptr));
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

}  // namespace segdl::io
