#include "io/tls/tls.h"

#include "core/base/errors.h"
#include "io/base/system_error.h"
#include "io/tls/client_certificate.h"
#include "io/tls/pem_file.h"
#include "io/tls/tls_bio.h"

#include <openssl/err.h>
#include <openssl/x509v3.h>

#include <array>
#include <cerrno>
#include <chrono>
#include <optional>
#include <utility>

namespace segdl::io {
namespace {

constexpr std::size_t kReadBuffer = 64 * 1024;  // several records for one recv

bool is_address(const std::string& host) {
  ::ASN1_OCTET_STRING* address = ::a2i_IPADDRESS(host.c_str());
  ::ASN1_OCTET_STRING_free(address);
  return address != nullptr;
}

std::string openssl_words() {
  const unsigned long code = ::ERR_peek_last_error();
  const char* reason = code != 0 ? ::ERR_reason_error_string(code) : nullptr;
  return reason != nullptr ? reason : "unknown failure";
}

Error tls_error(const Origin& origin, std::string reason, Hints hints) {
  return with_hints(make_error(Cause::tls, "open a secure connection to", origin.authority(), std::move(reason)),
                    std::move(hints));
}

Error certificate_error(const Origin& origin, long verdict) {
  switch (verdict) {
    case X509_V_ERR_HOSTNAME_MISMATCH:
    case X509_V_ERR_IP_ADDRESS_MISMATCH:
      return tls_error(origin, "its certificate is for another host", {Hint::check_url});
    case X509_V_ERR_CERT_HAS_EXPIRED:
      return tls_error(origin, "its certificate has expired", {Hint::report_to_server});
    case X509_V_ERR_CERT_NOT_YET_VALID:
      return tls_error(origin, "its certificate is not valid yet", {Hint::check_clock});
    case X509_V_ERR_DEPTH_ZERO_SELF_SIGNED_CERT:
    case X509_V_ERR_SELF_SIGNED_CERT_IN_CHAIN:
      return tls_error(origin, "its certificate is self-signed", {Hint::trust_certificate});
    case X509_V_ERR_UNABLE_TO_GET_ISSUER_CERT_LOCALLY:
    case X509_V_ERR_UNABLE_TO_VERIFY_LEAF_SIGNATURE:
      return tls_error(origin, "its certificate was not issued by a trusted authority", {Hint::trust_certificate});
    default:
      return tls_error(origin, std::string("its certificate is not valid: ") + ::X509_verify_cert_error_string(verdict),
                       {});
  }
}

// The reason, if the server refused the client's certificate. With TLS 1.3 that comes after the handshake, in place of
// a response.
const char* certificate_refused() {
  switch (ERR_GET_REASON(::ERR_peek_last_error())) {
    case SSL_R_TLSV13_ALERT_CERTIFICATE_REQUIRED:
      return "the server requires a client certificate";
    case SSL_R_TLSV1_ALERT_UNKNOWN_CA:
    case SSL_R_SSLV3_ALERT_BAD_CERTIFICATE:
    case SSL_R_SSLV3_ALERT_UNSUPPORTED_CERTIFICATE:
    case SSL_R_SSLV3_ALERT_CERTIFICATE_REVOKED:
    case SSL_R_SSLV3_ALERT_CERTIFICATE_EXPIRED:
    case SSL_R_SSLV3_ALERT_CERTIFICATE_UNKNOWN:
    case SSL_R_TLSV1_ALERT_DECRYPT_ERROR:  // its signature is wrong
      return "the server does not accept the client certificate";
    default:
      return nullptr;
  }
}

// The same as an error; nothing if it was not refused.
std::optional<Error> certificate_refusal(const Origin& origin, bool to_proxy) {
  const char* refused = certificate_refused();
  if (refused == nullptr) return std::nullopt;
  if (!to_proxy) return tls_error(origin, refused, {Hint::show_client_certificate});
  return tls_error(origin, "it requires a client certificate, and segdl sends none to a proxy",
                   {Hint::use_other_proxy});
}

Error handshake_error(const Origin& origin, const ::SSL* ssl, bool to_proxy) {
  const long verdict = ::SSL_get_verify_result(ssl);
  if (verdict != X509_V_OK) return certificate_error(origin, verdict);
  const unsigned long code = ::ERR_peek_last_error();
  const int reason = ERR_GET_REASON(code);
  if (code == 0 || reason == SSL_R_UNEXPECTED_EOF_WHILE_READING) {
    return network_error(Remedy::retry, "open a secure connection to", origin.authority(),
                         "the connection was closed during the handshake");
  }
  if (reason == SSL_R_WRONG_VERSION_NUMBER || reason == SSL_R_HTTP_REQUEST || reason == SSL_R_PACKET_LENGTH_TOO_LONG) {
    if (!to_proxy) {
      return tls_error(origin, "the server does not speak TLS on this port", {Hint::use_plain_http});
    }
    return tls_error(origin, "the proxy does not speak TLS on this port", {Hint::use_plain_proxy});
  }
  if (auto refused = certificate_refusal(origin, to_proxy)) return *std::move(refused);
  return tls_error(origin, openssl_words(), {});
}

// The error of a wait, as one of the handshake.
Error handshake_ended(const Origin& origin, Error error) {
  if (error.cause != Cause::network) return error;
  error.operation = "open a secure connection to";
  error.subject = origin.authority();
  return error;
}

}  // namespace

void TlsChannel::begin_call() {
  ::ERR_clear_error();
  socket_->reads_left = kReadsAtOnce;
}

Result<bool> TlsChannel::wait_after(int result, const StoppableWait& wait) {
  const int need = ::SSL_get_error(ssl_.get(), result);
  if (need != SSL_ERROR_WANT_READ && need != SSL_ERROR_WANT_WRITE) return false;
  // More may be there: the caller calls again immediately. Past the deadline a wait fails before it begins.
  if (need == SSL_ERROR_WANT_READ && socket_->reads_left == 0 && !wait.stopped() && !wait.is_late()) return true;
  auto waited = wait.for_ready(socket_->descriptor, need == SSL_ERROR_WANT_READ ? POLLIN : POLLOUT);
  if (!waited) return std::move(waited).error();
  return true;
}

Result<void> TlsChannel::handshake(const StoppableWait& wait) {
  const Origin& origin = place_->origin;
  for (;;) {
    begin_call();
    const int result = ::SSL_connect(ssl_.get());
    if (result == 1) return {};
    auto again = wait_after(result, wait);
    if (!again) {
      return handshake_ended(origin, std::move(again).error());
    }
    if (*again) continue;
    place_->sessions.forget(origin);  // one of them may be what the server fails at
    return handshake_error(origin, ssl_.get(), shows_none_);
  }
}

Result<std::size_t> TlsChannel::receive(std::span<std::byte> into, const StoppableWait& wait) {
  if (broken_) return *broken_;
  std::size_t total = 0;
  for (;;) {
    // A record is at most 16 KiB: further records that have arrived are read too, within reads_left.
    if (total == 0) begin_call();
    ::ERR_clear_error();
    std::size_t got = 0;
    const int result = ::SSL_read_ex(ssl_.get(), into.data() + total, into.size() - total, &got);
    if (result == 1) {
      total += got;
      if (total == into.size()) return total;
      continue;
    }
    const int why = ::SSL_get_error(ssl_.get(), result);
    if (why == SSL_ERROR_ZERO_RETURN) return total;
    const bool passes = why == SSL_ERROR_WANT_READ || why == SSL_ERROR_WANT_WRITE;
    if (passes && total > 0) return total;
    auto again = wait_after(result, wait);
    if (!again) return std::move(again).error();
    if (*again) continue;
    cut_ = ERR_GET_REASON(::ERR_peek_last_error()) == SSL_R_UNEXPECTED_EOF_WHILE_READING;
    broken_ = certificate_refusal(place_->origin, shows_none_);
    if (!broken_) {
      broken_ = network_error(Remedy::retry, "receive", "", "the secure connection broke: " + openssl_words());
    }
    if (total > 0) return total;
    return *broken_;
  }
}

bool TlsChannel::is_quiet() {
  begin_call();
  char byte = 0;
  const int result = ::SSL_peek(ssl_.get(), &byte, 1);
  return result <= 0 && ::SSL_get_error(ssl_.get(), result) == SSL_ERROR_WANT_READ && socket_->reads_left > 0 &&
         !has_pending();
}

Result<void> TlsChannel::send(std::string_view bytes, const StoppableWait& wait) {
  while (!bytes.empty()) {
    begin_call();
    std::size_t sent = 0;
    const int result = ::SSL_write_ex(ssl_.get(), bytes.data(), bytes.size(), &sent);
    if (result == 1) {
      bytes.remove_prefix(sent);
      continue;
    }
    auto again = wait_after(result, wait);
    if (!again) return std::move(again).error();
    if (!*again) return network_error(Remedy::retry, "send", "", "the secure connection broke: " + openssl_words());
  }
  return {};
}

Result<std::unique_ptr<TlsContext>> TlsContext::create(const TrustOptions& trust) {
  std::unique_ptr<::SSL_CTX, FreeSslContext> context(::SSL_CTX_new(::TLS_client_method()));
  Error error;
  error.operation = "set up TLS";
  error.reason = context ? "" : openssl_words();
  if (!context) return error;
  ::SSL_CTX_set_min_proto_version(context.get(), TLS1_2_VERSION);
  ::SSL_CTX_set_options(context.get(), SSL_OP_NO_RENEGOTIATION);
  ::SSL_CTX_set_mode(context.get(), SSL_MODE_RELEASE_BUFFERS | SSL_MODE_ACCEPT_MOVING_WRITE_BUFFER);
  ::SSL_CTX_set_read_ahead(context.get(), 1);
  ::SSL_CTX_set_default_read_buffer_len(context.get(), kReadBuffer);
  ::SSL_CTX_set_verify(context.get(), trust.insecure ? SSL_VERIFY_NONE : SSL_VERIFY_PEER, nullptr);
  if (!trust.certificate.empty()) {
    auto used = use_client_certificate(context.get(), trust.certificate, trust.key);
    if (!used) return std::move(used).error();
  }
  const char* file = trust.ca_file.empty() ? nullptr : trust.ca_file.c_str();
  const char* path = trust.ca_path.empty() ? nullptr : trust.ca_path.c_str();
  if (file == nullptr && path == nullptr) {
    return std::unique_ptr<TlsContext>(new TlsContext(std::move(context), !trust.insecure));
  }
  error.cause = Cause::usage;
  error.operation = "read certificates from";
  std::error_code ignored;
  if (path != nullptr && !std::filesystem::is_directory(trust.ca_path, ignored)) {
    error.subject = path;
    error.reason = "it is not a directory";
    return error;
  }
  ::ERR_clear_error();
  const auto named = file != nullptr ? std::optional(PemFile::read(file)) : std::nullopt;
  if (named && !*named) {
    error.subject = file;
    error.reason = named->error().reason;
    return error;
  }
  if ((named && !(*named)->trust(context.get())) ||
      (path != nullptr && ::SSL_CTX_load_verify_dir(context.get(), path) != 1)) {
    error.subject = file != nullptr ? file : path;
    error.reason = "no certificates in PEM format can be read there (" + openssl_words() + ")";
    return error;
  }
  return std::unique_ptr<TlsContext>(new TlsContext(std::move(context), false));
}

void TlsContext::prepare() {
  if (system_trust_) system_trust_->begin();
}

Result<TlsChannel> TlsContext::channel(const Origin& origin, const TlsSocket& below, const StoppableWait& wait) {
  if (system_trust_) {
    auto trusted = system_trust_->wait(wait);
    if (!trusted) return handshake_ended(origin, std::move(trusted).error());
  }
  std::unique_ptr<::SSL, FreeSsl> ssl(::SSL_new(context_.get()));
  auto tls_socket = std::make_unique<TlsSocket>(below);
  ::BIO* bio = ssl ? make_socket_bio(*tls_socket) : nullptr;
  if (bio == nullptr) return tls_error(origin, "out of memory", {});
  ::SSL_set_bio(ssl.get(), bio, bio);
  ::X509_VERIFY_PARAM* parameters = ::SSL_get0_param(ssl.get());
  ::X509_VERIFY_PARAM_set_hostflags(parameters,
                                    X509_CHECK_FLAG_NO_PARTIAL_WILDCARDS | X509_CHECK_FLAG_NEVER_CHECK_SUBJECT);
  const bool address = is_address(origin.host);
  // RFC 6066 section 3: literal addresses are not permitted in server_name.
  const int named = address ? ::X509_VERIFY_PARAM_set1_ip_asc(parameters, origin.host.c_str())
                            : ::X509_VERIFY_PARAM_set1_host(parameters, origin.host.c_str(), origin.host.size()) &
                                  static_cast<int>(SSL_set_tlsext_host_name(ssl.get(), origin.host.c_str()));
  if (named != 1) return tls_error(origin, "its name can't be used with TLS", {});
  auto place = std::make_unique<TlsSessions::Place>(TlsSessions::Place{sessions_, origin});
  TlsSessions::watch(ssl.get(), *place);
  if (const TlsSession session = sessions_.take(origin)) ::SSL_set_session(ssl.get(), session.get());
  return TlsChannel(std::move(ssl), std::move(place), std::move(tls_socket));
}

}  // namespace segdl::io
