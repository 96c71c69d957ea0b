// What has arrived of a response and nobody has taken yet.
#pragma once

#include <cstddef>
#include <memory>
#include <span>
#include <string_view>

namespace segdl::io {

// Holds no memory while it is empty, so that a connection in the middle of a long body costs none. A small response
// fits whole, head and body: it costs one recv().
class ReceiveBuffer {
 public:
  std::string_view view() const { return {bytes_.get() + begin_, end_ - begin_}; }

  // Where more can be received: 4 KiB at least. Valid until the next call that is not const.
  std::span<std::byte> room();
  // So much of the room has been filled.
  void put(std::size_t count) { end_ += count; }
  // So much of the view is done with.
  void take(std::size_t count);

  // The view, to be changed, and so much of it is left then: what was at its end is no more.
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
