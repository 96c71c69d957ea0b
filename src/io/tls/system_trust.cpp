#include "io/tls/system_trust.h"

#include "io/tls/pem_file.h"

#include <openssl/err.h>
#include <openssl/x509.h>

#include <sys/eventfd.h>

#include <cstdint>
#include <cstdlib>
#include <exception>

namespace segdl::io {

void SystemTrust::read() {
  // As SSL_CTX_set_default_verify_paths(), which would wait for a pipe for ever. Directories are read when needed. An
  // unreadable file adds no trust.
  const char* named = ::secure_getenv(::X509_get_default_cert_file_env());
  try {
    const auto file = read_pem(named != nullptr ? named : ::X509_get_default_cert_file());
    if (file) static_cast<void>(trust_pem(context_, *file));
  } catch (const std::exception&) {  // the entry of a thread: no memory for the file, which adds no trust then
  }
  ::SSL_CTX_set_default_verify_dir(context_);
  ::SSL_CTX_set_default_verify_store(context_);
  ::ERR_clear_error();
  there_.store(true, std::memory_order_release);
  const std::uint64_t one = 1;
  [[maybe_unused]] const auto written = ::write(done_.get(), &one, sizeof one);
}

void SystemTrust::begin() {
  const std::lock_guard lock(beginning_);
  if (begun_) return;
  done_ = Descriptor(::eventfd(0, EFD_CLOEXEC));
  try {
    if (done_) reader_ = std::jthread([this] { read(); });
  } catch (const std::exception&) {  // no thread, or no memory for one
  }
  if (!reader_.joinable()) read();
  begun_ = true;
}

Result<void> SystemTrust::wait(const StoppableWait& wait) {
  begin();
  while (!there_.load(std::memory_order_acquire)) {
    auto waited = wait.for_ready(done_.get(), POLLIN);
    if (!waited) return waited;
  }
  return {};
}

}  // namespace segdl::io
