#include "support/test_certificates.h"

#include <openssl/bio.h>
#include <openssl/err.h>
#include <openssl/evp.h>
#include <openssl/pem.h>
#include <openssl/rand.h>
#include <openssl/x509.h>
#include <openssl/x509v3.h>

#include <fstream>
#include <functional>
#include <stdexcept>

namespace segdl::test {
namespace {

using Key = std::shared_ptr<::EVP_PKEY>;
using Certificate = std::shared_ptr<::X509>;

void require(bool done) {
  if (done) return;
  const char* reason = ::ERR_reason_error_string(::ERR_get_error());
  throw std::runtime_error(std::string("OpenSSL: ") + (reason != nullptr ? reason : "unknown failure"));
}

Key make_key() {
  Key key(::EVP_EC_gen("P-256"), ::EVP_PKEY_free);
  require(key != nullptr);
  return key;
}

void set_serial(::X509* certificate) {
  unsigned char bytes[8];
  require(::RAND_bytes(bytes, sizeof bytes) == 1);
  const std::unique_ptr<::BIGNUM, decltype(&::BN_free)> number(::BN_bin2bn(bytes, sizeof bytes, nullptr), ::BN_free);
  require(number && ::BN_to_ASN1_INTEGER(number.get(), ::X509_get_serialNumber(certificate)) != nullptr);
}

void add_extension(::X509* certificate, ::X509* issuer, int kind, const std::string& value) {
  ::X509V3_CTX context;
  X509V3_set_ctx_nodb(&context);
  ::X509V3_set_ctx(&context, issuer, certificate, nullptr, nullptr, 0);
  const std::unique_ptr<::X509_EXTENSION, decltype(&::X509_EXTENSION_free)> extension(
      ::X509V3_EXT_conf_nid(nullptr, &context, kind, value.c_str()), ::X509_EXTENSION_free);
  require(extension && ::X509_add_ext(certificate, extension.get(), -1) == 1);
}

// Everything but issuer, extensions and signature.
Certificate draft(const CertificateWish& wish, const Key& key) {
  Certificate certificate(::X509_new(), ::X509_free);
  require(certificate && ::X509_set_version(certificate.get(), X509_VERSION_3) == 1);
  set_serial(certificate.get());
  require(::X509_time_adj_ex(X509_getm_notBefore(certificate.get()), wish.valid_from_days, 0, nullptr) != nullptr);
  require(::X509_time_adj_ex(X509_getm_notAfter(certificate.get()), wish.valid_to_days, 0, nullptr) != nullptr);
  require(::X509_set_pubkey(certificate.get(), key.get()) == 1);
  const auto* name = reinterpret_cast<const unsigned char*>(wish.common_name.c_str());
  require(::X509_NAME_add_entry_by_txt(::X509_get_subject_name(certificate.get()), "CN", MBSTRING_UTF8, name, -1, -1,
                                       0) == 1);
  return certificate;
}

void sign(::X509* certificate, ::X509* issuer, const Key& key) {
  require(::X509_set_issuer_name(certificate, ::X509_get_subject_name(issuer)) == 1);
  require(::X509_sign(certificate, key.get(), ::EVP_sha256()) > 0);
}

std::string text_of(const std::function<int(::BIO*)>& write) {
  const std::unique_ptr<::BIO, decltype(&::BIO_free_all)> text(::BIO_new(::BIO_s_mem()), ::BIO_free_all);
  require(text && write(text.get()) == 1);
  char* bytes = nullptr;
  const long size = BIO_get_mem_data(text.get(), &bytes);
  return {bytes, static_cast<std::size_t>(size)};
}

std::string pem_of(::X509& certificate) {
  return text_of([&](::BIO* text) { return ::PEM_write_bio_X509(text, &certificate); });
}

// Asks for a certificate of the authority; refuses clients without one if `demand`.
void ask_client(::SSL_CTX* context, ::X509* authority, bool demand) {
  require(::X509_STORE_add_cert(::SSL_CTX_get_cert_store(context), authority) == 1);
  ::SSL_CTX_set_verify(context, SSL_VERIFY_PEER | (demand ? SSL_VERIFY_FAIL_IF_NO_PEER_CERT : 0), nullptr);
  const unsigned char name[] = "segdl";  // without it no session with a client certificate is resumed
  require(::SSL_CTX_set_session_id_context(context, name, sizeof name) == 1);
}

}  // namespace

TestAuthority::TestAuthority() : key_(make_key()) {
  CertificateWish wish;
  wish.common_name = "segdl test authority";
  certificate_ = draft(wish, key_);
  add_extension(certificate_.get(), certificate_.get(), NID_basic_constraints, "critical,CA:TRUE");
  add_extension(certificate_.get(), certificate_.get(), NID_key_usage, "critical,keyCertSign");
  sign(certificate_.get(), certificate_.get(), key_);
}

std::string TestAuthority::pem() const { return pem_of(*certificate_); }

void TestAuthority::write_pem(const std::filesystem::path& path) const {
  std::ofstream file(path);
  if (!(file << pem()).flush()) throw std::runtime_error("cannot write " + path.string());
}

std::shared_ptr<::SSL_CTX> TestAuthority::server_context(const CertificateWish& wish) const {
  const Key key = make_key();
  const Certificate certificate = draft(wish, key);
  ::X509* issuer = wish.self_signed ? certificate.get() : certificate_.get();
  if (!wish.alternative_names.empty()) {
    add_extension(certificate.get(), issuer, NID_subject_alt_name, wish.alternative_names);
  }
  sign(certificate.get(), issuer, wish.self_signed ? key : key_);
  std::shared_ptr<::SSL_CTX> context(::SSL_CTX_new(::TLS_server_method()), ::SSL_CTX_free);
  require(context && ::SSL_CTX_use_certificate(context.get(), certificate.get()) == 1 &&
          ::SSL_CTX_use_PrivateKey(context.get(), key.get()) == 1);
  if (wish.asks_client || wish.demands_client) ask_client(context.get(), certificate_.get(), wish.demands_client);
  if (wish.newest_version != 0) {
    ::SSL_CTX_set_security_level(context.get(), 0);  // old versions are not even offered above this
    require(::SSL_CTX_set_min_proto_version(context.get(), TLS1_VERSION) == 1 &&
            ::SSL_CTX_set_max_proto_version(context.get(), wish.newest_version) == 1);
  }
  return context;
}

TestAuthority::Client TestAuthority::make_client(const std::string& common_name, const std::string& passphrase) const {
  CertificateWish wish;
  wish.common_name = common_name;
  const Key key = make_key();
  const Certificate certificate = draft(wish, key);
  sign(certificate.get(), certificate_.get(), key_);
  const ::EVP_CIPHER* cipher = passphrase.empty() ? nullptr : ::EVP_aes_256_cbc();
  const auto write_key = [&](::BIO* text) {
    return ::PEM_write_bio_PKCS8PrivateKey(text, key.get(), cipher, passphrase.empty() ? nullptr : passphrase.data(),
                                           static_cast<int>(passphrase.size()), nullptr, nullptr);
  };
  return {pem_of(*certificate), text_of(write_key)};
}

}  // namespace segdl::test
