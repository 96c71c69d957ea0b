#include "io/system_trust.h"

#include <sys/eventfd.h>

#include <cstdint>
#include <system_error>

namespace segdl::io {

SystemTrust::~SystemTrust() {
  if (reader_.joinable()) reader_.join();
}

void SystemTrust::read() {
  ::SSL_CTX_set_default_verify_paths(context_);
  there_.store(true, std::memory_order_release);
  const std::uint64_t one = 1;
  [[maybe_unused]] const auto written = ::write(done_.get(), &one, sizeof one);
}

void SystemTrust::begin() {
  std::call_once(begun_, [this] {
    done_ = Descriptor(::eventfd(0, EFD_CLOEXEC));
    if (!done_) return read();
    try {
      reader_ = std::thread([this] { read(); });
    } catch (const std::system_error&) {
      read();
    }
  });
}

Result<void> SystemTrust::wait(const Bound& bound, const Waker& waker) {
  begin();
  while (!there_.load(std::memory_order_acquire)) {
    auto waited = waker.wait(done_.get(), POLLIN, bound);
    if (!waited) return waited;
  }
  return {};
}

}  // namespace segdl::io
