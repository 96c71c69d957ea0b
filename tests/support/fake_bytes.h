// The contents of one fake file: a memfd, so that sparse files cost nothing, mappings are real ones, and a look at
// mapped bytes is the kernel's and not a data race. Throws std::system_error if the machine itself has no memory left.
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <functional>
#include <span>

namespace segdl::test {

inline constexpr std::uint64_t kFakePage = 4096;
using FakePage = std::array<std::byte, kFakePage>;

constexpr std::uint64_t pages_of(std::uint64_t bytes) { return bytes / kFakePage + (bytes % kFakePage != 0 ? 1 : 0); }

class FakeBytes {
 public:
  FakeBytes();
  FakeBytes(FakeBytes&& other) noexcept;
  FakeBytes& operator=(FakeBytes&& other) noexcept;
  ~FakeBytes();

  int descriptor() const { return fd_; }
  std::uint64_t size() const;
  void resize(std::uint64_t size);

  std::size_t read(std::uint64_t offset, std::span<std::byte> into) const;  // short only at the end
  void write(std::uint64_t offset, std::span<const std::byte> bytes);       // grows if need be

  FakePage page(std::uint64_t number) const;                   // zeros beyond the end
  void set_page(std::uint64_t number, const FakePage& bytes);  // never changes the size

  // The pages of [begin, end) that may hold anything but zeros.
  void for_each_data_page(std::uint64_t begin, std::uint64_t end, const std::function<void(std::uint64_t)>&) const;

  FakeBytes clone() const;

 private:
  int fd_;
};

}  // namespace segdl::test
