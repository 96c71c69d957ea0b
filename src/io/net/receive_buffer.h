// Bytes of a response that were received and not yet consumed.
#pragma once

#include <cstddef>
#include <memory>
#include <span>
#include <string_view>

namespace segdl::io {

// Holds no memory while it is empty, so that a connection in the middle of a long body costs none.
// A small response fits whole, head and body: it costs one recv().
class ReceiveBuffer {
 public:
  std::string_view view() const { return {bytes_.get() + begin_, end_ - begin_}; }

  // Where to receive more: at least 4 KiB. Valid until the next non-const call.
  std::span<std::byte> room();
  // `count` bytes of the room were filled.
  void put(std::size_t count) { end_ += count; }
  // Consumes `count` bytes of the view.
  void take(std::size_t count);

  // The view, writable. leave() keeps its first `count` bytes.
  std::span<char> bytes() { return {bytes_.get() + begin_, end_ - begin_}; }
  void leave(std::size_t count) { end_ = begin_ + count; }

 private:
  void grow();

  std::unique_ptr<char[]> bytes_;
  std::size_t size_ = 0;
  std::size_t begin_ = 0;
  std::size_t end_ = 0;
};

}  // namespace segdl::io
