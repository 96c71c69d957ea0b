#include "io/net/receive_buffer.h"

#include <algorithm>
#include <cstring>
#include <utility>

namespace segdl::io {
namespace {

constexpr std::size_t kFirstSize = 32 * 1024;
constexpr std::size_t kMinRoom = 4 * 1024;

}  // namespace

std::span<std::byte> ReceiveBuffer::room() {
  if (size_ - end_ < kMinRoom) grow();
  return std::as_writable_bytes(std::span(bytes_.get() + end_, size_ - end_));
}

void ReceiveBuffer::take(std::size_t count) {
  begin_ += count;
  if (begin_ == end_) *this = ReceiveBuffer();
}

void ReceiveBuffer::grow() {
  const std::string_view kept = view();
  const std::size_t size = std::max(kFirstSize, 2 * kept.size());
  std::unique_ptr<char[]> bytes(new char[size]);  // not cleared: it is received into
  if (!kept.empty()) std::memcpy(bytes.get(), kept.data(), kept.size());
  end_ = kept.size();
  begin_ = 0;
  bytes_ = std::move(bytes);
  size_ = size;
}

}  // namespace segdl::io
