// Bytes of a response that were received and not yet consumed, and the head that they begin with.
#pragma once

#include <segdl/error.h>

#include "core/http/http_head.h"

#include <cstddef>
#include <functional>
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

// The head of the final response to a request of this method; interim ones are skipped, and the limits of
// core/http/http_head.h hold.
// `more` appends received bytes to the ReceiveBuffer, or fails. Its argument is the number of 102 responses so far (RFC
// 2518 section 10.1).
// Bytes after the head stay in the buffer; after a failure, so do the bytes that caused it.
Result<ResponseHead> read_final_head(ReceiveBuffer&, RequestMethod,
                                     const std::function<Result<void>(int still_at_work)>& more);

// Whether a TLS peer answers a plain request like this: with an alert or a handshake record (RFC 8446 section 5.1).
bool looks_like_tls(std::string_view bytes);

// The error of reading that answer.
Error speaks_tls(Error, std::string_view peer, Hint);

// Whether a SOCKS proxy refuses an unknown request like this, in version 5 (RFC 1928) or 4.
bool looks_like_socks(std::string_view bytes);

}  // namespace segdl::io
