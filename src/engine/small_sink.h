// A resource of at most one segment, kept in memory. A sink of fetch_loop's pump(); used by one thread.
#pragma once

#include "core/reply.h"

#include <segdl/error.h>

#include <cstddef>
#include <cstdint>
#include <memory>
#include <span>

namespace segdl::engine {

class SmallSink {
 public:
  explicit SmallSink(std::uint64_t total)
      : total_(total), buffer_(std::make_unique_for_overwrite<std::byte[]>(total)) {}

  void begins(const UsableBody&) {}
  std::span<std::byte> space(std::uint64_t offset) { return std::span(buffer_.get(), total_).subspan(offset); }
  Result<void> arrived(std::uint64_t, std::size_t count) {
    filled_ += count;
    return {};
  }
  Result<void> body_ended(std::uint64_t) { return {}; }

  std::uint64_t filled() const { return filled_; }
  std::span<const std::byte> bytes() const { return {buffer_.get(), total_}; }

 private:
  std::uint64_t total_;
  std::unique_ptr<std::byte[]> buffer_;
  std::uint64_t filled_ = 0;
};

}  // namespace segdl::engine
