#include "io/tls/tls.h"

#include "core/base/errors.h"
#include "io/tls/pem_file.h"

#include <openssl/err.h>
#include <openssl/x509v3.h>

#include <algorithm>
#include <iterator>
#include <system_error>
#include <utility>

namespace segdl::io {
namespace {

constexpr const char* kOpen = "open a secure connection to";
constexpr std::size_t kReadBuffer = 64 * 1024;  // several records for one recv

std::string openssl_words() {
  const unsigned long code = ::ERR_peek_last_error();
  const char* reason = code != 0 ? ::ERR_reason_error_string(code) : nullptr;
  return reason != nullptr ? reason : "unknown failure";
}

Error tls_error(const Origin& origin, std::string reason, Hints hints) {
  return with_hints(make_error(Cause::tls, kOpen, origin.authority(), std::move(reason)), std::move(hints));
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

// The error that the server refused the client's certificate; nothing if it did not. With TLS 1.3 that comes after the
// handshake, in place of a response.
std::optional<Error> certificate_refusal(const Origin& origin, bool to_proxy) {
  constexpr int kRefusals[] = {SSL_R_TLSV1_ALERT_UNKNOWN_CA,          SSL_R_SSLV3_ALERT_BAD_CERTIFICATE,
                               SSL_R_SSLV3_ALERT_CERTIFICATE_REVOKED, SSL_R_SSLV3_ALERT_UNSUPPORTED_CERTIFICATE,
                               SSL_R_SSLV3_ALERT_CERTIFICATE_EXPIRED, SSL_R_SSLV3_ALERT_CERTIFICATE_UNKNOWN,
                               SSL_R_TLSV1_ALERT_DECRYPT_ERROR};  // its signature is wrong
  const int alert = ERR_GET_REASON(::ERR_peek_last_error());
  const bool required = alert == SSL_R_TLSV13_ALERT_CERTIFICATE_REQUIRED;
  if (!required && std::ranges::find(kRefusals, alert) == std::end(kRefusals)) return std::nullopt;
  if (to_proxy) {
    return tls_error(origin, "it requires a client certificate, and segdl sends none to a proxy",
                     {Hint::use_other_proxy});
  }
  const char* reason =
      required ? "the server requires a client certificate" : "the server does not accept the client certificate";
  return tls_error(origin, reason, {Hint::show_client_certificate});
}

Error handshake_error(const Origin& origin, const ::SSL* ssl, bool to_proxy) {
  const long verdict = ::SSL_get_verify_result(ssl);
  if (verdict != X509_V_OK) return certificate_error(origin, verdict);
  const unsigned long code = ::ERR_peek_last_error();
  const int reason = ERR_GET_REASON(code);
  if (code == 0 || reason == SSL_R_UNEXPECTED_EOF_WHILE_READING) {
    return network_error(kOpen, origin.authority(), "the connection was closed during the handshake");
  }
  if (reason == SSL_R_WRONG_VERSION_NUMBER || reason == SSL_R_HTTP_REQUEST || reason == SSL_R_PACKET_LENGTH_TOO_LONG) {
    return to_proxy ? tls_error(origin, "the proxy does not speak TLS on this port", {Hint::use_plain_proxy})
                    : tls_error(origin, "the server does not speak TLS on this port", {Hint::use_plain_http});
  }
  if (auto refused = certificate_refusal(origin, to_proxy)) return *std::move(refused);
  return tls_error(origin, openssl_words(), {});
}

Error unusable_trust(const std::filesystem::path& path, std::string reason) {
  return make_error(Cause::usage, "read certificates from", path.string(), std::move(reason));
}

// Trusts the certificates in the file and the directory that the user named, if any.
Result<void> trust_named(::SSL_CTX* context, const TrustOptions& trust) {
  const std::filesystem::path& file = trust.ca_file;
  const std::filesystem::path& directory = trust.ca_path;
  std::error_code ignored;
  if (!directory.empty() && !std::filesystem::is_directory(directory, ignored)) {
    return unusable_trust(directory, "it is not a directory");
  }
  const auto text = file.empty() ? Result<std::string>("") : read_pem(file);
  if (!text) return unusable_trust(file, text.error().reason);
  ::ERR_clear_error();
  if ((file.empty() || trust_pem(context, *text)) &&
      (directory.empty() || ::SSL_CTX_load_verify_dir(context, directory.c_str()) == 1)) {
    return {};
  }
  return unusable_trust(file.empty() ? directory : file,
                        "no certificates in PEM format can be read there (" + openssl_words() + ")");
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
    if (!again) return of_wait(std::move(again).error(), kOpen, origin.authority());
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
    if (!broken_) broken_ = network_error("receive", "", "the secure connection broke: " + openssl_words());
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
    if (!*again) return network_error("send", "", "the secure connection broke: " + openssl_words());
  }
  return {};
}

Result<std::unique_ptr<TlsContext>> TlsContext::create(const TrustOptions& trust) {
  Owned<::SSL_CTX, ::SSL_CTX_free> context(::SSL_CTX_new(::TLS_client_method()));
  if (!context) return make_error(Cause::internal, "set up TLS", "", openssl_words());
  ::SSL_CTX_set_min_proto_version(context.get(), TLS1_2_VERSION);
  ::SSL_CTX_set_options(context.get(), SSL_OP_NO_RENEGOTIATION);
  ::SSL_CTX_set_mode(context.get(), SSL_MODE_RELEASE_BUFFERS | SSL_MODE_ACCEPT_MOVING_WRITE_BUFFER);
  ::SSL_CTX_set_read_ahead(context.get(), 1);
  ::SSL_CTX_set_default_read_buffer_len(context.get(), kReadBuffer);
  ::SSL_CTX_set_verify(context.get(), trust.insecure ? SSL_VERIFY_NONE : SSL_VERIFY_PEER, nullptr);
  if (!trust.certificate.empty() || !trust.key.empty()) {
    auto used = use_client_certificate(context.get(), trust.certificate, trust.key);
    if (!used) return std::move(used).error();
  }
  auto trusted = trust_named(context.get(), trust);
  if (!trusted) return std::move(trusted).error();
  const bool trusts_system = trust.ca_file.empty() && trust.ca_path.empty() && !trust.insecure;
  return std::unique_ptr<TlsContext>(new TlsContext(std::move(context), trusts_system));
}

void TlsContext::prepare() {
  if (system_trust_) system_trust_->begin();
}

Result<TlsChannel> TlsContext::channel(const Origin& origin, const TlsSocket& below, const StoppableWait& wait) {
  if (system_trust_) {
    auto trusted = system_trust_->wait(wait);
    if (!trusted) return of_wait(std::move(trusted).error(), kOpen, origin.authority());
  }
  Owned<::SSL, ::SSL_free> ssl(::SSL_new(context_.get()));
  auto tls_socket = std::make_unique<TlsSocket>(below);
  ::BIO* bio = ssl ? make_socket_bio(*tls_socket) : nullptr;
  if (bio == nullptr) return tls_error(origin, "out of memory", {});
  ::SSL_set_bio(ssl.get(), bio, bio);
  ::X509_VERIFY_PARAM* parameters = ::SSL_get0_param(ssl.get());
  ::X509_VERIFY_PARAM_set_hostflags(parameters,
                                    X509_CHECK_FLAG_NO_PARTIAL_WILDCARDS | X509_CHECK_FLAG_NEVER_CHECK_SUBJECT);
  // RFC 6066 section 3: literal addresses are not permitted in server_name.
  const char* host = origin.host.c_str();
  const bool named = ::X509_VERIFY_PARAM_set1_ip_asc(parameters, host) == 1 ||
                     (::X509_VERIFY_PARAM_set1_host(parameters, host, origin.host.size()) == 1 &&
                      SSL_set_tlsext_host_name(ssl.get(), host) == 1);
  if (!named) return tls_error(origin, "its name can't be used with TLS", {});
  auto place = std::make_unique<TlsSessions::Place>(TlsSessions::Place{sessions_, origin});
  SSL_set_app_data(ssl.get(), place.get());
  if (const TlsSession session = sessions_.take(origin)) ::SSL_set_session(ssl.get(), session.get());
  return TlsChannel(std::move(ssl), std::move(place), std::move(tls_socket));
}

}  // namespace segdl::io
