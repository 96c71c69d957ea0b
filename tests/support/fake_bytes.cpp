#include "support/fake_bytes.h"

#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <system_error>
#include <utility>

namespace segdl::test {
namespace {

[[noreturn]] void throw_errno(const char* what) { throw std::system_error(errno, std::generic_category(), what); }

}  // namespace

FakeBytes::FakeBytes() : fd_(::memfd_create("fake file", MFD_CLOEXEC)) {
  if (fd_ < 0) throw_errno("memfd_create");
}

FakeBytes::FakeBytes(FakeBytes&& other) noexcept : fd_(std::exchange(other.fd_, -1)) {}

FakeBytes& FakeBytes::operator=(FakeBytes&& other) noexcept {
  std::swap(fd_, other.fd_);
  return *this;
}

FakeBytes::~FakeBytes() {
  if (fd_ >= 0) ::close(fd_);
}

std::uint64_t FakeBytes::size() const {
  struct ::stat status {};
  if (::fstat(fd_, &status) != 0) throw_errno("fstat");
  return static_cast<std::uint64_t>(status.st_size);
}

void FakeBytes::resize(std::uint64_t size) {
  if (::ftruncate(fd_, static_cast<off_t>(size)) != 0) throw_errno("ftruncate");
}

std::size_t FakeBytes::read(std::uint64_t offset, std::span<std::byte> into) const {
  std::size_t done = 0;
  while (done < into.size()) {
    const auto got = ::pread(fd_, into.data() + done, into.size() - done, static_cast<off_t>(offset + done));
    if (got < 0 && errno == EINTR) continue;
    if (got < 0) throw_errno("pread");
    if (got == 0) break;
    done += static_cast<std::size_t>(got);
  }
  return done;
}

void FakeBytes::write(std::uint64_t offset, std::span<const std::byte> bytes) {
  for (std::size_t done = 0; done < bytes.size();) {
    const auto put = ::pwrite(fd_, bytes.data() + done, bytes.size() - done, static_cast<off_t>(offset + done));
    if (put < 0 && errno == EINTR) continue;
    if (put <= 0) throw_errno("pwrite");
    done += static_cast<std::size_t>(put);
  }
}

FakePage FakeBytes::page(std::uint64_t number) const {
  FakePage bytes{};
  read(number * kFakePage, bytes);
  return bytes;
}

void FakeBytes::set_page(std::uint64_t number, const FakePage& bytes) {
  const std::uint64_t begin = number * kFakePage;
  const std::uint64_t end = std::min(size(), begin + kFakePage);
  if (begin < end) write(begin, std::span(bytes).first(end - begin));
}

void FakeBytes::for_each_data_page(std::uint64_t begin, std::uint64_t end,
                                   const std::function<void(std::uint64_t)>& visit) const {
  std::uint64_t next = begin;  // the first page not yet looked at
  while (next < end) {
    const auto data = ::lseek(fd_, static_cast<off_t>(next * kFakePage), SEEK_DATA);
    if (data < 0 && errno == ENXIO) return;  // only a hole is left
    if (data < 0) throw_errno("lseek");
    const auto hole = ::lseek(fd_, data, SEEK_HOLE);
    if (hole < 0) throw_errno("lseek");
    next = std::max(next, static_cast<std::uint64_t>(data) / kFakePage);
    const std::uint64_t stop = std::min(end, pages_of(static_cast<std::uint64_t>(hole)));
    for (; next < stop; ++next) visit(next);
  }
}

FakeBytes FakeBytes::clone() const {
  FakeBytes copy;
  copy.resize(size());
  for_each_data_page(0, pages_of(size()), [&](std::uint64_t number) { copy.set_page(number, page(number)); });
  return copy;
}

}  // namespace segdl::test
