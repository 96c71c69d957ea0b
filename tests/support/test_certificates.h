// Certificates made in memory, good and bad, and servers' TLS contexts that show them.
#pragma once

#include <openssl/ssl.h>

#include <filesystem>
#include <memory>
#include <string>

namespace segdl::test {

// The content of a certificate. The default is valid for a server on the loopback.
struct CertificateWish {
  std::string alternative_names = "DNS:localhost,IP:127.0.0.1,IP:::1";  // in OpenSSL's words; "" for none
  std::string common_name = "segdl test";
  int valid_from_days = -1;  // from today
  int valid_to_days = 30;
  bool self_signed = false;
  bool asks_client = false;     // asks for a certificate, and checks that the authority signed it
  bool demands_client = false;  // and refuses clients without one
  int newest_version = 0;       // of TLS that the server speaks, for example TLS1_1_VERSION; 0: all
};

// A certificate authority that no client knows. Thread-safe once made. A failing OpenSSL call throws
// std::runtime_error.
class TestAuthority {
 public:
  TestAuthority();

  // Its certificate in PEM: what a client that trusts it is given.
  std::string pem() const;
  void write_pem(const std::filesystem::path&) const;

  // A server's context with a fresh key and a certificate like this, signed by the authority.
  std::shared_ptr<::SSL_CTX> server_context(const CertificateWish& = {}) const;

  // A client's certificate and its key, in PEM; the key is encrypted if there is a passphrase.
  struct Client {
    std::string certificate;
    std::string key;
  };
  Client make_client(const std::string& common_name, const std::string& passphrase = "") const;

 private:
  std::shared_ptr<::EVP_PKEY> key_;
  std::shared_ptr<::X509> certificate_;
};

}  // namespace segdl::test
