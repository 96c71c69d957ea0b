#include "io/tls/tls_bio.h"

#include <sys/socket.h>

#include <cerrno>

namespace segdl::io {
namespace {

TlsSocket& socket_of(::BIO* bio) { return *static_cast<TlsSocket*>(::BIO_get_data(bio)); }

// Writes of an inner TLS become data of the outer one, which waits for the same socket.
int write_through(::BIO* bio, const char* bytes, std::size_t size, std::size_t* written) {
  ::SSL* outer = socket_of(bio).outer;
  const int result = ::SSL_write_ex(outer, bytes, size, written);
  if (result == 1) return 1;
  const int why = ::SSL_get_error(outer, result);
  if (why == SSL_ERROR_WANT_WRITE || why == SSL_ERROR_WANT_READ) BIO_set_retry_write(bio);
  return 0;
}

int read_through(::BIO* bio, char* bytes, std::size_t size, std::size_t* got) {
  const TlsSocket& socket = socket_of(bio);
  socket.outer_socket->reads_left = kReadsAtOnce;
  const int result = ::SSL_read_ex(socket.outer, bytes, size, got);
  if (result == 1) return 1;
  const int why = ::SSL_get_error(socket.outer, result);
  if (why == SSL_ERROR_ZERO_RETURN) ::BIO_set_flags(bio, BIO_FLAGS_IN_EOF);
  if (why == SSL_ERROR_WANT_READ || why == SSL_ERROR_WANT_WRITE) BIO_set_retry_read(bio);
  return 0;
}

int bio_write(::BIO* bio, const char* bytes, std::size_t size, std::size_t* written) {
  BIO_clear_retry_flags(bio);
  if (socket_of(bio).outer != nullptr) return write_through(bio, bytes, size, written);
  const auto sent = ::send(socket_of(bio).descriptor, bytes, size, MSG_NOSIGNAL);
  if (sent < 0 && (errno == EAGAIN || errno == EINTR)) BIO_set_retry_write(bio);
  if (sent < 0) return 0;
  *written = static_cast<std::size_t>(sent);
  return 1;
}

int bio_read(::BIO* bio, char* bytes, std::size_t size, std::size_t* got) {
  BIO_clear_retry_flags(bio);
  TlsSocket& socket = socket_of(bio);
  if (socket.reads_left == 0) {
    BIO_set_retry_read(bio);
    return 0;
  }
  --socket.reads_left;
  if (socket.outer != nullptr) return read_through(bio, bytes, size, got);
  const auto received = ::recv(socket.descriptor, bytes, size, 0);
  if (received == 0) ::BIO_set_flags(bio, BIO_FLAGS_IN_EOF);
  if (received < 0 && (errno == EAGAIN || errno == EINTR)) BIO_set_retry_read(bio);
  if (received <= 0) return 0;
  *got = static_cast<std::size_t>(received);
  return 1;
}

long bio_control(::BIO* bio, int command, long, void*) {
  if (command == BIO_CTRL_EOF) return ::BIO_test_flags(bio, BIO_FLAGS_IN_EOF) != 0 ? 1 : 0;
  return command == BIO_CTRL_FLUSH ? 1 : 0;
}

::BIO_METHOD* make_method() {
  ::BIO_METHOD* method = ::BIO_meth_new(::BIO_get_new_index() | BIO_TYPE_SOURCE_SINK, "segdl socket");
  if (method == nullptr) return nullptr;
  ::BIO_meth_set_write_ex(method, bio_write);
  ::BIO_meth_set_read_ex(method, bio_read);
  ::BIO_meth_set_ctrl(method, bio_control);
  return method;
}

}  // namespace

::BIO* make_socket_bio(TlsSocket& socket) {
  static const ::BIO_METHOD* const method = make_method();  // lives as long as OpenSSL itself
  if (method == nullptr) return nullptr;
  ::BIO* bio = ::BIO_new(method);
  if (bio == nullptr) return nullptr;
  ::BIO_set_data(bio, &socket);
  ::BIO_set_init(bio, 1);
  return bio;
}

}  // namespace segdl::io
